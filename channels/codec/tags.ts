// Runs in: any isolate
/**
 * The first byte of every encoded value. A message is one value; each value says by its tag what
 * follows, so that a message can be read by somebody who has seen none before it.
 *
 * Wire rules: integers are little endian; a *count* is one byte, or 255 and a u32; a *text* is a
 * value with one of the string tags.
 *
 * I1. Bytes below {@linkcode INT7_END} are the integer itself.
 * I2. Bytes with {@linkcode SHORT_TEXT} set hold the length of a Latin-1 string in their low 5 bits.
 * I3. Tags of objects lie in 0xc0..0xdf. The first byte of a message may carry {@linkcode GRAPH} on
 *     top: the message then holds {@linkcode REFERENCE}s, and its objects are numbered as they begin.
 *
 * @module
 */

/** Integers 0..127 are their own tag; this is the first byte that is not one. */
export const INT7_END = 0x80;
/** `undefined`. */
export const UNDEFINED = 0x80;
/** `null`. */
export const NULL = 0x81;
/** `false`. */
export const FALSE = 0x82;
/** `true`. */
export const TRUE = 0x83;
/** Integer: i8. */
export const INT8 = 0x84;
/** Integer: i16. */
export const INT16 = 0x85;
/** Integer: i32. */
export const INT32 = 0x86;
/** Any other number, -0 and NaN included: f64. */
export const FLOAT64 = 0x87;
/** Bigint that fits: i64. */
export const BIGINT64 = 0x88;
/** Any other bigint: text, hexadecimal with an optional minus. */
export const BIGINT = 0x89;
/** Text: u32 length, one byte for each UTF-16 unit, all below 256. */
export const LATIN1 = 0x8a;
/** Text: u32 length, two bytes for each UTF-16 unit. Keeps lone surrogates. */
export const UTF16 = 0x8b;
/** An object that came before in this message: u32 number. */
export const REFERENCE = 0x8c;
/** Short Latin-1 text: 0xa0 + length, then the bytes. */
export const SHORT_TEXT = 0xa0;
/** Longest text that {@linkcode SHORT_TEXT} holds. */
export const SHORT_TEXT_MAX = 31;

/** First tag of an object. */
export const FIRST_OBJECT = 0xc0;
/** Plain object of a new shape: key block (see `shapes.ts`), then the values. */
export const SHAPE_NEW = 0xc0;
/** Plain object of a shape that came before in this message: count (its number), values. */
export const SHAPE_AGAIN = 0xc1;
/** Plain object with many or long keys: count, then key text and value of each. */
export const RECORD = 0xc2;
/** The same without a prototype. */
export const NULL_RECORD = 0xc3;
/** Array without holes: count, values. */
export const ARRAY = 0xc4;
/** Array with holes: u32 length, count, then u32 index and value of each element there is. */
export const SPARSE_ARRAY = 0xc5;
/** Map: u32 size, then key and value of each entry. */
export const MAP = 0xc6;
/** Set: u32 size, then the members. */
export const SET = 0xc7;
/** Date: f64 milliseconds, NaN when invalid. */
export const DATE = 0xc8;
/** Regular expression: text source, text flags. */
export const REGEXP = 0xc9;
/** Error: see `encode_error.ts`. */
export const ERROR = 0xca;
/**
 * ArrayBuffer or view: 4 bits kind (see `kinds.ts`), 4 bits bytes of padding, u32 length in bytes, the
 * padding, the bytes.
 */
export const BINARY = 0xcb;
/** Boxed primitive: the primitive. */
export const BOXED = 0xcc;
/** Handle: text kind, then the plain value that names it. */
export const HANDLE = 0xcd;
/** Object that travels beside the message: f64 id. */
export const ATTACHED = 0xce;
/** On the first byte only, added to an object's tag: this message holds references. */
export const GRAPH = 0x20;

/**
 * Objects inside objects deeper than this are refused on both sides. A stack that was empty at the call
 * takes them even before the engine has optimized anything; a fuller one ends in the same errors.
 */
export const MAX_DEPTH = 1200;
