// Runs in: any isolate
/**
 * What there is to read, and how it is cut into batches: small files together, big ones in pieces that
 * end at line ends.
 *
 * @module
 */
/** A part of a file, most often all of it. */
export interface Piece {
  /** Its path. */
  readonly path: string;
  /** First byte. */
  readonly from: number;
  /** Byte after the last. */
  readonly to: number;
}

/** What one task reads. */
export type Batch = readonly Piece[];

/** All files of a folder. */
export interface Listing {
  /** Paths and sizes. */
  readonly files: readonly { readonly path: string; readonly size: number }[];
  /** Their bytes. */
  readonly bytes: number;
  /** Folders and files that cannot be looked into. */
  readonly unreadable: readonly string[];
}

const SKIPPED = new Set([".git", "node_modules"]);
/** Most bytes of a batch: large, so that adding up results is little work beside counting. */
const MOST_OF_BATCH = 16 << 20;
/** Fewest, if there is that much to read. */
const LEAST_OF_BATCH = 1 << 20;
/** Most bytes of a piece: few, so that what becomes of its text is cheap to collect. */
const MOST_OF_PIECE = 64 << 10;
/** How far to look for the end of a line. */
const WINDOW = 4 << 10;
const [NEWLINE, BLANK] = [10, 32];
/** No piece has more bytes. */
export const LONGEST_PIECE = MOST_OF_PIECE + WINDOW;

/** Lists the files of a folder, in the order of their paths. Links are not followed. */
export function list(root: string): Listing {
  const files: { path: string; size: number }[] = [];
  const unreadable: string[] = [];
  const visit = (folder: string) => {
    const entries = [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1);
    for (const { name, isDirectory, isFile } of entries) {
      const path = `${folder}/${name}`;
      try {
        if (isDirectory && !SKIPPED.has(name)) visit(path);
        else if (isFile) files.push({ path, size: Deno.lstatSync(path).size });
      } catch {
        unreadable.push(path);
      }
    }
  };
  visit(root.replace(/(?<=.)\/+$/, ""));
  return { files, bytes: files.reduce((sum, { size }) => sum + size, 0), unreadable };
}

/**
 * Cuts files into batches, each one of `parts` equal parts of what is left: large ones first, small ones
 * last, so that all workers end together. Lazy: a big file is looked into when its turn comes.
 */
export function* cut({ files, bytes }: Listing, parts: number): Generator<Batch> {
  const least = Math.min(LEAST_OF_BATCH, Math.ceil(bytes / parts / 4));
  const sizeOf = (left: number) =>
    Math.min(MOST_OF_BATCH, Math.max(least, Math.ceil(left / parts)));
  let left = bytes;
  let most = sizeOf(left);
  let batch: Piece[] = [];
  let filled = 0;
  for (const { path, size } of files) {
    for (const piece of pieces(path, size, Math.min(most, MOST_OF_PIECE))) {
      const length = piece.to - piece.from;
      if (filled > 0 && filled + length > most) {
        yield batch;
        most = sizeOf(left);
        batch = [];
        filled = 0;
      }
      batch.push(piece);
      filled += length;
      left -= length;
    }
  }
  if (batch.length > 0) yield batch;
}

/** The pieces of a file: about `most` bytes each, cut after a line, or at least between two words. */
function* pieces(path: string, size: number, most: number): Generator<Piece> {
  let from = 0;
  while (size - from > most + WINDOW) {
    const to = lineEnd(path, from + most) ?? size;
    yield { path, from, to };
    from = to;
  }
  if (from < size || size === 0) yield { path, from, to: size };
}

/** Where to cut a file, a little after `at`; `undefined` when it cannot be read. */
function lineEnd(path: string, at: number): number | undefined {
  const window = new Uint8Array(WINDOW);
  let length: number;
  try {
    using file = Deno.openSync(path);
    file.seekSync(at, Deno.SeekMode.Start);
    length = file.readSync(window) ?? 0;
  } catch {
    return undefined;
  }
  const seen = window.subarray(0, length);
  const line = seen.indexOf(NEWLINE);
  if (line >= 0) return at + line + 1;
  const gap = seen.indexOf(BLANK);
  return at + (gap >= 0 ? gap : length);
}
