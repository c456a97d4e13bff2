// Runs in: any isolate
/**
 * What the owner of an actor and the host that runs it say to each other.
 *
 * @module
 */
import type { Life } from "../memory/slots.ts";
import type { CodeRef } from "./code.ts";
import type { AnyRef } from "./contract.ts";
import type { Entrance } from "./performance.ts";

/** An actor that shall run in a host. */
export interface Guest {
  /** Where its definition or class is. */
  readonly code: CodeRef;
  /** Its id. */
  readonly id: string;
  /** What its `init` or constructor takes. */
  readonly args: readonly unknown[];
  /** The actor itself. */
  readonly actor: AnyRef;
  /** Who is told of its end. */
  readonly owner: Life;
}

/** What the owner is told: a start that failed is no failure of the host. */
export type Entered = Entrance & { readonly host: Life } | { readonly failed: unknown };
