// Runs in: any isolate
/**
 * What an isolate holds of a shared value: one hold for each region, however many objects and views
 * show it. The region is given back when the last of them is collected, when it is closed, or when
 * the isolate dies.
 *
 * - I1: an isolate has one hold of a region; its holder bit is set exactly as long.
 * - I2: a view that was handed out keeps its hold: memory is not used again under somebody who reads.
 * - I3: the region of the last hold is freed by whoever lets go of it, or by the sweep.
 *
 * @module
 */
import { ClosedError, FullError } from "../../errors.ts";
import type { BlockHandle } from "../arena.ts";
import { handle, isUnsure, registerHandle } from "../handle.ts";
import { NO_ROOM } from "../heap.ts";
import { here, type Isolate } from "../isolate.ts";
import {
  checkRegion,
  dropRegion,
  forgetRegion,
  makeRegion,
  receiveRegion,
  REGION_WORDS,
  type RegionType,
  sendRegion,
  wasLast,
} from "../region.ts";
import { careFor } from "../sweep.ts";

/** One isolate's hold of one region. */
export class Hold {
  /** Who holds. */
  readonly isolate: Isolate;
  /** What is held. */
  readonly region: BlockHandle;
  /** What is in it. */
  readonly type: RegionType;
  /** The object that shows it, so that one that arrives twice is one object. */
  shown: WeakRef<object> | undefined;
  /** How many objects that can be closed show it. */
  uses = 0;
  /** Whether there may be views, which nobody can count. */
  hasViews = false;

  /** Makes the hold of a region whose holder bit is set. */
  constructor(isolate: Isolate, { region, type }: { region: BlockHandle; type: RegionType }) {
    this.isolate = isolate;
    this.region = region;
    this.type = type;
    known(isolate).set(region, new WeakRef(this));
    collected.register(this, { isolate, region, type }, this);
  }

  /** Address of the content. */
  get word(): number {
    return this.isolate.arena.wordOf(this.region) + REGION_WORDS;
  }

  /** Byte offset of the content. */
  get offset(): number {
    return this.word * 4;
  }

  /** Gives it back now: nothing shows it any more. */
  close(): void {
    collected.unregister(this);
    known(this.isolate).delete(this.region);
    letGo(this);
  }
}

/** A region as this isolate has it. */
type Held = Pick<Hold, "isolate" | "region" | "type">;

const holds = new WeakMap<Isolate, Map<BlockHandle, WeakRef<Hold>>>();
const keepers = new WeakMap<object, Hold>();
const endings = new Map<RegionType, (held: Held) => void>();

function known(isolate: Isolate): Map<BlockHandle, WeakRef<Hold>> {
  let map = holds.get(isolate);
  if (map === undefined) holds.set(isolate, map = new Map());
  return map;
}

const collected = new FinalizationRegistry<Held>((held) => {
  const { isolate, region } = held;
  // It may have arrived again since; then the bit is that of the new hold.
  if (known(isolate).get(region)?.deref() !== undefined) return;
  known(isolate).delete(region);
  letGo(held);
});

/** Says that regions of a type are held here; `ending` is called right before one is freed, maybe twice. */
export function holdRegions(type: RegionType, ending: (held: Held) => void = () => {}): void {
  endings.set(type, ending);
  careFor(type, (isolate, region, dead) => {
    const { arena } = isolate;
    const isLeft = dropRegion(arena, region, dead) || wasLast(arena, region, dead);
    if (isLeft) free({ isolate, region, type });
  });
}

/** Makes a region of `bytes` zeroed bytes of content. @throws FullError when the arena has no room */
export function makeHold(type: RegionType, bytes: number): Hold {
  const isolate = here();
  const { arena, heap, slot } = isolate;
  const region = makeRegion(arena, heap, { type, bytes, slot });
  if (region !== NO_ROOM) return new Hold(isolate, { region, type });
  throw new FullError(`Cannot share ${bytes} bytes: the arena is full`);
}

/** The hold of a region that this isolate holds already, or that it was just made to hold. */
export function takeHold(type: RegionType, region: BlockHandle): Hold {
  const isolate = here();
  return known(isolate).get(region)?.deref() ?? new Hold(isolate, { region, type });
}

/** Makes an object the one that shows a hold in this isolate. */
export function show<T extends object>(hold: Hold, object: T): T {
  hold.shown = new WeakRef(object);
  return keep(hold, object);
}

/** Keeps a hold as long as a view of its memory. */
export function keep<T extends object>(hold: Hold, view: T): T {
  keepers.set(view, hold);
  return view;
}

/** The hold that an object shows. @throws ClosedError when it shows none (any more) */
export function holdOf(object: object): Hold {
  const hold = keepers.get(object);
  if (hold === undefined) throw new ClosedError("Cannot use the shared value: it is closed");
  return hold;
}

/** An object shows its hold no more. */
export function hide(object: object): void {
  keepers.delete(object);
}

/** How shared objects of a kind travel. */
export interface SharedKind<T extends object> {
  /** Type of their regions. */
  readonly type: RegionType;
  /** What the receiver has to be told besides the region. */
  describe?(object: T): unknown;
  /** Makes the receiver's object. */
  open(hold: Hold, description: unknown): T;
}

/** Registers a kind of shared objects: they cross as region and description. */
export function registerShared<T extends object>(kind: string, how: SharedKind<T>): void {
  registerHandle<T>(kind, {
    pack: (object) => [holdOf(object).region, how.describe?.(object)],
    depart(object) {
      const { isolate, region } = holdOf(object);
      sendRegion(isolate.arena, region);
    },
    unpack(packed) {
      const [region, description] = packed as [BlockHandle, unknown];
      const isolate = here();
      checkRegion(isolate.arena, region, how.type);
      receiveRegion(isolate.arena, region, isolate.slot);
      const hold = takeHold(how.type, region);
      const shown = hold.shown?.deref() as T | undefined;
      return shown ?? how.open(hold, description);
    },
    discard(packed) {
      const [region] = packed as [BlockHandle];
      const isolate = here();
      if (isUnsure()) return;
      if (forgetRegion(isolate.arena, region)) free({ isolate, region, type: how.type });
    },
  });
}

/** Marks a prototype's objects as handles of a kind, invisibly to loops over their properties. */
export function brand<T extends object>(prototype: T, kind: string): T {
  return Object.defineProperty(prototype, handle, { value: kind });
}

function letGo(held: Held): void {
  const { isolate, region } = held;
  if (dropRegion(isolate.arena, region, isolate.slot)) free(held);
}

/** Frees a region that nobody holds. */
export function free(held: Held): void {
  endings.get(held.type)?.(held);
  held.isolate.heap.free(held.region);
}
