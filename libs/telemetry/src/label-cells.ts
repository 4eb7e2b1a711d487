/** Sets of label values kept per metric; what comes after is counted as `other`. */
const cellsMax = 1_000;
const other = 'other';

type Branch<Cell> = Map<string, Branch<Cell> | Cell>;
type Entry<Cell> = { readonly values: readonly string[]; readonly cell: Cell };

/**
 * One cell per set of label values, found by one map look-up per label: no text is joined or hashed
 * on the way.
 */
export class LabelCells<Cell extends object> {
  readonly labels: readonly string[];
  readonly #make: () => Cell;
  readonly #root: Branch<Cell> = new Map();
  readonly #entries: Entry<Cell>[] = [];

  constructor(labels: readonly string[], make: () => Cell) {
    this.labels = labels;
    this.#make = make;
    if (labels.length === 0) this.at([]);
  }

  /** The cell of `values`, in the order of the labels; made where there is none. */
  at(values: readonly string[]): Cell {
    let node: Branch<Cell> | Cell | undefined = this.#root;
    for (let at = 0; at < this.labels.length; at += 1) {
      node = (node as Branch<Cell>).get(values[at] ?? '');
      if (node === undefined) return this.#add(values);
    }
    return this.labels.length === 0 ? this.#single() : (node as Cell);
  }

  /** Every cell with its labels by name; those without a value are left out. */
  *all(): Iterable<{ readonly labels: Record<string, string>; readonly cell: Cell }> {
    for (const { values, cell } of this.#entries) yield { labels: this.#named(values), cell };
  }

  #single(): Cell {
    return this.#entries[0]?.cell ?? this.#keep([]);
  }

  #add(values: readonly string[]): Cell {
    const others = this.labels.map(() => other);
    const isFull = this.#entries.length >= cellsMax;
    const kept = isFull ? others : this.labels.map((_, at) => values[at] ?? '');
    let branch = this.#root;
    for (const value of kept.slice(0, -1)) {
      const next = (branch.get(value) as Branch<Cell> | undefined) ?? new Map();
      branch.set(value, next);
      branch = next;
    }
    const last = kept.at(-1) ?? '';
    const known = branch.get(last) as Cell | undefined;
    if (known) return known;
    const cell = this.#keep(kept);
    branch.set(last, cell);
    return cell;
  }

  #keep(values: readonly string[]): Cell {
    const cell = this.#make();
    this.#entries.push({ values, cell });
    return cell;
  }

  #named(values: readonly string[]): Record<string, string> {
    const named = this.labels.flatMap((label, at): [string, string][] => {
      const value = values[at];
      return value ? [[label, value]] : [];
    });
    return Object.fromEntries(named);
  }
}
