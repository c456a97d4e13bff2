/**
 * Mutates frames and feeds them to a decoder. A decoder may return or throw an error it is known for.
 * It must not hang, take memory out of proportion, pollute a prototype, change its input, or throw
 * anything else. Six bad decoders prove that the harness sees each of these.
 */

/** Anything that reads a frame. */
export type Decoder = (bytes: Uint8Array) => unknown;

/** What {@linkcode fuzz} is told. */
export interface FuzzOptions {
  /** How many mutated frames. */
  readonly iterations: number;
  /** Same seed, same frames. */
  readonly seed?: number;
  /** A frame that takes longer three times in a row hangs, in milliseconds. */
  readonly slowMs?: number;
  /** Largest result, in bytes for each byte of the frame (and 64 more). */
  readonly maxBlowUp?: number;
  /** Whether the decoder may throw this error; any `Error` by default. */
  allowed?(error: unknown): boolean;
  /** Stop at the first fault. */
  readonly untilFault?: boolean;
}

/** What {@linkcode fuzz} saw. */
export interface FuzzReport {
  /** Frames tried. */
  iterations: number;
  /** Frames that decoded to something. */
  returned: number;
  /** Frames that were refused. */
  threw: number;
  /** Faults by kind, with the frame in hexadecimal. */
  readonly faults: Map<Fault, string[]>;
}

/** What a decoder must not do. */
export type Fault = "hang" | "blow-up" | "pollution" | "changed input" | "foreign error";

/** Feeds mutations of `corpus` to `decode`. The corpus itself must decode. */
export function fuzz(decode: Decoder, corpus: readonly Uint8Array[], o: FuzzOptions): FuzzReport {
  const random = randomNumbers(o.seed ?? 1);
  const pick = () => corpus[Math.floor(random() * corpus.length)];
  const report: FuzzReport = { iterations: 0, returned: 0, threw: 0, faults: new Map() };
  for (const frame of corpus) decode(frame.slice());
  const restore = watchPrototypes();
  while (report.iterations < o.iterations && !(o.untilFault && report.faults.size > 0)) {
    const frame = mutate(random, pick(), pick());
    report.iterations++;
    for (const fault of tryFrame(decode, frame, o, report)) {
      report.faults.set(fault, [...report.faults.get(fault) ?? [], hex(frame)]);
    }
    if (restore()) report.faults.set("pollution", [hex(frame)]);
  }
  return report;
}

function* tryFrame(decode: Decoder, frame: Uint8Array, o: FuzzOptions, report: FuzzReport) {
  const given = frame.slice();
  const start = performance.now();
  let value: unknown;
  try {
    value = decode(given);
    report.returned++;
  } catch (error) {
    report.threw++;
    const allowed = o.allowed ?? ((error: unknown) => error instanceof Error);
    if (!allowed(error)) yield "foreign error" as const;
  }
  const slowMs = o.slowMs ?? 100;
  if (performance.now() - start > slowMs && isSlow(decode, frame, slowMs)) yield "hang" as const;
  if (sizeOf(value) > (o.maxBlowUp ?? 1024) * (frame.length + 64)) yield "blow-up" as const;
  if (given.length !== frame.length || given.some((byte, i) => byte !== frame[i])) {
    yield "changed input" as const;
  }
  if (hasForeignPrototype(value)) yield "pollution" as const;
}

/** Twice more, so that a busy machine is not taken for a hang. */
function isSlow(decode: Decoder, frame: Uint8Array, slowMs: number): boolean {
  return [1, 2].every(() => {
    const start = performance.now();
    try {
      decode(frame.slice());
    } catch {
      // Only the time counts here.
    }
    return performance.now() - start > slowMs;
  });
}

const NAMES = ["__proto__", "prototype", "toString", "length", "then", "valueOf"];
const LENGTHS = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1_0000, 0xffff, 0x7fff];
const MAX_FRAME = 1 << 16;

/** A frame like `frame` with one to four faults, some taken from `other`. */
export function mutate(random: () => number, frame: Uint8Array, other: Uint8Array): Uint8Array {
  let bytes = frame.slice();
  for (let n = 1 + Math.floor(random() * 4); n > 0; n--) {
    const mutation = MUTATIONS[Math.floor(random() * MUTATIONS.length)];
    const below = (limit: number) => Math.floor(random() * limit);
    if (bytes.length > 0) bytes = mutation(bytes, below, other).slice(0, MAX_FRAME);
  }
  return bytes;
}

type Mutation = (
  bytes: Uint8Array<ArrayBuffer>,
  below: (limit: number) => number,
  other: Uint8Array,
) => Uint8Array<ArrayBuffer>;

const MUTATIONS: readonly Mutation[] = [
  function flipBit(bytes, below) {
    bytes[below(bytes.length)] ^= 1 << below(8);
    return bytes;
  },
  function setByte(bytes, below) {
    bytes[below(bytes.length)] = below(256);
    return bytes;
  },
  function cutTail(bytes, below) {
    return bytes.slice(0, below(bytes.length));
  },
  function cutHead(bytes, below) {
    return bytes.slice(below(bytes.length));
  },
  function insert(bytes, below) {
    const at = below(bytes.length);
    const noise = Uint8Array.from({ length: 1 + below(16) }, () => below(256));
    return joined(bytes.subarray(0, at), noise, bytes.subarray(at));
  },
  function setLength32(bytes, below) {
    if (bytes.length < 4) return bytes;
    const view = new DataView(bytes.buffer);
    const length = [...LENGTHS, bytes.length, bytes.length + 1][below(LENGTHS.length + 2)];
    view.setUint32(below(bytes.length - 3), length, below(2) === 0);
    return bytes;
  },
  function setLength16(bytes, below) {
    if (bytes.length < 2) return bytes;
    const view = new DataView(bytes.buffer);
    view.setUint16(below(bytes.length - 1), LENGTHS[below(LENGTHS.length)], below(2) === 0);
    return bytes;
  },
  function splice(bytes, below, other) {
    return joined(bytes.subarray(0, below(bytes.length)), other.subarray(below(other.length)));
  },
  function repeat(bytes, below) {
    const at = below(bytes.length);
    const piece = bytes.subarray(at, at + below(32));
    const copies = Array.from({ length: 1 + below(200) }, () => piece);
    return joined(bytes.subarray(0, at), ...copies, bytes.subarray(at));
  },
  function hostileName(bytes, below) {
    const name = new TextEncoder().encode(NAMES[below(NAMES.length)]);
    if (bytes.length > name.length) bytes.set(name, below(bytes.length - name.length));
    return bytes;
  },
  function fill(bytes, below) {
    const at = below(bytes.length);
    return bytes.fill(below(256), at, at + below(64));
  },
];

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Repeatable random numbers in [0, 1) (mulberry32). */
export function randomNumbers(seed: number): () => number {
  return () => {
    seed = seed + 0x6d2b79f5 | 0;
    let t = Math.imul(seed ^ seed >>> 15, 1 | seed);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 4294967296;
  };
}

/** Call the result: whether a built-in prototype has changed since; puts right what was added. */
export function watchPrototypes(): () => boolean {
  const kinds = [Object, Array, Function, Map, Set, Uint8Array, Promise, Error, RegExp, Date];
  const before = kinds.map(({ prototype }) => new Map(entriesOf(prototype)));
  return () => {
    let changed = false;
    kinds.forEach(({ prototype }, i) => {
      for (const [key, value] of entriesOf(prototype)) {
        if (before[i].has(key) && before[i].get(key) === value) continue;
        changed = true;
        if (!before[i].has(key)) Reflect.deleteProperty(prototype, key);
      }
    });
    return changed;
  };
}

function entriesOf(prototype: object): [PropertyKey, unknown][] {
  return Reflect.ownKeys(prototype)
    .map((key) => [key, Object.getOwnPropertyDescriptor(prototype, key)?.value]);
}

/** Bytes that a value takes, roughly, its first levels counted. */
function sizeOf(value: unknown, depth = 0): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null || depth > 3) return 8;
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return value.byteLength;
  if (Array.isArray(value)) {
    // Only what is there costs memory: a sparse array of length 4e9 is a small table.
    const elements = Object.keys(value).length * 8;
    return elements + value.slice(0, 8).reduce((sum, each) => sum + sizeOf(each, depth + 1), 0);
  }
  if (value instanceof Map || value instanceof Set) return value.size * 16;
  return 8;
}

/** Whether a plain object has a prototype that came with the frame. */
function hasForeignPrototype(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype !== null && prototype !== Object.prototype &&
    prototype.constructor === Object && Object.getPrototypeOf(prototype) === Object.prototype;
}

function hex(bytes: Uint8Array): string {
  return bytes.length > 64 ? `${bytes.slice(0, 64).toHex()}… (${bytes.length})` : bytes.toHex();
}

// The rest proves the harness. Frame: u8 type, u32 length, body; type 1 JSON, 2 bytes, 3 frames.

function frame(type: number, ...body: readonly Uint8Array[]): Uint8Array {
  const bytes = joined(new Uint8Array(5), ...body);
  bytes[0] = type;
  new DataView(bytes.buffer).setUint32(1, bytes.length - 5);
  return bytes;
}

const json = (text: string) => frame(1, new TextEncoder().encode(text));

/** Frames of the little format that the decoders below read. */
export const SAMPLE_FRAMES: readonly Uint8Array[] = [
  json('{"a":1,"b":[1,2,{"c":"x"}]}'),
  json('{"__proto__":{"q":1},"constructor":{"prototype":{"zz":1}}}'),
  frame(2, new Uint8Array(100).map((_, i) => 100 - i)),
  frame(3, json("1"), frame(2, new Uint8Array(9)), frame(3, json("[1]"))),
  frame(3),
  json("[]"),
];

/** A decoder with no fault. */
export function goodDecoder(bytes: Uint8Array, depth = 0): unknown {
  if (depth > 32) throw new RangeError("too deep");
  if (bytes.length < 5) throw new RangeError("too short");
  const body = bytes.subarray(5);
  if (lengthAt(bytes, 0) !== body.length) throw new RangeError("length");
  if (bytes[0] === 1) return JSON.parse(new TextDecoder().decode(body));
  if (bytes[0] === 2) return body.slice();
  if (bytes[0] !== 3) throw new TypeError("type");
  const list: unknown[] = [];
  for (let at = 0; at < body.length;) {
    if (at + 5 > body.length) throw new RangeError("too short");
    const end = at + 5 + lengthAt(body, at);
    if (end > body.length) throw new RangeError("length");
    list.push(goodDecoder(body.subarray(at, end), depth + 1));
    at = end;
  }
  return list;
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at + 1);
}

type Tree = Record<string, unknown>;

function merge(into: Tree, from: Tree): void {
  for (const [key, value] of Object.entries(from)) {
    if (typeof value === "object" && value !== null) {
      merge((into[key] ??= {}) as Tree, value as Tree);
    } else into[key] = value;
  }
}

/** Decoders with one fault each, and the fault. */
export const BAD_DECODERS: Readonly<Record<string, readonly [Fault, Decoder]>> = {
  "takes the claimed length": ["blow-up", (bytes) => {
    const copy = new Uint8Array(Math.min(lengthAt(bytes, 0), 1 << 26));
    copy.set(bytes.subarray(5, 5 + copy.length));
    return copy;
  }],
  "spins on a zero length": ["hang", (bytes) => {
    let at = 0;
    for (let turns = 0; at + 5 <= bytes.length && turns < 2e8; turns++) {
      const length = bytes[at + 1] << 24 | bytes[at + 2] << 16 | bytes[at + 3] << 8 | bytes[at + 4];
      at += bytes[at] === 3 ? 5 : length === 0 ? 0 : 5 + (length >>> 0);
    }
    return at;
  }],
  "merges into a prototype": ["pollution", (bytes) => {
    const value = goodDecoder(bytes);
    if (typeof value === "object" && value !== null) merge({}, value as Tree);
    return value;
  }],
  "takes a prototype from the wire": ["pollution", (bytes) => {
    const value = goodDecoder(bytes) as Tree;
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, "__proto__")) {
      return value;
    }
    return Object.setPrototypeOf({}, value["__proto__"] as object);
  }],
  "sorts its input": ["changed input", (bytes) => {
    const value = goodDecoder(bytes);
    if (bytes[0] === 2) bytes.sort();
    return value;
  }],
  "throws a string": ["foreign error", (bytes) => {
    try {
      return goodDecoder(bytes);
    } catch {
      throw "bad frame";
    }
  }],
};
