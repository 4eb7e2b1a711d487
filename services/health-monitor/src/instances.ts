import type { NodeRow, WireHeartbeat } from '@switchyard/contracts';
import { livenessOf } from '@switchyard/health';

type Known = { readonly heartbeat: WireHeartbeat; readonly heardAtMs: number };

/** The instances that were heard of, by their own heartbeats only. */
export class Instances {
  readonly #known = new Map<string, Known>();

  hear(heartbeat: WireHeartbeat, nowMs: number): void {
    this.#known.set(heartbeat.instanceId ?? '', { heartbeat, heardAtMs: nowMs });
  }

  /** Every instance that is not gone for good, by id. */
  rows(nowMs: number): NodeRow[] {
    const rows: NodeRow[] = [];
    for (const [instanceId, { heartbeat, heardAtMs }] of this.#known) {
      const liveness = livenessOf({ heardAtMs }, nowMs);
      if (liveness === 'gone') {
        this.#known.delete(instanceId);
        continue;
      }
      rows.push({
        instanceId,
        service: heartbeat.service ?? '',
        address: heartbeat.address ?? '',
        liveness,
        state: heartbeat.state === 'draining' ? 'draining' : 'active',
        lastHeartbeatAtMs: heardAtMs,
        startedAtMs: heartbeat.startedAtMs ?? 0,
        inFlight: heartbeat.inFlight ?? 0,
        capacity: heartbeat.capacity ?? 0,
        backends: heartbeat.backends ?? [],
      });
    }
    return rows.sort((a, b) => (a.instanceId < b.instanceId ? -1 : 1));
  }
}
