// Runs in: any isolate
/**
 * How far a run has come: below the mark, every item of the source has arrived or was let go.
 *
 * - I1: the mark only rises, one item at a time, past items that are settled.
 * - I2: once the run has ended the mark stays: what is thrown away then has not arrived.
 * - I3: one save at a time; what is saved last is the last mark.
 *
 * @module
 */
import { Receipt } from "./flow.ts";

/** Where a run's progress is kept, so that another can go on from there. */
export interface Checkpoint {
  /** Items of the source that need not be read again. Default 0: none were. */
  load(): number | undefined | Promise<number | undefined>;
  /** Keeps that the first `count` items of the source have arrived. Never called while a call goes on. */
  save(count: number): unknown;
}

/** The progress of a run. */
export class Progress {
  readonly #checkpoint: Checkpoint;
  readonly #fail: (error: unknown) => void;
  /** Items above the mark that are settled. */
  readonly #settled = new Set<number>();
  #mark: number;
  #saved: number;
  #saving: Promise<void> = Promise.resolve();
  #state: "running" | "ended" = "running";

  constructor(checkpoint: Checkpoint, from: number, fail: (error: unknown) => void) {
    this.#checkpoint = checkpoint;
    this.#fail = fail;
    this.#mark = this.#saved = from;
  }

  /** A receipt for an item. */
  receipt(index: number): Receipt {
    return new Receipt(() => this.#settle(index));
  }

  /** The run has ended. */
  end(): void {
    this.#state = "ended";
  }

  /** Resolves when the last mark is kept. */
  async saved(): Promise<void> {
    let saving: Promise<void> | undefined;
    while (saving !== this.#saving) await (saving = this.#saving);
  }

  #settle(index: number): void {
    if (this.#state === "ended") return;
    this.#settled.add(index);
    const before = this.#mark;
    while (this.#settled.delete(this.#mark)) this.#mark++;
    if (this.#mark > before) {
      this.#saving = this.#saving.then(() => this.#save()).catch((error) => this.#fail(error));
    }
  }

  async #save(): Promise<void> {
    if (this.#saved === this.#mark) return;
    this.#saved = this.#mark;
    await this.#checkpoint.save(this.#saved);
  }
}
