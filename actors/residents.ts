// Runs in: any isolate
/**
 * The actors that run in this isolate, by their mailboxes.
 *
 * @module
 */
import type { BlockHandle } from "../memory/arena.ts";
import type { Source } from "../memory/park.ts";
import type { Ending, Life } from "../memory/slots.ts";
import { CANCEL, CREDIT, DRAIN, type Received, STOP } from "./inbox.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Station } from "./station.ts";

/** An actor that runs here. */
export interface Resident extends Source {
  /** Where its messages come from. */
  readonly mailbox: Mailbox;
  /** Ends it after the message in hand. */
  stop(reason?: unknown): void;
  /** Ends it at once. */
  kill(ending: Ending): void;
  /** Whoever asked under this number wants no answer any more. */
  cancel(from: Life, id: number): void;
  /** Whoever reads a stream has room for more. */
  grant(from: Life, id: number, credit: number): void;
  /** Lets go of what can be made again. */
  rest(): void;
}

const all = new WeakMap<Station, Map<BlockHandle, Resident>>();

/** Those of this isolate. Listens for their letters from the first on. */
export function residentsOf(station: Station): Map<BlockHandle, Resident> {
  let residents = all.get(station);
  if (residents === undefined) {
    all.set(station, residents = new Map());
    listen(station, residents);
  }
  return residents;
}

function listen({ inbox }: Station, residents: ReadonlyMap<BlockHandle, Resident>): void {
  inbox.on(STOP, ({ value }: Received) => {
    const [region, reason] = value as [BlockHandle, unknown];
    residents.get(region)?.stop(reason);
  });
  inbox.on(DRAIN, async ({ value }) => {
    const resident = residents.get(value as BlockHandle);
    while ((resident?.mailbox.depth ?? 0) > 0) await new Promise((done) => setTimeout(done, 1));
    resident?.stop("shutdown");
  });
  inbox.on(CANCEL, ({ from, id }) => {
    for (const resident of residents.values()) resident.cancel(from, id);
  });
  inbox.on(CREDIT, ({ from, id, value }) => {
    for (const resident of residents.values()) resident.grant(from, id, value as number);
  });
}
