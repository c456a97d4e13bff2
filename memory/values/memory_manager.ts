// Runs in: any isolate
/**
 * Blocks of shared memory that end together.
 *
 * - I1: after the end no block that was made here has its name.
 *
 * @module
 */
import { AlreadyStartedError, ClosedError, NotStartedError } from "../../errors.ts";
import { type Shareable, ShareableList } from "./shareable_list.ts";
import { SharedMemory } from "./shared_memory.ts";

/**
 * Makes blocks whose names end with it: Python's `managers.SharedMemoryManager`, without its process.
 *
 * @example A scope
 * ```ts
 * import { NotFoundError, SharedMemory, SharedMemoryManager } from "@troupe/troupe";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * let name;
 * {
 *   using manager = new SharedMemoryManager().start();
 *   const memory = manager.sharedMemory(100);
 *   const list = manager.shareableList([1, "two"]);
 *   assertEquals([memory.size, list.at(1)], [100, "two"]);
 *   name = memory.name;
 * }
 * assertThrows(() => SharedMemory.attach(name), NotFoundError);
 * ```
 */
export class SharedMemoryManager implements Disposable {
  #state: "initial" | "started" | "shutdown" = "initial";
  readonly #made: Disposable[] = [];

  /** Begins; gives itself. @throws AlreadyStartedError the second time */
  start(): this {
    if (this.#state !== "initial") {
      throw new AlreadyStartedError("Cannot start the manager of shared memory: it was started");
    }
    this.#state = "started";
    return this;
  }

  /**
   * Makes a block. Python: `SharedMemory`.
   *
   * @throws NotStartedError before `start`
   * @throws ClosedError after `shutdown`
   * @throws RangeError when the size is not at least 1
   * @throws FullError when the arena has no room
   */
  sharedMemory(size: number): SharedMemory {
    return this.#keep("memory", () => new SharedMemory({ size }));
  }

  /**
   * Makes a list. Python: `ShareableList`.
   *
   * @throws NotStartedError before `start`
   * @throws ClosedError after `shutdown`
   * @throws TypeError when it cannot hold a value
   * @throws FullError when the arena has no room
   */
  shareableList(values: Iterable<Shareable>): ShareableList {
    return this.#keep("a list", () => new ShareableList(values));
  }

  /** Closes all that was made here and ends its names. A second call does nothing. */
  shutdown(): void {
    this.#state = "shutdown";
    for (const one of this.#made.splice(0)) one[Symbol.dispose]();
  }

  /** As {@linkcode SharedMemoryManager.shutdown}. */
  [Symbol.dispose](): void {
    this.shutdown();
  }

  #keep<T extends Disposable>(what: string, make: () => T): T {
    const text = `Cannot make ${what}: the manager of shared memory`;
    if (this.#state === "initial") throw new NotStartedError(`${text} was not started`);
    if (this.#state === "shutdown") throw new ClosedError(`${text} has shut down`);
    const made = make();
    this.#made.push(made);
    return made;
  }
}
