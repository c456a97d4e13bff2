// Runs in: owner
/**
 * Writes a log of requests, the same for the same size: a few sections get most of them, and some lines are
 * broken.
 *
 * @module
 */

const SECTIONS = ["shop", "blog", "api", "search", "account", "help", "media", "admin"];
const BROKEN_EVERY = 1000;
const PART = 1 << 20;

/** Writes about `megabytes` of log to a file. */
export function makeLog(path: string, megabytes: number): void {
  using file = Deno.openSync(path, { write: true, create: true, truncate: true });
  const encoder = new TextEncoder();
  const random = randomOf(1);
  let lines = 0;
  for (let left = megabytes * PART; left > 0;) {
    let text = "";
    while (text.length < Math.min(PART, left)) text += lineOf(random, lines++);
    const bytes = encoder.encode(text);
    for (let from = 0; from < bytes.length;) from += file.writeSync(bytes.subarray(from));
    left -= bytes.length;
  }
}

function lineOf(random: () => number, n: number): string {
  if (n % BROKEN_EVERY === BROKEN_EVERY - 1) return `connection ${n} was reset\n`;
  const section = SECTIONS[Math.floor(random() ** 2 * SECTIONS.length)];
  const status = random() < 0.02 ? 503 : random() < 0.1 ? 404 : 200;
  const time = new Date(1_767_225_600_000 + n * 37).toISOString();
  const ms = Math.floor(5 / (random() + 0.002));
  const bytes = Math.floor(random() * 50_000);
  return `${time} GET /${section}/${Math.floor(random() * 5000)} ${status} ${bytes} ${ms}ms\n`;
}

/** Numbers from 0 up to 1 (mulberry32). */
function randomOf(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
