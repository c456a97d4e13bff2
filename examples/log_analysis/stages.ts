// Runs in: any isolate
/**
 * The stages of the log analysis, which workers run: a block of the file becomes its lines, records, and
 * sums by section.
 *
 * @module
 */
import { task } from "@troupe/troupe";

/** A part of the file: the lines that begin in it. */
export interface Block {
  readonly path: string;
  readonly from: number;
  readonly to: number;
}

/** One request. */
interface Request {
  readonly path: string;
  readonly status: number;
  readonly bytes: number;
  readonly ms: number;
}

/** One request, and what follows from it. */
interface Enriched extends Request {
  readonly section: string;
  readonly isError: boolean;
}

/** Sums over requests. */
export interface Sums {
  requests: number;
  errors: number;
  bytes: number;
  ms: number;
  slowest: number;
}

/** What a block comes to. */
export interface Summary {
  readonly sections: Map<string, Sums>;
  readonly requests: number;
  /** Lines that are no request. */
  readonly skipped: number;
}

/** Longest line, in bytes. */
const LONGEST = 64 << 10;
const NEWLINE = 10;

/** The lines that begin in a block. */
export const readLines = task(import.meta, function readLines({ path, from, to }: Block): string[] {
  using file = Deno.openSync(path);
  const start = Math.max(0, from - 1);
  file.seekSync(start, Deno.SeekMode.Start);
  const bytes = readFully(file, to - start + LONGEST);
  const first = from === 0 ? 0 : bytes.indexOf(NEWLINE) + 1;
  const last = bytes.indexOf(NEWLINE, to - start - 1);
  const end = last < 0 ? bytes.length : last;
  if (first >= end || first > to - start) return [];
  return new TextDecoder().decode(bytes.subarray(first, end)).split("\n");
});

function readFully(file: Deno.FsFile, most: number): Uint8Array {
  const bytes = new Uint8Array(most);
  let length = 0;
  for (let read; length < most && (read = file.readSync(bytes.subarray(length))) !== null;) {
    length += read;
  }
  return bytes.subarray(0, length);
}

const LINE = /^\S+ [A-Z]+ (\/\S*) (\d{3}) (\d+) (\d+)ms/;

/** Requests; `null` for a line that is none. */
export const parse = task(
  import.meta,
  function parse(lines: string[]): (Request | null)[] {
    return lines.map((line) => {
      const found = LINE.exec(line);
      if (found === null) return null;
      return { path: found[1], status: +found[2], bytes: +found[3], ms: +found[4] };
    });
  },
);

/** What follows from each request: the section of the site, and whether it failed. */
export const enrich = task(
  import.meta,
  function enrich(requests: (Request | null)[]): (Enriched | null)[] {
    return requests.map((request) => {
      if (request === null) return null;
      const end = request.path.indexOf("/", 1);
      const section = end < 0 ? request.path : request.path.slice(0, end);
      return { ...request, section, isError: request.status >= 500 };
    });
  },
);

/** Sums by section. */
export const summarise = task(
  import.meta,
  function summarise(requests: (Enriched | null)[]): Summary {
    const sections = new Map<string, Sums>();
    let skipped = 0;
    for (const request of requests) {
      if (request === null) skipped++;
      else {
        const { section, bytes, ms, isError } = request;
        add(sections, section, { requests: 1, errors: +isError, bytes, ms, slowest: ms });
      }
    }
    return { sections, requests: requests.length - skipped, skipped };
  },
);

/** Adds to the sums of a section. */
export function add(sections: Map<string, Sums>, section: string, more: Sums): void {
  const sums = sections.get(section);
  if (sums === undefined) return void sections.set(section, { ...more });
  sums.requests += more.requests;
  sums.errors += more.errors;
  sums.bytes += more.bytes;
  sums.ms += more.ms;
  sums.slowest = Math.max(sums.slowest, more.slowest);
}
