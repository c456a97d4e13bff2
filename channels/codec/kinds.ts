// Runs in: any isolate
/**
 * Numbers of the built-in classes on the wire. Both sides use these tables; their order is part of
 * the format, so new classes go to the end.
 *
 * @module
 */

/** ArrayBuffer and the views on it, by the kind byte after `BINARY`. */
export const BINARY_KINDS = [
  ArrayBuffer,
  DataView,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  Float16Array,
] as const;

/** Built-in error classes, by the class byte after `ERROR`. */
export const ERROR_KINDS: readonly (new () => Error)[] = [
  Error,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
  AggregateError as unknown as new () => Error,
  SuppressedError as unknown as new () => Error,
];
/** Class byte of a DOMException: text message, text name follow. */
export const DOM_EXCEPTION = 0xfe;
/** Class byte of an error class of Troupe: text code follows. */
export const TROUPE_ERROR = 0xff;

/** Properties of errors that count although they are not enumerable. */
export const HIDDEN_ERROR_KEYS: readonly string[] = [
  "name",
  "message",
  "cause",
  "errors",
  "error",
  "suppressed",
];
