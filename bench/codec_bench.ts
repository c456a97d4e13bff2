/**
 * The message codec against JSON, the structured clone and the codecs of npm that resolve.
 * Prints nanoseconds for encode + decode (median of the rounds, all rivals taking turns) and how many
 * times longer each rival takes.
 *
 * Run: `deno run --no-lock -A bench/codec_bench.ts`
 */
import { encodeInto } from "../channels/codec/encoder.ts";
import { decode } from "../channels/codec/decoder.ts";

interface Rival {
  readonly name: string;
  roundTrip(value: unknown): unknown;
}

const ROUNDS = 9;
const ROUND_MS = 12;
const CELL = 1 << 20;
const arena = new Uint8Array(new SharedArrayBuffer(256 << 20));

const line = (i: number) => ({ sku: `sku-${i}`, count: i, price: i + 0.5, tax: true });
const SAMPLES: Readonly<Record<string, (i: number) => unknown>> = {
  "number": (i) => i,
  "double": (i) => i + 0.5,
  "20-character string": (i) => `order-number-${1_000_000 + i}`,
  "1 KiB string": (i) => `${i % 10}`.repeat(1024),
  "small object": (i) => ({
    type: "add",
    id: i,
    user: "alice",
    values: [1, 2, 3, i + 0.5],
    nested: { ok: true, at: 1_700_000_000_000 + i },
  }),
  "medium object": (i) => ({
    id: i,
    at: "2026-01-01T00:00:00Z",
    customer: { name: "Ada Lovelace", city: "London", vip: true },
    lines: Array.from({ length: 10 }, (_, n) => line(n + i)),
  }),
  "1,000 integers": (i) => Array.from({ length: 1000 }, (_, n) => n * i),
  "200 small objects": (i) => Array.from({ length: 200 }, (_, n) => line(n + i)),
  "map of 20": (i) => new Map(Array.from({ length: 20 }, (_, n) => [`key-${n}`, n + i])),
  "1 KiB bytes": (i) => new Uint8Array(1024).fill(i),
  "error": (i) => new TypeError(`no ${i}`),
};

async function rivals(): Promise<Rival[]> {
  const found: Rival[] = [
    {
      name: "troupe",
      roundTrip: (value) => decode(arena, CELL, encodeInto(arena, CELL, 2 * CELL, value)),
    },
    { name: "JSON", roundTrip: (value) => JSON.parse(JSON.stringify(value)) },
    { name: "structuredClone", roundTrip: (value) => structuredClone(value) },
  ];
  for (const name of ["msgpackr", "@msgpack/msgpack", "cbor-x"]) {
    try {
      const { encode, decode } = await import(`npm:${name}`);
      found.push({ name, roundTrip: (value) => decode(encode(value)) });
    } catch {
      console.log(`(${name} could not be loaded and is left out)`);
    }
  }
  return found;
}

/** Nanoseconds for one round trip; `undefined` when the rival cannot carry the value. */
function measure(rival: Rival, values: readonly unknown[]): number | undefined {
  try {
    let calls = 0;
    const start = performance.now();
    let now = start;
    while (now - start < ROUND_MS) {
      for (let i = 0; i < values.length; i++) rival.roundTrip(values[i]);
      calls += values.length;
      now = performance.now();
    }
    return (now - start) * 1e6 / calls;
  } catch {
    return undefined;
  }
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}

if (import.meta.main) {
  const all = await rivals();
  console.log("ns for encode + decode".padEnd(22), ...all.map((r) => r.name.padStart(20)));
  // All kinds first, so that no rival is measured while it has seen one kind only.
  const samples = Object.entries(SAMPLES)
    .map(([name, make]) => ({ name, values: Array.from({ length: 64 }, (_, i) => make(i)) }));
  for (const { values } of samples) for (const rival of all) measure(rival, values);
  for (const { name, values } of samples) {
    const times = all.map((): number[] => []);
    for (let round = 0; round < ROUNDS; round++) {
      all.forEach((rival, i) => {
        const time = measure(rival, values);
        if (time !== undefined) times[i].push(time);
      });
    }
    const own = median(times[0]);
    const cells = times.map((list, i) => {
      if (list.length < ROUNDS) return "-";
      const time = median(list);
      return i === 0 ? time.toFixed(0) : `${time.toFixed(0)} (${(time / own).toFixed(1)}x)`;
    });
    console.log(name.padEnd(22), ...cells.map((cell) => cell.padStart(20)));
  }
}
