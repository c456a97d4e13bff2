// Runs in: owner
/**
 * Results one by one while the input is still read: at most so many pieces are on their way, so the
 * input may be endless.
 *
 * - I1: ordered: results come in the order of the items; else as they are done.
 * - I2: no more than `ahead` pieces were read and not yet consumed.
 * - I3: when the pool closes, the rest of the input is read at once, so that its results are there.
 *
 * @module
 */
import type { WaitOptions } from "../memory/line.ts";
import { abortable } from "./result.ts";

/** What a mapping does. */
export interface Mapping {
  /** The input, in pieces. */
  readonly pieces: AsyncGenerator<unknown[]>;
  /** Resolves when there is room for one more piece. */
  room(): Promise<void>;
  /** Runs a piece. */
  run(piece: unknown[]): Promise<unknown[]>;
  /** Pieces on their way at most. */
  readonly ahead: number;
  /** Whether results keep the order of the items. */
  readonly ordered: boolean;
  /** Told once, when no more of the input will be read. */
  inputEnded(): void;
}

/** Results that come one by one. */
export interface ResultIterator<R> extends AsyncIterableIterator<R> {
  /**
   * The next result. Python: `next(timeout)`.
   *
   * @throws TimeoutError when it is not there within `timeout` milliseconds; it comes with a later call
   */
  next(options?: WaitOptions): Promise<IteratorResult<R>>;
}

/** A mapping under way. */
export class Imap implements ResultIterator<unknown> {
  readonly #mapping: Mapping;
  /** Pieces on their way or not yet consumed, in the order of the input. */
  readonly #pieces = new Set<Piece>();
  /** Those of them that are done, in the order in which they were. */
  readonly #done: Piece[] = [];
  #ready: unknown[] = [];
  #input: "open" | "ended" | "left" = "open";
  #filling: Promise<void> = Promise.resolve();
  #turn: Promise<unknown> = Promise.resolve();
  #wake: () => void = () => {};
  #limit: number;

  /** Begins to read ahead at once. */
  constructor(mapping: Mapping) {
    this.#mapping = mapping;
    this.#limit = mapping.ahead;
    this.#fill();
  }

  /** Reads the rest of the input now; resolves when all of it was handed to the pool. */
  readAll(): Promise<void> {
    this.#limit = Infinity;
    return this.#fill();
  }

  /** The next result. Rejects with the error of a piece, once; the ones after it still come. */
  next(options?: WaitOptions): Promise<IteratorResult<unknown>> {
    const next = this.#turn.then(() => this.#next(options));
    this.#turn = next.catch(() => {});
    return next;
  }

  /** Leaves: what is on its way is nobody's. */
  async return(): Promise<IteratorResult<unknown>> {
    this.#endInput("left");
    this.#pieces.clear();
    this.#done.length = 0;
    this.#ready = [];
    this.#wake();
    await this.#mapping.pieces.return(undefined);
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #next(options: WaitOptions = {}): Promise<IteratorResult<unknown>> {
    const operation = "get the next result";
    while (this.#ready.length === 0) {
      const filled = this.#fill();
      const outcome = this.#takeDone();
      if (outcome === undefined) {
        const isEmpty = this.#pieces.size === 0;
        if (isEmpty && this.#input !== "open") return { done: true, value: undefined };
        const changed = isEmpty ? Promise.race([filled, this.#change()]) : this.#change();
        await abortable(changed, { ...options, operation });
      } else if ("error" in outcome) throw outcome.error;
      else this.#ready = outcome.results;
    }
    return { done: false, value: this.#ready.shift() };
  }

  /** Resolves when a piece is done, or nobody wants any. */
  #change(): Promise<void> {
    return new Promise<void>((resolve) => this.#wake = resolve);
  }

  /** Reads until enough is on its way; one reader at a time. */
  #fill(): Promise<void> {
    return this.#filling = this.#filling.then(async () => {
      while (this.#input === "open" && this.#pieces.size < this.#limit) {
        await this.#mapping.room();
        const { done, value } = await this.#mapping.pieces.next();
        if (done) this.#endInput("ended");
        else this.#begin(value);
      }
    }).catch((error) => {
      this.#endInput("ended");
      this.#add(Promise.resolve({ error }));
    });
  }

  #endInput(how: "ended" | "left"): void {
    if (this.#input !== "open") return;
    this.#input = how;
    this.#mapping.inputEnded();
  }

  #begin(items: unknown[]): void {
    this.#add(this.#mapping.run(items).then((results) => ({ results }), (error) => ({ error })));
  }

  #add(outcome: Promise<Outcome>): void {
    const piece: Piece = { outcome: undefined };
    this.#pieces.add(piece);
    this.#wake();
    outcome.then((result) => {
      piece.outcome = result;
      this.#done.push(piece);
      this.#wake();
    });
  }

  /** What became of the piece that is next, if it is done. */
  #takeDone(): Outcome | undefined {
    const [first] = this.#mapping.ordered ? this.#pieces : this.#done;
    if (first?.outcome === undefined) return undefined;
    this.#pieces.delete(first);
    this.#done.splice(this.#done.indexOf(first), 1);
    return first.outcome;
  }
}

type Outcome = { readonly results: unknown[] } | { readonly error: unknown };

interface Piece {
  outcome: Outcome | undefined;
}
