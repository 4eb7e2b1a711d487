/** Whoever waits for the clock. Dead, it waits for nothing any more; paused, it goes on later. */
export type Owner = { isDead: boolean; pausedUntilMs: number };

/** The machinery itself, which neither dies nor pauses. */
const machinery: Owner = { isDead: false, pausedUntilMs: 0 };

/** One timer; as much of Node's own as the product uses. */
class SimTimer {
  readonly #clock: SimClock;
  readonly act: () => void;
  readonly owner: Owner;
  readonly delayMs: number;
  readonly isRepeated: boolean;
  atMs = 0;
  order = 0;
  isOver = false;

  constructor(
    clock: SimClock,
    owner: Owner,
    from: Pick<SimTimer, 'act' | 'delayMs' | 'isRepeated'>,
  ) {
    this.#clock = clock;
    this.owner = owner;
    this.act = from.act;
    this.delayMs = from.delayMs;
    this.isRepeated = from.isRepeated;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  /** Begins anew, as a timer of Node's does. */
  refresh(): this {
    this.#clock.begin(this);
    return this;
  }
}

type Place = { readonly atMs: number; readonly order: number };

const isEarlier = (a: Place, b: Place): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/**
 * The real one, whatever is installed. It comes once no promise can go on: what a promise asks for
 * waits until the others have gone on, and is cheaper than a round of the event loop.
 */
const realNextTick = process.nextTick.bind(process);
const turn = () =>
  new Promise<void>((resolve) => queueMicrotask(() => realNextTick(() => resolve())));

/** Sets a property and returns what sets it back. */
function put(where: object, name: string, value: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(where, name);
  Object.defineProperty(where, name, { value, configurable: true, writable: true });
  return () => {
    if (before) Object.defineProperty(where, name, before);
    else Reflect.deleteProperty(where, name);
  };
}

/**
 * Time of one simulated world. It stands still while anything runs, then goes on to the next timer.
 *
 * - Every timer belongs to the process that was running when it was set, so that a killed process
 *   does nothing more, and a paused one goes on where it stood.
 * - `performance.now()` is this clock; `Date.now()` is that of the server. Clocks of processes are
 *   handed to them, and may be wrong.
 */
export class SimClock {
  /** Since the world began; never goes back. */
  nowMs = 0;
  /** The owner of what the server and the lines do. */
  readonly nobody = machinery;
  /** Whose turn it is. */
  current: Owner = machinery;
  steps = 0;
  #heap: { readonly timer: SimTimer; readonly atMs: number; readonly order: number }[] = [];
  #order = 0;

  constructor(readonly epochMs: number) {}

  /** Unix ms by the server's clock, which is always right. */
  get serverNowMs(): number {
    return this.epochMs + this.nowMs;
  }

  /** Calls `act` once; `owner`: whose it is, else of whoever is running. */
  after(delayMs: number, act: () => void, owner = this.current): SimTimer {
    return this.begin(new SimTimer(this, owner, { act, delayMs, isRepeated: false }));
  }

  begin(timer: SimTimer): SimTimer {
    this.#order += 1;
    timer.order = this.#order;
    timer.atMs = this.nowMs + timer.delayMs;
    timer.isOver = false;
    this.#push(timer);
    return timer;
  }

  /**
   * Lets time pass until an instant, or until `isOver` says so after a step. Everything that a step
   * leads to at once has happened when the next begins.
   */
  async pass(untilMs: number, afterStep: () => void, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const timer = this.#pop(untilMs);
      if (!timer) break;
      this.nowMs = timer.atMs;
      this.current = timer.owner;
      this.steps += 1;
      if (timer.isRepeated) this.begin(timer);
      else timer.isOver = true;
      timer.act();
      await turn();
      this.current = machinery;
      afterStep();
    }
    if (!isOver()) this.nowMs = Math.max(this.nowMs, untilMs);
  }

  /** Takes the place of this realm's own clocks and chance; returns what gives them back. */
  install(random: () => number): () => void {
    const start =
      (isRepeated: boolean) =>
      (act: (...given: unknown[]) => void, ms = 1, ...given: unknown[]) => {
        const delayMs = Math.max(1, Number(ms) || 1);
        const from = { act: () => act(...given), delayMs, isRepeated };
        return this.begin(new SimTimer(this, this.current, from));
      };
    const stop = (timer: unknown) => {
      if (timer instanceof SimTimer) timer.isOver = true;
    };
    const restores = [
      put(globalThis, 'setTimeout', start(false)),
      put(globalThis, 'setInterval', start(true)),
      put(globalThis, 'setImmediate', (act: () => void) => this.after(0, act)),
      put(globalThis, 'clearTimeout', stop),
      put(globalThis, 'clearInterval', stop),
      put(globalThis, 'performance', { now: () => this.nowMs }),
      put(Date, 'now', () => this.serverNowMs),
      put(Math, 'random', random),
      put(AbortSignal, 'timeout', (ms: number) => this.#abortAfter(ms)),
    ];
    return () => {
      for (const restore of restores) restore();
    };
  }

  #abortAfter(ms: number): AbortSignal {
    const abort = new AbortController();
    this.after(ms, () => abort.abort(new Error('timeout')));
    return abort.signal;
  }

  /** The next timer that is due until an instant, of an owner who lives. */
  #pop(untilMs: number): SimTimer | undefined {
    for (let head = this.#heap[0]; head && head.atMs <= untilMs; head = this.#heap[0]) {
      this.#removeHead();
      const { timer } = head;
      // Stopped, or begun anew since: then it stands in the heap a second time.
      if (timer.isOver || timer.order !== head.order || timer.owner.isDead) continue;
      const { pausedUntilMs } = timer.owner;
      if (pausedUntilMs <= timer.atMs) return timer;
      timer.atMs = pausedUntilMs;
      this.#push(timer);
    }
    return undefined;
  }

  #push(timer: SimTimer): void {
    const heap = this.#heap;
    const item = { timer, atMs: timer.atMs, order: timer.order };
    let at = heap.length;
    heap.push(item);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above] as typeof item;
      if (!isEarlier(item, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = item;
  }

  #removeHead(): void {
    const heap = this.#heap;
    const item = heap.pop() as (typeof heap)[number];
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      const [left, right] = [heap[below] as typeof item, heap[below + 1]];
      if (right && isEarlier(right, left)) below += 1;
      const child = heap[below] as typeof item;
      if (!isEarlier(child, item)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = item;
  }
}
