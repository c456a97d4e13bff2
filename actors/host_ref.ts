// Runs in: any isolate
/**
 * Hosts as users hold them.
 *
 * @module
 */
import { handle, handleKind, registerHandle } from "../memory/handle.ts";
import type { AnyRef, Host, Isolation } from "./contract.ts";
import { readFigures } from "./host_figures.ts";
import { untyped } from "./ref.ts";
import { station } from "./station.ts";

/** The class behind {@linkcode Host}. */
export class HostRef implements Host {
  /** Marks it as something that can be sent. */
  readonly [handle]: string = "host";
  readonly isolation: Isolation;
  /** The actor that answers for the host. */
  readonly actor: AnyRef;
  #seen = { at: performance.now(), busy: 0 };

  /** The host that `actor` answers for. */
  constructor(actor: AnyRef, isolation: Isolation) {
    this.actor = actor;
    this.isolation = isolation;
  }

  get id(): string {
    return this.actor.id;
  }

  stats(): { actors: number; handled: number; busy: number } {
    const { actors, handled, busy } = readFigures(station(), untyped(this.actor).mailbox);
    const at = performance.now();
    const share = (busy - this.#seen.busy) / Math.max(1, at - this.#seen.at);
    this.#seen = { at, busy };
    return { actors, handled, busy: Math.min(1, Math.max(0, share)) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.actor.stop();
  }

  static {
    registerHandle<HostRef>("host", {
      pack: ({ actor, isolation }) => [handleKind("ref")!.pack(actor), isolation],
      depart: ({ actor }) => handleKind("ref")!.depart?.(actor),
      unpack(packed) {
        const [actor, isolation] = packed as [unknown, Isolation];
        return new HostRef(handleKind("ref")!.unpack(actor) as AnyRef, isolation);
      },
      discard: (packed) => handleKind("ref")!.discard?.((packed as [unknown])[0]),
    });
  }
}

/** The class behind a host. @throws TypeError when it is none */
export function hostRefOf(host: Host): HostRef {
  if (host instanceof HostRef) return host;
  throw new TypeError("Cannot spawn: host is none; startHost() gives one");
}
