// Runs in: any isolate
/**
 * The two sides of a ring as arms of a `select`: what can be received, and one value to send. Sending
 * encodes at once and places later, so the arms that lose leave nothing behind.
 *
 * @module
 */
import { FullError } from "../errors.ts";
import type { Isolate } from "../memory/isolate.ts";
import { PENDING } from "../memory/line.ts";
import type { Offer } from "../memory/waitable.ts";
import { VOID } from "./arrival.ts";
import { dropParcel, place, postedOf, wrap } from "./parcel.ts";
import type { Leases } from "./queue_region.ts";
import type { PortRing, Receiver, SenderRules } from "./port.ts";
import { Incoming } from "./stream.ts";

/** Names the method of everything that a `select` can send into. */
export const accepting: unique symbol = Symbol("accepting");

/** Something that a `select` can send a `T` into. */
export interface Accepting<in T> {
  /** Prepares to send `value`; it is encoded now. */
  [accepting](value: T): SendOffer;
}

/** A value that waits for its place. */
export interface SendOffer extends Omit<Offer<undefined>, "isReady"> {
  /** Gives up what it holds; nothing was sent. */
  drop(): void;
}

/** What a channel says of the values that can be received from it. */
export interface ReceiveRules {
  /** Whether there is a message, or an end. Throws when it is closed here. */
  isReady(): boolean;
  /** Makes what is given of what was received; it may throw, and may give a promise. */
  accept?(value: unknown): unknown;
  /** Told of messages that cannot be read, are refused, or never came whole. */
  readonly leases?: Leases;
}

/** What can be received from a ring, as an offer. */
export function receiveOffer(ring: PortRing, receiver: Receiver, rules: ReceiveRules): Offer {
  const finish = async (rest: Incoming): Promise<unknown> => {
    const { value } = await receiver.finish(rest);
    return value === VOID ? PENDING : await accepted(rules, value);
  };
  const accept = (value: unknown) => value === PENDING ? value : accepted(rules, value);
  return {
    room: ring.readers,
    isReady: rules.isReady,
    take: () =>
      refusable(rules, () => {
        const value = receiver.take();
        return value instanceof Incoming ? finish(value) : accept(value);
      }),
    takeSync: () => refusable(rules, () => accept(receiver.receiveSync(0))),
  };
}

function accepted({ accept }: ReceiveRules, value: unknown): unknown {
  return accept === undefined ? value : accept(value);
}

/** Takes; of the messages that are kept meanwhile, those that are not given in the end are refused. */
function refusable({ leases }: ReceiveRules, take: () => unknown): unknown {
  if (leases === undefined) return take();
  const before = leases.latest;
  const refuse = (from: number, to: number) => {
    for (let number = from; ((to - number) | 0) >= 0; number = (number + 1) | 0) {
      leases.refuse(number);
    }
  };
  try {
    const value = take();
    const { latest } = leases;
    refuse(before + 1, latest - 1);
    if (!(value instanceof Promise)) return value;
    return value.then((whole) => {
      if (whole === PENDING) leases.refuse(latest);
      return whole;
    }, (error) => {
      leases.refuse(latest);
      throw error;
    });
  } catch (error) {
    refuse(before + 1, leases.latest);
    throw error;
  }
}

/**
 * A value to be sent into a ring, as an offer.
 *
 * @throws NotSendableError when it cannot be sent
 */
export function sendOffer(
  isolate: Isolate,
  ring: PortRing,
  { rules, value }: { readonly rules: SenderRules; readonly value: unknown },
): SendOffer {
  rules.check(value);
  const parcel = wrap(isolate, { value }, ring.room);
  let isPlaced = false;
  const tryPlace = (): undefined | typeof PENDING => {
    rules.check(value);
    if (rules.bytes?.isOver() || !place(isolate, ring, parcel)) {
      if (ring.limit < Infinity) return PENDING;
      throw new FullError(`Cannot ${rules.operation}: the arena is full`, { value });
    }
    isPlaced = true;
    const { longBytes } = postedOf(parcel);
    if (longBytes > 0) rules.bytes?.sent(longBytes);
  };
  return {
    room: ring.writers,
    take() {
      const placed = tryPlace();
      if (placed === PENDING || parcel.stream === undefined) return placed;
      return parcel.stream.pump({}).then(() => undefined);
    },
    takeSync() {
      if (parcel.stream === undefined) return tryPlace();
      throw new FullError(`Cannot ${rules.operation}: the arena has no room for it`, { value });
    },
    drop() {
      if (!isPlaced) dropParcel(isolate, parcel);
    },
  };
}
