type Held = { readonly holder: string; readonly seq: number; readonly untilMs: number };

/** The bucket of leases at the server: values with a time to live, written by compare-and-set. */
export class LeaseBucket {
  readonly #held = new Map<string, Held>();
  readonly #now: () => number;
  #seq = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  get names(): readonly string[] {
    return [...this.#held.keys()];
  }

  /** The sequence that `holder` must name; undefined where another holds the role. */
  openSeq(name: string, holder: string): number | undefined {
    const held = this.#current(name);
    if (!held) return 0;
    return held.holder === '' || held.holder === holder ? held.seq : undefined;
  }

  write(name: string, holder: string, ttlMs: number, expectedSeq: number): number | undefined {
    if ((this.#current(name)?.seq ?? 0) !== expectedSeq) return undefined;
    return this.#set(name, holder, this.#now() + ttlMs);
  }

  /** Takes a role from whoever has it, as if its renewals had come too late. */
  lapse(name: string): void {
    if (this.#held.has(name)) this.#set(name, '', Number.POSITIVE_INFINITY);
  }

  /** What has expired is a marker with a sequence of its own. */
  #current(name: string): Held | undefined {
    const held = this.#held.get(name);
    if (held && held.untilMs <= this.#now()) this.#set(name, '', Number.POSITIVE_INFINITY);
    return this.#held.get(name);
  }

  #set(name: string, holder: string, untilMs: number): number {
    this.#seq += 1;
    this.#held.set(name, { holder, seq: this.#seq, untilMs });
    return this.#seq;
  }
}
