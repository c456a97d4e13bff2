// Runs in: any isolate
/**
 * What an isolate has of the shared memory: the arena, its slot, its heap, its park. The first
 * isolate of a program makes the arena when it is first needed; a worker is given it at boot.
 *
 * - I1: an isolate joins one arena, once; all it allocates is in the name of its slot.
 *
 * @module
 */
import { FullError } from "../errors.ts";
import { Arena } from "./arena.ts";
import { store } from "./atomics.ts";
import { Heap } from "./heap.ts";
import { Park } from "./park.ts";
import { type Life, markRunning, SLOT_PID, SLOT_PROGRAM, takeSlot } from "./slots.ts";

/** An isolate's part in a program. */
export class Isolate {
  /** The program's shared memory. */
  readonly arena: Arena;
  /** Which slot this isolate has, and which life of it. */
  readonly life: Life;
  /** The first isolate of this process, which makes and buries the others. */
  readonly root: Life;
  /** Where it allocates. */
  readonly heap: Heap;
  /** Where it waits. */
  readonly park: Park;

  /** Joins the arena as the isolate of `life`. */
  constructor(arena: Arena, life: Life, root: Life = life) {
    this.arena = arena;
    this.life = life;
    this.root = root;
    this.heap = new Heap(arena, life.slot);
    this.park = new Park(arena, life.slot);
    const at = arena.slotAt(life.slot);
    store(arena.words, at + SLOT_PROGRAM, arena.program);
    store(arena.words, at + SLOT_PID, typeof Deno === "undefined" ? 0 : Deno.pid);
    markRunning(arena, life);
  }

  /** Whether it is the first of its process. */
  get isRoot(): boolean {
    return this.root.slot === this.life.slot;
  }

  /** Number of its slot. */
  get slot(): number {
    return this.life.slot;
  }

  /** Joins as a further isolate; the slot is its own from now on. */
  static join(arena: Arena, parent: Life = { slot: 0, incarnation: 0 }): Isolate {
    const life = takeSlot(arena, parent);
    if (life === undefined) throw new FullError("Cannot start an isolate: all 256 slots are taken");
    return new Isolate(arena, life);
  }
}

let current: Isolate | undefined;

/** The isolate that this code runs in. */
export function here(): Isolate {
  return current ??= Isolate.join(Arena.create());
}

/** Whether this code has an isolate already. */
export function isSettled(): boolean {
  return current !== undefined;
}

/** Makes `isolate` the one that this code runs in: called once, before anything else needs one. */
export function settle(isolate: Isolate): void {
  current = isolate;
}
