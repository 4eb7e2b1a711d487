/** A length of time in the two largest units that say something. */
export function durationText(durationMs: number): string {
  if (durationMs < 1_000) return `${Math.round(durationMs)} ms`;
  const seconds = durationMs / 1_000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} m ${Math.floor(seconds % 60)} s`;
  if (seconds < 86_400)
    return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} m`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3_600)} h`;
}

/** How long ago an ISO instant was. */
export const agoText = (instant: string | null, nowMs: number): string =>
  instant === null ? '' : durationText(Math.max(0, nowMs - Date.parse(instant)));

/** From one ISO instant to another; undefined where one is not known. */
export const betweenText = (from: string | null, to: string | null): string | undefined =>
  from === null || to === null ? undefined : durationText(Date.parse(to) - Date.parse(from));
