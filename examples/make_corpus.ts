// Runs in: owner
/**
 * Makes a folder of text to index: the same for the same arguments, with words as frequent as in real
 * texts, many files of all sizes, and one large file.
 *
 * `deno run --allow-write=<folder> examples/make_corpus.ts <folder> <megabytes>`
 *
 * @module
 */

const WORDS = 60_000;
const LARGE = 100 << 20;
const FILES_IN_FOLDER = 200;

/** Writes about `megabytes` of text into `folder`. */
export function makeCorpus(folder: string, megabytes: number): void {
  const text = new Text(20_260_101);
  let left = megabytes << 20;
  const large = Math.min(LARGE, Math.floor(left / 5));
  Deno.mkdirSync(folder, { recursive: true });
  writeLarge(`${folder}/large.txt`, text, large);
  left -= large;
  for (let n = 0; left > 0; n++) {
    const inner = `${folder}/${String(Math.floor(n / FILES_IN_FOLDER)).padStart(4, "0")}`;
    if (n % FILES_IN_FOLDER === 0) Deno.mkdirSync(inner, { recursive: true });
    const size = Math.min(left, Math.round(1024 * 2 ** (text.random() * 10)));
    Deno.writeFileSync(`${inner}/${String(n).padStart(6, "0")}.txt`, text.take(size));
    left -= size;
  }
}

function writeLarge(path: string, text: Text, bytes: number): void {
  using file = Deno.openSync(path, { write: true, create: true, truncate: true });
  for (let left = bytes; left > 0;) {
    const part = text.take(Math.min(left, 1 << 20));
    for (let from = 0; from < part.length;) from += file.writeSync(part.subarray(from));
    left -= part.length;
  }
}

/** Random text: the n-th word comes about 1/n times as often as the first. */
class Text {
  readonly #words: Uint8Array[];
  readonly #sums: Float64Array;
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
    const encoder = new TextEncoder();
    this.#words = Array.from({ length: WORDS }, (_, n) => encoder.encode(this.#word(n)));
    let sum = 0;
    this.#sums = Float64Array.from({ length: WORDS }, (_, n) => sum += 1 / (n + 2.7));
  }

  /** From 0 up to 1 (mulberry32). */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** The next `size` bytes: lines of about ten words, the last one cut short. */
  take(size: number): Uint8Array {
    const bytes = new Uint8Array(size);
    let line = 0;
    for (let at = 0; at < size;) {
      const word = this.#words[this.#index()];
      bytes.set(word.subarray(0, size - at), at);
      if (line === 0 && bytes[at] >= 97 && bytes[at] <= 122) bytes[at] -= 32;
      at += word.length;
      const isEnd = line > 5 && this.random() < 0.2;
      line = isEnd ? 0 : line + 1;
      for (const sign of isEnd ? ".\n" : " ") if (at < size) bytes[at++] = sign.charCodeAt(0);
    }
    if (size > 0) bytes[size - 1] = 10;
    return bytes;
  }

  #index(): number {
    const wanted = this.random() * this.#sums[WORDS - 1];
    let [low, high] = [0, WORDS - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#sums[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Frequent words are short; one in fifty is not of ASCII letters only. */
  #word(n: number): string {
    const syllables = 1 + Math.floor(Math.log10(n + 1) * (0.5 + this.random() / 2));
    let word = "";
    for (let count = 0; count < syllables; count++) {
      word += "bcdfghklmnprstvw"[Math.floor(this.random() * 16)];
      word += "aeiou"[Math.floor(this.random() * 5)];
      if (this.random() < 0.4) word += "lnrst"[Math.floor(this.random() * 5)];
    }
    return n % 50 === 49 ? `${word}é` : word;
  }
}

if (import.meta.main) {
  const [folder, megabytes] = Deno.args;
  if (folder === undefined || !(Number(megabytes) > 0)) {
    console.error("Usage: make_corpus.ts <folder> <megabytes>");
    Deno.exit(1);
  }
  makeCorpus(folder, Number(megabytes));
}
