// Runs in: any isolate
/**
 * How much may be on its way at a time. What does not get in is refused at once, which costs nothing;
 * what waits costs memory.
 *
 * @module
 */

/** Bytes of bodies that one service reads at a time, at least. */
const LEAST_BYTES = 4 << 20;

/** Counts what is inside. */
export class Gate {
  readonly #most: number;
  readonly #mostBytes: number;
  #inside = 0;
  #bytes = 0;

  /** Lets `most` in, with bodies of up to `body` bytes each, and 4 MiB together unless one is larger. */
  constructor(most: number, body = 0) {
    this.#most = most;
    this.#mostBytes = Math.max(LEAST_BYTES, body);
  }

  /** How many are inside. */
  get inside(): number {
    return this.#inside;
  }

  /** Lets one in; `false` when it is full. */
  enter(): boolean {
    if (this.#inside >= this.#most) return false;
    this.#inside++;
    return true;
  }

  /** One has left. */
  leave(): void {
    this.#inside--;
  }

  /** Takes room for bytes of a body; `false` when there is none. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#mostBytes) return false;
    this.#bytes += bytes;
    return true;
  }

  /** Gives the room back. */
  give(bytes: number): void {
    this.#bytes -= bytes;
  }
}
