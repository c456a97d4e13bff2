// Runs in: any isolate
/**
 * The lock of a shared value: made when it is first asked for, the same one in every isolate.
 *
 * - I1: the first lock that is entered in the region is the one; the region keeps it until it is freed.
 *
 * @module
 */
import { compareExchange, load } from "../atomics.ts";
import { handleKind } from "../handle.ts";
import { RLock } from "../locks/rlock.ts";
import { forgetRegion, REGION_WORDS, sendRegion, VALUE_REGION } from "../region.ts";
import { LOCK } from "./block.ts";
import { type Hold, holdOf, holdRegions } from "./hold.ts";

const locks = new WeakMap<Hold, RLock>();

/** The lock of the value that an object shows. @throws FullError when the arena has no room for it */
export function lockOf(object: object): RLock {
  const hold = holdOf(object);
  const lock = locks.get(hold) ?? findLock(hold);
  locks.set(hold, lock);
  return lock;
}

function findLock(hold: Hold): RLock {
  const { isolate: { arena }, word } = hold;
  const rlock = handleKind("rlock")!;
  const seen = load(arena.words, word + LOCK);
  if (seen !== 0) {
    const there = arena.handleOf(seen - 1);
    // The value keeps it; this isolate's part comes as if by a message.
    sendRegion(arena, there);
    return rlock.unpack(there) as RLock;
  }
  const mine = new RLock();
  const region = rlock.pack(mine) as number;
  sendRegion(arena, region);
  const first = compareExchange(arena.words, word + LOCK, 0, arena.unitOf(region) + 1);
  if (first === 0) return mine;
  forgetRegion(arena, region);
  return findLock(hold);
}

holdRegions(VALUE_REGION, ({ isolate: { arena }, region }) => {
  const at = arena.wordOf(region) + REGION_WORDS + LOCK;
  const unit = load(arena.words, at);
  if (unit === 0 || compareExchange(arena.words, at, unit, 0) !== unit) return;
  handleKind("rlock")!.discard!(arena.handleOf(unit - 1));
});
