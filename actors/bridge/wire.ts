// Runs in: any isolate
/**
 * How the ends of a bridge see the socket between them.
 *
 * @module
 */

/** One end of a socket. */
export interface Wire {
  /** Sends bytes, in order; what cannot be sent any more is dropped. */
  write(bytes: Uint8Array<ArrayBuffer>): void;
  /** Has `read` called with each piece that comes. */
  onPiece(read: (piece: Uint8Array) => void): void;
  /** Resolves when nothing will come any more. */
  readonly closed: Promise<void>;
}
