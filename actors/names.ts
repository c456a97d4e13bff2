// Runs in: any isolate
/**
 * Names of actors, the same in all isolates of a program: a table in the arena. An entry keeps its
 * mailbox's memory, so whoever finds it can hold it; the entry of an actor that has ended counts as
 * free, and is cleared by whoever comes across it.
 *
 * - I1: changes happen while the table's lock is held; the lock of a dead isolate is anybody's.
 * - I2: at most one entry has a name and an actor that goes on.
 *
 * @module
 */
import { AlreadyStartedError, FullError } from "../errors.ts";
import { type BlockHandle, blockHandle, generationOf, unitOf } from "../memory/arena.ts";
import { compareExchange, load, store } from "../memory/atomics.ts";
import { NO_ROOM } from "../memory/heap.ts";
import type { Isolate } from "../memory/isolate.ts";
import { makeRegion, REGION_WORDS, sendRegion } from "../memory/region.ts";
import { isAlive } from "../memory/slots.ts";
import { behaviourOf } from "./actor.ts";
import { codeRefOf, findCode } from "./code.ts";
import type { ActorRef, AnyActor, AnyRef, Protocol } from "./contract.ts";
import { Mailbox } from "./mailbox.ts";
import { forgetMailbox } from "./mailbox_end.ts";
import { arrivedMailbox } from "./mailboxes.ts";
import { Ref, typed, untyped } from "./ref.ts";
import { station } from "./station.ts";

/** Type of the table's region; it belongs to the program and is never freed. */
const NAMES_REGION = 15;
// In the first slot's words, where every isolate finds them.
const AT_TABLE = 8;
const AT_LOCK = 10;
const ENTRIES = 1024;
const ENTRY_WORDS = 32;
const REGION = 1;
const NAME_LENGTH = 3;
const ID_LENGTH = 4;
const TEXT = 5;
const TEXT_BYTES = (ENTRY_WORDS - TEXT) * 4;
const text = new TextEncoder();

/** A name in use. */
interface Entry {
  readonly at: number;
  readonly name: string;
  readonly id: string;
  readonly region: BlockHandle;
}

/** Names of actors: unique in a program, kept across restarts, free again when the actor has ended. */
export const names: {
  /**
   * Gives an actor a name; one may have several. Name and id together have at most 108 bytes.
   *
   * @throws AlreadyStartedError when another actor that goes on has it
   * @throws RangeError for an empty or too long name; FullError when 1,024 names are in use
   */
  register(name: string, ref: AnyRef): void;
  /** The actor of that name; `actor` gives the type, and is not checked. */
  whereis<D extends AnyActor>(actor: D, name: string): ActorRef<Protocol<D>> | undefined;
  /** Takes a name away; `false` when there was none. */
  unregister(name: string): boolean;
  /** All names in use. */
  list(): readonly string[];
} = {
  register(name, ref) {
    const { mailbox, id } = untyped(ref);
    checkName(name, id);
    inTable((isolate, table) => {
      const holder = find(isolate, table, name);
      if (holder?.region === mailbox.region) return;
      if (holder !== undefined) {
        throw new AlreadyStartedError(
          `Cannot register "${name}": actor "${holder.id}" has the name`,
        );
      }
      if (mailbox.ending !== undefined) return;
      write(isolate, freeEntry(isolate, table), { name, id, region: mailbox.region });
    });
    const here = station();
    const stop = here.onDeath(() => {
      if (mailbox.ending === undefined) return;
      stop();
      names.list();
    });
  },
  whereis(actor, name) {
    const code = codeRefOf(actor);
    const found = inTable((isolate, table) => {
      const entry = find(isolate, table, name);
      if (entry !== undefined) sendRegion(isolate.arena, entry.region);
      return entry;
    });
    if (found === undefined) return undefined;
    const here = station();
    const known = findCode(code);
    const bare = known === undefined ? [] : behaviourOf(known, code.name).bare;
    return typed(new Ref(here, arrivedMailbox(here, found.region), { id: found.id, bare }));
  },
  unregister(name) {
    return inTable((isolate, table) => {
      const entry = find(isolate, table, name);
      if (entry === undefined) return false;
      clear(isolate, entry);
      return true;
    });
  },
  list() {
    return inTable((isolate, table) =>
      [...entriesOf(isolate, table)].filter((entry) => isInUse(isolate, entry))
        .map(({ name }) => name)
    );
  },
};

function checkName(name: string, id: string): void {
  if (typeof name !== "string" || name === "") {
    throw new RangeError("Cannot register an actor: its name is no text, or empty");
  }
  const bytes = text.encode(name + id).length;
  if (bytes <= TEXT_BYTES) return;
  throw new RangeError(
    `Cannot register "${name}": name and id have ${bytes} bytes, at most ${TEXT_BYTES} are allowed`,
  );
}

/** Runs `use` with the address of the table, while nobody else does. */
function inTable<T>(use: (isolate: Isolate, table: number) => T): T {
  const { isolate } = station();
  const lock = isolate.arena.slotAt(0) + AT_LOCK;
  const { slot, incarnation } = isolate.life;
  const mine = (incarnation << 9) | (slot + 1);
  for (;;) {
    const holder = compareExchange(isolate.arena.words, lock, 0, mine);
    if (holder === 0) break;
    const life = { slot: (holder & 511) - 1, incarnation: holder >>> 9 };
    if (!isAlive(isolate.arena, life)) compareExchange(isolate.arena.words, lock, holder, 0);
  }
  try {
    return use(isolate, tableOf(isolate));
  } finally {
    compareExchange(isolate.arena.words, lock, mine, 0);
  }
}

/** The table; whoever needs it first makes it. Only under the lock. */
function tableOf(isolate: Isolate): number {
  const { arena, heap, slot } = isolate;
  const at = arena.slotAt(0) + AT_TABLE;
  const known = load(arena.words, at);
  if (known !== 0) return arena.wordOf(blockHandle(known - 1, load(arena.words, at + 1)));
  const bytes = ENTRIES * ENTRY_WORDS * 4;
  const region = makeRegion(arena, heap, { type: NAMES_REGION, bytes, slot });
  if (region === NO_ROOM) throw new FullError("Cannot keep names: the arena is full");
  store(arena.words, at + 1, generationOf(region));
  store(arena.words, at, unitOf(region) + 1);
  return arena.wordOf(region);
}

/** All entries; some may be of actors that have ended. */
function* entriesOf(isolate: Isolate, table: number): Generator<Entry> {
  const { arena } = isolate;
  for (let index = 0; index < ENTRIES; index++) {
    const at = table + REGION_WORDS + index * ENTRY_WORDS;
    if (load(arena.words, at) === 0) continue;
    const region = blockHandle(arena.words[at + REGION] >>> 0, arena.words[at + REGION + 1] >>> 0);
    const name = textAt(isolate, at, 0, arena.words[at + NAME_LENGTH]);
    const id = textAt(isolate, at, arena.words[at + NAME_LENGTH], arena.words[at + ID_LENGTH]);
    yield { at, name, id, region };
  }
}

/** Whether the entry's actor goes on; if not, the entry is cleared. */
function isInUse(isolate: Isolate, entry: Entry): boolean {
  if (new Mailbox(isolate, entry.region).ending === undefined) return true;
  clear(isolate, entry);
  return false;
}

function find(isolate: Isolate, table: number, name: string): Entry | undefined {
  for (const entry of entriesOf(isolate, table)) {
    if (entry.name === name && isInUse(isolate, entry)) return entry;
  }
  return undefined;
}

function freeEntry(isolate: Isolate, table: number): number {
  for (let index = 0; index < ENTRIES; index++) {
    const at = table + REGION_WORDS + index * ENTRY_WORDS;
    if (load(isolate.arena.words, at) === 0) return at;
  }
  for (const entry of entriesOf(isolate, table)) if (!isInUse(isolate, entry)) return entry.at;
  throw new FullError(`Cannot register an actor: all ${ENTRIES} names are in use`);
}

function write({ arena }: Isolate, at: number, { name, id, region }: Omit<Entry, "at">): void {
  sendRegion(arena, region);
  const [nameBytes, idBytes] = [text.encode(name), text.encode(id)];
  arena.bytes.set(nameBytes, (at + TEXT) << 2);
  arena.bytes.set(idBytes, ((at + TEXT) << 2) + nameBytes.length);
  arena.words[at + REGION] = unitOf(region);
  arena.words[at + REGION + 1] = generationOf(region);
  arena.words[at + NAME_LENGTH] = nameBytes.length;
  arena.words[at + ID_LENGTH] = idBytes.length;
  store(arena.words, at, 1);
}

function clear(isolate: Isolate, { at, region }: Entry): void {
  store(isolate.arena.words, at, 0);
  forgetMailbox(isolate, region);
}

function textAt({ arena }: Isolate, at: number, offset: number, length: number): string {
  const from = ((at + TEXT) << 2) + offset;
  return new TextDecoder().decode(arena.bytes.slice(from, from + length));
}
