// Runs in: any isolate
/**
 * What can be sent, decided by the compiler. The checks look at types only; a value that slips
 * through (by `any`, or by a cast) is refused by the codec at run time, with the path of the field.
 *
 * @module
 */
import type { Handle } from "../memory/handle.ts";
import type { WaitOptions } from "../memory/line.ts";

/** Options of everything that sends. */
export interface SendOptions extends WaitOptions {
  /** Objects that move instead of being copied; unusable here afterwards. */
  transfer?: Transferable[];
  /**
   * Higher goes first where order is by priority: in mailboxes (whole numbers from -32,768 to 32,767) and
   * in pools with that policy. Default 0.
   */
  priority?: number;
  /**
   * W3C trace context that goes with the message, while OpenTelemetry is on. Default: that of the active
   * span.
   */
  traceparent?: string;
}

/** What the compiler shows in place of a value that cannot be sent. */
export interface NotSendable<Why extends string> {
  /** The reason. No value has this property. */
  readonly "✗ not sendable": Why;
}

/**
 * The reasons why a `T` cannot be sent; `never` when it can. Looks seven levels deep, which brings
 * recursive types (trees, JSON) to an end; the codec looks all the way down.
 *
 * @typeParam T The type to look at.
 * @typeParam Depth Levels above `T`, one element each. Left to its default.
 */
export type WhyNotSendable<T, Depth extends 0[] = []> = 0 extends 1 & T ? never
  : Depth["length"] extends 7 ? never
  : T extends
    | string
    | number
    | bigint
    | boolean
    | null
    | undefined
    | void
    | Date
    | RegExp
    | Error
    | ArrayBuffer
    | Blob
    | MessagePort
    | ReadableStream
    | WritableStream
    | Handle ? never
  : T extends ArrayBufferView<infer B>
    ? [B] extends [SharedArrayBuffer] ? "shared bytes (slice() them)" : never
  : T extends SharedArrayBuffer ? "shared bytes (slice() them)"
  : T extends symbol ? "a symbol"
  : T extends (...args: never[]) => unknown ? "a function (wrap it with task())"
  : T extends abstract new (...args: never[]) => unknown ? "a class"
  : T extends PromiseLike<unknown> ? "a promise (await it first)"
  : T extends ReadonlyMap<infer K, infer V> ? WhyNotSendable<K | V, [...Depth, 0]>
  : T extends ReadonlySet<infer V> ? WhyNotSendable<V, [...Depth, 0]>
  : T extends readonly (infer V)[] ? WhyNotSendable<V, [...Depth, 0]>
  : T extends object ? { [K in keyof T]-?: WhyNotSendable<T[K], [...Depth, 0]> }[keyof T]
  : never;

/**
 * `unknown` when every `T` can be sent, else {@linkcode NotSendable} with the reason. Intersect a
 * parameter with it: `put(item: T & CheckSendable<T>)`.
 */
export type CheckSendable<T> = [WhyNotSendable<T>] extends [never] ? unknown
  : NotSendable<WhyNotSendable<T>>;
