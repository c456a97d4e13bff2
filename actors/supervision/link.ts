// Runs in: any isolate
/**
 * Ties between actors that are not parent and child. Both look at the end of an actor for good: a
 * restart is none.
 *
 * @module
 */
import type { BlockHandle } from "../../memory/arena.ts";
import type { WaitOptions } from "../../memory/line.ts";
import type { ActorExit, AnyRef } from "../contract.ts";
import { untyped } from "../ref.ts";
import { station } from "../station.ts";

/** How an actor ended, and which. */
export interface Down extends ActorExit {
  /** Its id. */
  id: string;
}

/**
 * Waits for the end of an actor; at once if it has ended. One-way: nothing happens to whoever waits.
 * While it waits, it keeps the program alive. Erlang: `erlang:monitor`.
 *
 * @throws TimeoutError when the actor goes on for longer than `timeout`
 */
export async function monitor(ref: AnyRef, options: WaitOptions = {}): Promise<Down> {
  const { id, mailbox, exited } = untyped(ref);
  await station().waitFor(() => mailbox.ending !== undefined, {
    ...options,
    operation: `see the end of actor "${id}"`,
  });
  return { id, ...await exited };
}

const links = new Map<string, Disposable>();

/**
 * Ties two actors: when one ends for a reason other than `normal`, the other is stopped, with
 * `{ linked: id, reason }` as the reason. It lasts until it is disposed, or one of them has ended; the
 * same link again is the same one. Erlang: `erlang:link`.
 *
 * @throws TypeError for what is no reference
 */
export function link(a: AnyRef, b: AnyRef): Disposable {
  const [one, other] = [untyped(a), untyped(b)];
  const key = keyOf(one.mailbox.region, other.mailbox.region);
  const known = links.get(key);
  if (known !== undefined) return known;
  const made: Disposable = {
    [Symbol.dispose]() {
      if (links.get(key) === made) links.delete(key);
    },
  };
  links.set(key, made);
  const bind = (from: typeof one, to: typeof one) =>
    from.exited.then(async ({ reason }) => {
      if (links.get(key) !== made) return;
      made[Symbol.dispose]();
      if (reason !== "normal") await to.stop({ reason: { linked: from.id, reason } });
    });
  bind(one, other);
  bind(other, one);
  return made;
}

function keyOf(one: BlockHandle, other: BlockHandle): string {
  return one < other ? `${one}:${other}` : `${other}:${one}`;
}
