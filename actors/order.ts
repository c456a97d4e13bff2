// Runs in: worker
/**
 * What a fresh worker can be told to do, and doing it.
 *
 * @module
 */
import { type Ending, sayLoaded } from "../memory/slots.ts";
import { settleIn } from "./asker.ts";
import { type CodeRef, resolveCode } from "./code.ts";
import type { AnyRef } from "./contract.ts";
import { become, type Identity, whileLoading } from "./identity.ts";
import { perform } from "./performance.ts";
import { runOnce } from "./family.ts";
import { untyped } from "./ref.ts";
import type { Crash } from "./cast.ts";
import { spawn } from "./spawn.ts";
import type { Station } from "./station.ts";

/** Run a function, or a `Process` subclass, once. */
export interface ProcessOrder {
  /** Tells the orders apart. */
  readonly what: "process";
  /** Who the process is. */
  readonly identity: Identity;
  /** Where the function or class is. */
  readonly code: CodeRef;
  /** What it is called with. */
  readonly args: readonly unknown[];
}

/** Run an actor. */
export interface ActorOrder {
  /** Tells the orders apart. */
  readonly what: "actor";
  /** Who the isolate is. */
  readonly identity: Identity;
  /** Where its definition or class is. */
  readonly code: CodeRef;
  /** What its `init` or constructor takes. */
  readonly args: readonly unknown[];
  /** The actor itself. */
  readonly actor: AnyRef;
}

/** An order to a fresh worker. */
export type Order = ProcessOrder | ActorOrder;

/** Does what was ordered, tells what came of it, and resolves with the end of the isolate. */
export async function runOrder(
  station: Station,
  order: Order,
  tell: (reply: unknown) => void,
): Promise<Ending> {
  become(order.identity);
  const code = await whileLoading(() => resolveCode(order.code));
  sayLoaded(station.isolate.arena, station.isolate.slot);
  if (order.what === "process") {
    tell(await runOnce(code, order.args));
    return { reason: "normal", exitCode: 0 };
  }
  const { code: where, args, actor } = order;
  const { mailbox } = untyped(actor);
  settleIn(mailbox);
  return new Promise((resolve, reject) => {
    const ended = (_mailbox: unknown, ending: Ending, crash?: Crash) =>
      crash ? reject(crash.thrown) : resolve(ending);
    const script = { code: where, args, id: actor.id, mailbox, entered: tell };
    perform({ station, spawn, ended }, script).catch(reject);
  });
}
