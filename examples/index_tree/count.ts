// Runs in: any isolate
/**
 * Reading a batch and counting its words: what the workers do, and the plain pass as well.
 *
 * @module
 */
import { task } from "@troupe/troupe";
import type { Batch, Piece } from "./batches.ts";
import { countWords, isSeparator } from "./tokenise.ts";
import { type PackedTerms, TermTable } from "./terms.ts";

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

/** How far to look for a zero byte, which no text has. */
const HEAD = 8000;
const buffer = new Uint8Array(256 << 10);

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

/** Counts the words of a batch into a table. */
export function countInto(table: TermTable, batch: Batch): Figures {
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

/** Each worker has one table, which knows most terms of the next batch already. */
const own = new TermTable();

/** A task: counts the words of a batch. */
export const countBatch = task(
  import.meta,
  "countBatch",
  (batch: Batch): { figures: Figures; terms: PackedTerms; read: number } => {
    const figures = countInto(own, batch);
    const read = batch.reduce((sum, { from, to }) => sum + to - from, 0);
    return { figures, terms: own.takeCounts(), read };
  },
);

/** Counts a piece as it is read, a buffer at a time: what was just read is still in the cache. */
function countPiece(table: TermTable, piece: Piece, figures: Figures): void {
  using file = Deno.openSync(piece.path);
  let isText = piece.from === 0 || !isBinary(file);
  if (piece.from > 0) file.seekSync(piece.from, Deno.SeekMode.Start);
  let kept = 0;
  for (let at = piece.from; isText;) {
    const got = file.readSync(buffer.subarray(kept, Math.min(buffer.length, kept + piece.to - at)));
    if (at === 0) isText = !buffer.subarray(0, Math.min(HEAD, got ?? 0)).includes(0);
    if (at === 0 && isText) figures.files++;
    if (!isText) break;
    at += got ?? 0;
    const length = kept + (got ?? 0);
    const isLast = got === null || at >= piece.to;
    const end = isLast ? length : lastSeparator(length);
    figures.tokens += countWords(buffer, 0, end, table);
    figures.bytes += got ?? 0;
    if (isLast) return;
    buffer.copyWithin(0, end, length);
    kept = length - end;
  }
  if (piece.from === 0) figures.binaries++;
}

/** Where the last word in the buffer, which may go on, begins. */
function lastSeparator(length: number): number {
  let end = length;
  while (end > 0 && !isSeparator(buffer[end - 1])) end--;
  return end === 0 ? length : end - 1;
}

function isBinary(file: Deno.FsFile): boolean {
  const length = file.readSync(buffer.subarray(0, HEAD)) ?? 0;
  return buffer.subarray(0, length).includes(0);
}
