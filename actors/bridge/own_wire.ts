// Runs in: worker
/**
 * The sockets in the process that was started with them. What is written is on its way when `write`
 * returns: a handler may never let go of the thread after it has told something, and a process writes its
 * last words when it ends. While the parent does not read, a full socket holds the process up.
 *
 * @module
 */
import process from "node:process";
import { FROM_PARENT, TO_PARENT } from "./far_child.ts";
import type { Wire } from "./wire.ts";

/** The way to the parent. */
export class OwnWire implements Wire {
  readonly closed: Promise<void>;
  // Loaded when they are needed: only such processes do.
  readonly #writeSync = process.getBuiltinModule("node:fs").writeSync;
  readonly #socket = new (process.getBuiltinModule("node:net").Socket)({
    fd: FROM_PARENT,
    readable: true,
    writable: false,
  });
  #state: "open" | "closed" = "open";

  /** Opens it; it does not keep the process alive. */
  constructor() {
    // What went wrong shows by its end, which is told.
    this.#socket.on("error", () => {});
    this.closed = new Promise((resolve) => {
      this.#socket.on("end", () => resolve());
      this.#socket.on("close", () => resolve());
    });
    this.#socket.unref();
  }

  onPiece(read: (piece: Uint8Array) => void): void {
    this.#socket.on("data", read);
  }

  write(bytes: Uint8Array<ArrayBuffer>): void {
    for (let at = 0; at < bytes.length && this.#state === "open";) {
      try {
        at += this.#writeSync(TO_PARENT, bytes, at);
      } catch {
        // Nobody reads any more, which the other socket tells, too.
        this.#state = "closed";
      }
    }
  }
}
