// Runs in: any isolate
/**
 * Reading a batch and counting its words: what the workers do, and the plain pass as well.
 *
 * @module
 */
import { task } from "@troupe/troupe";
import { type Batch, LONGEST_PIECE, type Piece } from "./batches.ts";
import { type News, WordTable } from "./words.ts";

/** What was read. */
export interface Figures {
  /** Text files; one in several pieces counts with its first. */
  files: number;
  /** Files that are no text. */
  binaries: number;
  /** Words. */
  tokens: number;
  /** Bytes of text. */
  bytes: number;
  /** Files that could not be read. */
  readonly unreadable: string[];
}

/** What a task found. */
export interface Counted {
  readonly figures: Figures;
  readonly news: News;
  /** Bytes that it looked at, of text or not. */
  readonly read: number;
}

/** What is read lies here until it is counted. */
const buffer = new Uint8Array(LONGEST_PIECE);
/** How far to look for a zero byte, which no text has. */
const HEAD = 8000;
const decoder = new TextDecoder();

/** Nothing read. */
export function noFigures(): Figures {
  return { files: 0, binaries: 0, tokens: 0, bytes: 0, unreadable: [] };
}

/** Adds figures to others. */
export function addFigures(sum: Figures, more: Figures): void {
  sum.files += more.files;
  sum.binaries += more.binaries;
  sum.tokens += more.tokens;
  sum.bytes += more.bytes;
  sum.unreadable.push(...more.unreadable);
}

/** Counts the words of a batch. */
export function countInto(table: WordTable, batch: Batch): Figures {
  const figures = noFigures();
  for (const piece of batch) {
    try {
      countPiece(table, piece, figures);
    } catch {
      if (piece.from === 0) figures.unreadable.push(piece.path);
    }
  }
  return figures;
}

/** Each worker has one table, which knows most words of the next batch already. */
const own = new WordTable();

/** A task: counts the words of a batch. */
export const countBatch = task(import.meta, "countBatch", (batch: Batch): Counted => {
  const figures = countInto(own, batch);
  const read = batch.reduce((sum, { from, to }) => sum + to - from, 0);
  return { figures, news: own.takeNews(), read };
});

function countPiece(table: WordTable, { path, from, to }: Piece, figures: Figures): void {
  using file = Deno.openSync(path);
  const isText = !read(file, 0, HEAD).includes(0);
  if (from === 0) isText ? figures.files++ : figures.binaries++;
  if (!isText) return;
  const bytes = read(file, from, to);
  figures.bytes += bytes.length;
  figures.tokens += table.count(decoder.decode(bytes));
}

/** The bytes `from .. to` of a file, fewer when it ends before. */
function read(file: Deno.FsFile, from: number, to: number): Uint8Array {
  const bytes = buffer.subarray(0, to - from);
  file.seekSync(from, Deno.SeekMode.Start);
  let length = 0;
  while (length < bytes.length) {
    const got = file.readSync(bytes.subarray(length));
    if (got === null) break;
    length += got;
  }
  return bytes.subarray(0, length);
}
