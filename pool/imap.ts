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

/** What a mapping does. */
export interface Mapping {
  /** The input, in pieces. */
  readonly pieces: AsyncGenerator<unknown[]>;
  /** Runs a piece. */
  run(piece: unknown[]): Promise<unknown[]>;
  /** Pieces on their way at most. */
  readonly ahead: number;
  /** Whether results keep the order of the items. */
  readonly ordered: boolean;
  /** Told once, when no more of the input will be read. */
  inputEnded(): void;
}

/** A mapping under way. */
export class Imap implements AsyncIterableIterator<unknown> {
  readonly #mapping: Mapping;
  readonly #running = new Set<Promise<Piece>>();
  #order: Promise<Piece>[] = [];
  #ready: unknown[] = [];
  #input: "open" | "ended" | "left" = "open";
  #filling: Promise<void> = Promise.resolve();
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
  async next(): Promise<IteratorResult<unknown>> {
    while (this.#ready.length === 0) {
      await this.#fill();
      const piece = await this.#nextPiece();
      if (piece === undefined) return { done: true, value: undefined };
      if ("error" in piece) throw piece.error;
      this.#ready = piece.results;
    }
    return { done: false, value: this.#ready.shift() };
  }

  /** Leaves: what is on its way is nobody's. */
  async return(): Promise<IteratorResult<unknown>> {
    this.#endInput("left");
    this.#order = [];
    this.#running.clear();
    await this.#mapping.pieces.return(undefined);
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Reads until enough is on its way; one reader at a time. */
  #fill(): Promise<void> {
    return this.#filling = this.#filling.then(async () => {
      while (this.#input === "open" && this.#running.size < this.#limit) {
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
    const running: Promise<Piece> = outcome.then((result) => ({
      ...result,
      running: () => running,
    }));
    this.#running.add(running);
    this.#order.push(running);
  }

  async #nextPiece(): Promise<Outcome | undefined> {
    const next = this.#mapping.ordered ? this.#order[0] : Promise.race(this.#running);
    if (this.#running.size === 0 || next === undefined) return undefined;
    const piece = await next;
    const done = piece.running();
    this.#running.delete(done);
    this.#order.splice(this.#order.indexOf(done), 1);
    return piece;
  }
}

type Outcome = { readonly results: unknown[] } | { readonly error: unknown };
type Piece = Outcome & { running(): Promise<Piece> };
