const waitMaxMs = 10_000;
/** Long enough to leave the cores to those that are waited for. */
const pauseMs = 10;

/** Asserts again and again until it holds, for at most 10 s. */
export async function eventually(assert: () => unknown): Promise<void> {
  const endMonoMs = performance.now() + waitMaxMs;
  for (;;) {
    try {
      await assert();
      return;
    } catch (failed) {
      if (performance.now() > endMonoMs) throw failed;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}
