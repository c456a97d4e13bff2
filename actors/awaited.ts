// Runs in: any isolate
/**
 * What this isolate waits to hear from others: replies, streamed replies, starts. Each has a number
 * that its letters carry. When an isolate or actor ends, all that waited for it are told.
 *
 * - I1: each entry is settled once: by its letter, by its owner who gives up, or by the end of the one
 *   who should have written.
 * - I2: letters that were sent before the end are read before the end counts.
 * - I3: a letter whose entry is gone is dropped and counted.
 *
 * @module
 */
import { ExitError } from "../errors.ts";
import type { Isolate } from "../memory/isolate.ts";
import type { Ending } from "../memory/slots.ts";
import { Numbered } from "./numbered.ts";
import { END, FAILURE, type Inbox, ITEM, type Received, REPLY } from "./inbox.ts";

/** One thing waited for. */
export interface Awaited {
  /** For errors: who should answer. */
  readonly who: string;
  /** How it ended, once it has. */
  ending(): Ending | undefined;
  /** Whether it may have begun to do what was asked. */
  maybeExecuted(): boolean;
  /** Hears a letter; `true` when that was the last one. */
  hear(letter: Received): boolean;
  /** Is told that nothing will come. */
  fail(error: Error): void;
  /** It does not keep the program alive. */
  readonly background?: boolean;
}

/** All that this isolate waits to hear. */
export class AwaitedLetters {
  readonly #isolate: Isolate;
  readonly #inbox: Inbox;
  readonly #entries = new Numbered<Awaited>();
  #late = 0;

  /** Listens to `inbox`. */
  constructor(isolate: Isolate, inbox: Inbox) {
    this.#isolate = isolate;
    this.#inbox = inbox;
    const hear = (letter: Received) => this.#hear(letter);
    for (const kind of [REPLY, FAILURE, ITEM, END]) inbox.on(kind, hear);
  }

  /** Starts to wait; gives the number for the letters. */
  add(awaited: Awaited): number {
    if (!awaited.background) this.#isolate.park.keepAlive.add();
    return this.#entries.add(awaited);
  }

  /** Stops waiting; `false` when it was settled before. */
  remove(id: number): boolean {
    const awaited = this.#entries.get(id);
    if (awaited === undefined) return false;
    this.#entries.delete(id);
    if (!awaited.background) this.#isolate.park.keepAlive.remove();
    return true;
  }

  /** How many letters came for which nobody waited any more. */
  get late(): number {
    return this.#late;
  }

  /** How many are waited for. */
  get size(): number {
    return this.#entries.size;
  }

  /** Tells those whose writer has ended. */
  lookForEnded(): void {
    const ended = [...this.#entries.entries()].flatMap(([id, awaited]) => {
      const ending = awaited.ending();
      return ending === undefined ? [] : [{ id, awaited, ending }];
    });
    // What was written before the end is heard before the end is told.
    this.#inbox.drain();
    for (const { id, awaited, ending } of ended) {
      if (this.remove(id)) awaited.fail(exitError(awaited.who, ending, awaited.maybeExecuted()));
    }
  }

  #hear(letter: Received): void {
    const awaited = this.#entries.get(letter.id);
    const { id, unreadable } = letter;
    const readable = unreadable === undefined
      ? letter
      : { ...letter, kind: FAILURE, value: unreadable };
    if (awaited === undefined) this.#late++;
    else if (awaited.hear(readable)) this.remove(id);
  }
}

/** The error for those who waited for `who`. */
export function exitError(who: string, ending: Ending, maybeExecuted: boolean): ExitError {
  const how = ending.reason === "normal" ? "it has ended" : `it ended: ${ending.reason}`;
  const text = `Cannot get an answer from ${who}: ${how} (exit code ${ending.exitCode})`;
  const actor = /"(.*)"/s.exec(who)?.[1] ?? who;
  return new ExitError(text, { ...ending, actor, maybeExecuted });
}
