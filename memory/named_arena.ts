// Runs in: owner
/**
 * Arenas that programs find by a name. The name is a file in Linux's shared memory, readable by the
 * same user only. Who joins proves that it knows the secret. The file is removed by the last program
 * that leaves; one whose programs were all killed is recognised by the locks that nobody holds, and is
 * removed by whoever joins an arena next.
 *
 * - I1: making, joining and removing a name happen one at a time: under the lock of the file.
 * - I2: a file that was removed meanwhile is not joined.
 * - I3: the memory is reserved when the file is made: a full disk is an error then and no crash later.
 *
 * @module
 */
import { AlreadyStartedError, AuthenticationError, NotSupportedError } from "../errors.ts";
import { Arena, isArena } from "./arena.ts";
import {
  isHeldElsewhere,
  lockFile,
  lockFileSync,
  tryLockByte,
  tryLockFile,
  unlockByte,
  unlockFile,
} from "./file_lock.ts";
import { Isolate, isSettled, settle } from "./isolate.ts";
import {
  AT_PROOF,
  LAYOUT_VERSION,
  MAX_ARENA_BYTES,
  MIN_ARENA_BYTES,
  PAGE_BYTES,
  PROOF_WORDS,
  SLOT_WORDS,
  SLOTS_AT,
} from "./layout.ts";
import { cText, libc, namesIn } from "./libc.ts";
import { mapFile } from "./mapping.ts";
import { openToOthers, takeProgram } from "./programs.ts";

const FOLDER = "/dev/shm/";
const PREFIX = "troupe.";
const DEFAULT_BYTES = 16 << 20;
const CREATE = 0o100;
const READ_AND_WRITE = 0o2 | 0o400000 | 0o2000000;
const OWNER_ONLY = 0o600;
const EMPTY_PATH = 0x1000;
const BASIC_STATS = 0x7ff;
/** Bytes whose locks say who uses the name; below are those that say who lives. */
const USERS_FROM = 1 << 16;

/** Options of {@linkcode joinArena}. */
export interface JoinOptions {
  /** Up to 64 letters, digits, `-`, `_` and `.`. */
  readonly name: string;
  /** What programs must know to join. Default: the program that makes the arena is given a random one. */
  readonly secret?: string;
  /** Bytes of an arena that is made; 1 MiB to 4 GiB, default 16 MiB. All of it is reserved. */
  readonly bytes?: number;
}

/** What joining gives. */
export interface Joined {
  /** What another program must know to join. */
  readonly secret: string;
  /** Whether this program made the arena. */
  readonly isNew: boolean;
}

/**
 * Has this program use the memory of a name, with all programs of this user on this machine that do; the
 * first one makes it. Call it before anything else of Troupe. What one of them opens by name, such as
 * `Queue.open`, the others have too. When a program ends, however it ends, the others go on: what it had
 * put is there, what it held is freed.
 *
 * Needs Linux and `--allow-ffi`. The memory is gone when the last program has ended; if it was killed,
 * when the next one joins. Python: `multiprocessing.shared_memory`, `BaseManager.connect`.
 *
 * @throws AuthenticationError when the secret is not the arena's, or the file is another user's
 * @throws AlreadyStartedError when this program has memory already
 * @throws NotSupportedError without `--allow-ffi`, when there is no room for it, or when what is there is
 * no arena of this version
 * @throws TypeError for a name that is none; RangeError for a size that is none
 *
 * @example Two programs, one queue
 * ```ts ignore
 * import { joinArena, Queue } from "@troupe/troupe";
 *
 * await joinArena({ name: "shop", secret: Deno.env.get("SHOP_SECRET") });
 * const orders = await Queue.open<string>("orders");
 * await orders.put("tea");
 * ```
 */
export async function joinArena(options: JoinOptions): Promise<Joined> {
  const { name, secret, bytes = DEFAULT_BYTES } = options;
  checkName(name);
  const size = sizeOf(bytes);
  if (isSettled()) {
    throw new AlreadyStartedError(`Cannot join arena "${name}": this program has memory already`);
  }
  removeStale();
  for (;;) {
    const place = placeOf(name);
    try {
      await lockFile(place.file, `arena "${name}"`);
      const seen = statOf(place.file);
      if (seen.links > 0) return await enter(place, { secret, size, seen });
    } catch (error) {
      libc().close(place.file);
      throw error;
    }
    libc().close(place.file);
  }
}

interface Place {
  readonly name: string;
  readonly path: string;
  readonly file: number;
}

interface Entering {
  readonly secret: string | undefined;
  readonly size: number;
  readonly seen: FileState;
}

/** Opens the file of a name, and makes it if there is none. */
function placeOf(name: string): Place {
  const path = `${FOLDER}${PREFIX}${name}`;
  const file = libc().open(cText(path), READ_AND_WRITE | CREATE, OWNER_ONLY);
  if (file >= 0) return { name, path, file };
  throw new AuthenticationError(`Cannot join arena "${name}": its file cannot be opened`);
}

/** Makes or joins the arena in a file that is locked. */
async function enter(place: Place, { secret, size, seen }: Entering): Promise<Joined> {
  const { name, file } = place;
  if (seen.owner !== libc().geteuid()) {
    throw new AuthenticationError(`Cannot join arena "${name}": it is another user's`);
  }
  const isNew = !isHeldElsewhere(file);
  const known = secret ?? (isNew ? crypto.randomUUID() : "");
  const proof = await proofOf(name, known);
  const arena = isNew ? make(place, size, proof) : join(place, seen.bytes, proof);
  const isolate = Isolate.join(arena);
  settle(isolate);
  openToOthers(isolate);
  tryLockByte(file, USERS_FROM + arena.program);
  unlockFile(file);
  globalThis.addEventListener("unload", () => leave(place, arena.program));
  return { secret: known, isNew };
}

function make({ name, file }: Place, size: number, proof: Int32Array): Arena {
  libc().ftruncate(file, 0n);
  if (libc().posix_fallocate(file, 0n, BigInt(size)) !== 0) {
    libc().ftruncate(file, 0n);
    throw new NotSupportedError(`Cannot make arena "${name}": ${FOLDER} has no ${size} bytes left`);
  }
  const arena = Arena.createIn(mapFile(file, size, (words) => numberIn(words, file)));
  arena.words.set(proof, AT_PROOF);
  return arena;
}

function join({ name, file }: Place, bytes: number, proof: Int32Array): Arena {
  if (bytes < MIN_ARENA_BYTES || bytes > MAX_ARENA_BYTES || bytes % PAGE_BYTES !== 0) {
    throw new NotSupportedError(`Cannot join arena "${name}": its file has ${bytes} bytes`);
  }
  return Arena.attach(mapFile(file, bytes, (words) => {
    if (!isArena(words)) {
      const text = `it is no arena of version ${LAYOUT_VERSION}`;
      throw new NotSupportedError(`Cannot join arena "${name}": ${text}`);
    }
    if (knows(words, proof)) return numberIn(words, file);
    throw new AuthenticationError(`Cannot join arena "${name}": the secret is not its own`);
  }));
}

/** Compares all words, so that how long it takes tells nothing. */
function knows(words: Int32Array, proof: Int32Array): boolean {
  let difference = 0;
  for (let word = 0; word < PROOF_WORDS; word++) difference |= words[AT_PROOF + word] ^ proof[word];
  return difference === 0;
}

function numberIn(words: Int32Array, file: number): number {
  return takeProgram(words, file, (slot) => SLOTS_AT + slot * SLOT_WORDS);
}

/** What is in the head instead of the secret: 256 bits that do not tell it. */
async function proofOf(name: string, secret: string): Promise<Int32Array> {
  const text = new TextEncoder().encode(`troupe\0${LAYOUT_VERSION}\0${name}\0${secret}`);
  return new Int32Array(await crypto.subtle.digest("SHA-256", text));
}

/** Gives the name up; the last one removes it. What this program had is swept after its very end. */
function leave(place: Place, program: number): void {
  if (!lockFileSync(place.file)) return;
  removeUnused(place);
  unlockByte(place.file, USERS_FROM + program);
  unlockFile(place.file);
}

/** Removes a file that is locked and that no other program uses. */
function removeUnused({ path, file }: Place): void {
  if (!isHeldElsewhere(file, USERS_FROM) && statOf(file).links > 0) libc().unlink(cText(path));
}

/** Removes the files that killed programs left. */
function removeStale(): void {
  for (const name of namesIn(FOLDER)) {
    if (!name.startsWith(PREFIX)) continue;
    const path = FOLDER + name;
    const file = libc().open(cText(path), READ_AND_WRITE, 0);
    if (file < 0) continue;
    if (tryLockFile(file)) removeUnused({ name, path, file });
    libc().close(file);
  }
}

interface FileState {
  readonly links: number;
  readonly owner: number;
  readonly bytes: number;
}

/** `statx` of an open file. */
function statOf(file: number): FileState {
  const state = new DataView(new ArrayBuffer(256));
  libc().statx(file, cText(""), EMPTY_PATH, BASIC_STATS, new Uint8Array(state.buffer));
  return {
    links: state.getUint32(16, true),
    owner: state.getUint32(20, true),
    bytes: Number(state.getBigUint64(40, true)),
  };
}

function checkName(name: unknown): void {
  if (typeof name === "string" && /^[\w.-]{1,64}$/.test(name)) return;
  throw new TypeError(`Cannot join an arena: ${JSON.stringify(name)} is no name`);
}

function sizeOf(bytes: unknown): number {
  if (Number.isSafeInteger(bytes)) {
    const size = Math.ceil(bytes as number / PAGE_BYTES) * PAGE_BYTES;
    if (size >= MIN_ARENA_BYTES && size <= MAX_ARENA_BYTES) return size;
  }
  throw new RangeError(
    `Cannot make an arena of ${bytes} bytes: from ${MIN_ARENA_BYTES} to ${MAX_ARENA_BYTES}`,
  );
}
