// Runs in: any isolate
/**
 * What the classes here have in common: each of their objects stands for a region that isolates share,
 * crosses as a handle, is one object in each isolate, and lets go of its region when it is collected.
 *
 * - I1: an isolate holds a region exactly while it has an object for it.
 *
 * @module
 */
import { FullError } from "../../errors.ts";
import type { BlockHandle } from "../arena.ts";
import { isUnsure, registerHandle } from "../handle.ts";
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
import type { Source } from "../park.ts";
import { careFor } from "../sweep.ts";

/** A region as an isolate has it. */
export interface Shared {
  /** The isolate. */
  readonly isolate: Isolate;
  /** The region. */
  readonly region: BlockHandle;
  /** Address of its content. */
  readonly at: number;
  /** Whether it was made just now: all its content is 0. */
  readonly isNew: boolean;
}

/** Options of all classes here. */
export interface LockOptions {
  /** For error texts. */
  name?: string;
}

/** In the options of a constructor: the region that the new object stands for. */
export const REGION: unique symbol = Symbol("region");

/** A region, given or new. */
export function sharedRegion(options: object, { type, words, what }: NewRegion): Shared {
  const isolate = here();
  const given = (options as { [REGION]?: BlockHandle })[REGION];
  const { arena, heap, slot } = isolate;
  const region = given ?? makeRegion(arena, heap, { type, bytes: words * 4, slot });
  if (region === NO_ROOM) throw new FullError(`Cannot make ${what}: the arena is full`);
  return { isolate, region, at: arena.wordOf(region) + REGION_WORDS, isNew: given === undefined };
}

/** See {@linkcode sharedRegion}. */
export interface NewRegion {
  /** Its type. */
  readonly type: RegionType;
  /** Words of its content. */
  readonly words: number;
  /** For the error. */
  readonly what: string;
}

/** Notes that an object stands for a region; its sources are forgotten with it. */
export function keep(object: object, shared: Shared, sources: readonly Source[]): void {
  const { isolate, region } = shared;
  stands.set(object, shared);
  known(isolate).set(region, new WeakRef(object));
  collected.register(object, { isolate, region, sources });
}

/** The region that an object stands for. */
export function sharedOf(object: object): Shared {
  return stands.get(object)!;
}

/** Says how the objects of a class cross: as the region's handle. */
export function crossAsRegion(kind: string, type: RegionType, open: Opener): void {
  registerHandle<object>(kind, {
    pack: (object) => sharedOf(object).region,
    depart: departRegion,
    unpack: (region) => adopt(region as BlockHandle, type, open),
    discard: (region) => discardRegion(region as BlockHandle),
  });
}

/** Makes the object for a region: a constructor's options. */
export type Opener = (options: LockOptions & { [REGION]: BlockHandle }) => object;

/** A message that names the object's region is on its way. */
export function departRegion(object: object): void {
  const { isolate, region } = sharedOf(object);
  sendRegion(isolate.arena, region);
}

/** The object for a region that a message named. @throws ClosedError when it is gone */
export function adopt(region: BlockHandle, type: RegionType, open: Opener): object {
  const isolate = here();
  checkRegion(isolate.arena, region, type);
  receiveRegion(isolate.arena, region, isolate.slot);
  return known(isolate).get(region)?.deref() ?? open({ [REGION]: region });
}

/** A message that named the region will not arrive. */
export function discardRegion(region: BlockHandle): void {
  const { arena, heap } = here();
  if (!isUnsure() && forgetRegion(arena, region)) heap.free(region);
}

/** Says what is put right in the regions of a type after a death. */
export function recoverRegions(type: RegionType, recover: Recover): void {
  careFor(type, (isolate, region, dead) => {
    const { arena, heap } = isolate;
    recover(arena.words, arena.wordOf(region) + REGION_WORDS, dead);
    if (dropRegion(arena, region, dead) || wasLast(arena, region, dead)) heap.free(region);
  });
}

/** Puts the content at `at` right. */
export type Recover = (words: Int32Array, at: number, dead: number) => void;

const stands = new WeakMap<object, Shared>();
const objects = new WeakMap<Isolate, Map<BlockHandle, WeakRef<object>>>();

function known(isolate: Isolate): Map<BlockHandle, WeakRef<object>> {
  let map = objects.get(isolate);
  if (map === undefined) objects.set(isolate, map = new Map());
  return map;
}

function letGo({ arena, heap }: Isolate, region: BlockHandle, slot: number): void {
  if (dropRegion(arena, region, slot)) heap.free(region);
}

interface Collected {
  readonly isolate: Isolate;
  readonly region: BlockHandle;
  readonly sources: readonly Source[];
}

const collected = new FinalizationRegistry<Collected>(({ isolate, region, sources }) => {
  for (const source of sources) isolate.park.unwatch(source);
  if (known(isolate).get(region)?.deref() !== undefined) return;
  known(isolate).delete(region);
  letGo(isolate, region, isolate.slot);
});
