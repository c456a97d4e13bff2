// Runs in: any isolate
/**
 * Reading a batch and counting its words: what the workers do, and the plain pass as well.
 *
 * @module
 */
import { task } from "@troupe/troupe";
import type { Batch, Piece } from "./batches.ts";
import { countWords } from "./tokenise.ts";
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
let buffer = new Uint8Array(1 << 20);

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

function countPiece(table: TermTable, piece: Piece, figures: Figures): void {
  using file = Deno.openSync(piece.path);
  const isText = piece.from === 0 || !isBinary(file);
  const length = read(file, piece);
  if (!isText || (piece.from === 0 && buffer.subarray(0, Math.min(HEAD, length)).includes(0))) {
    if (piece.from === 0) figures.binaries++;
    return;
  }
  if (piece.from === 0) figures.files++;
  figures.bytes += length;
  figures.tokens += countWords(buffer, 0, length, table);
}

function isBinary(file: Deno.FsFile): boolean {
  const length = file.readSync(buffer.subarray(0, HEAD)) ?? 0;
  return buffer.subarray(0, length).includes(0);
}

/** Reads a piece to the start of the buffer; gives its length. */
function read(file: Deno.FsFile, { from, to }: Piece): number {
  if (buffer.length < to - from) buffer = new Uint8Array(to - from);
  if (from > 0) file.seekSync(from, Deno.SeekMode.Start);
  let length = 0;
  while (length < to - from) {
    const got = file.readSync(buffer.subarray(length, to - from));
    if (got === null) break;
    length += got;
  }
  return length;
}
