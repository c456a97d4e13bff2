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
  /** Called for each message taken; what it gives is called if the message is refused, or never came. */
  taken?(): () => void;
}

/** What can be received from a ring, as an offer. */
export function receiveOffer(ring: PortRing, receiver: Receiver, rules: ReceiveRules): Offer {
  const finish = async (rest: Incoming): Promise<unknown> => {
    const { value } = await receiver.finish(rest);
    return value === VOID ? PENDING : await accepted(rules, value);
  };
  return {
    room: ring.readers,
    isReady: rules.isReady,
    take() {
      const value = receiver.take();
      if (value === PENDING) return value;
      return refusable(
        rules,
        () => value instanceof Incoming ? finish(value) : accepted(rules, value),
      );
    },
    takeSync() {
      const value = receiver.receiveSync(0);
      return value === PENDING ? value : refusable(rules, () => accepted(rules, value));
    },
  };
}

function accepted({ accept }: ReceiveRules, value: unknown): unknown {
  return accept === undefined ? value : accept(value);
}

/** What `make` gives of a message that was taken; the channel is told when there is nothing to give. */
function refusable({ taken }: ReceiveRules, make: () => unknown): unknown {
  const refuse = taken?.();
  if (refuse === undefined) return make();
  const fail = (error: unknown) => {
    refuse();
    throw error;
  };
  try {
    const value = make();
    if (!(value instanceof Promise)) return value;
    return value.then((whole) => (whole === PENDING && refuse(), whole), fail);
  } catch (error) {
    return fail(error);
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
