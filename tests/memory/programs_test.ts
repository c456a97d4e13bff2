/**
 * Programs that share an arena: each is a process of its own, killed at any moment. What is said of a
 * death here is Linux's word: it lets go of the locks of the dead.
 */
import "../loaded.ts";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { whatIsMissing } from "../../memory/libc.ts";

const SCRIPT = new URL("../fixtures/arena.ts", import.meta.url).href;
const FOLDER = "/dev/shm/";
const SECRET = "the secret";
const KILLS = Deno.env.get("TROUPE_SOAK") === "1" ? 100 : 12;
/** Elsewhere there is nothing to test: memory that programs share is Linux's. */
const ignore = whatIsMissing() !== undefined;

let arenas = 0;

/** A name that no other test uses. */
function nameOf(): string {
  return `test-${Deno.pid}-${++arenas}`;
}

/** A program, and what it has said. */
class Program {
  readonly #child: Deno.ChildProcess;
  readonly #heard: string[] = [];
  readonly #listening: Promise<void>;
  #changed = Promise.withResolvers<void>();
  #isOver = false;

  constructor(what: string, name: string, { secret = SECRET, number = 0, flags = ["-A"] } = {}) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", ...flags, "--no-check", SCRIPT, what, name, secret, String(number)],
      cwd: new URL("../..", import.meta.url),
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
    }).spawn();
    this.#listening = this.#listen();
  }

  /** Lines said so far. */
  get said(): readonly string[] {
    return this.#heard;
  }

  /** Waits until it has said so many lines, or has ended. */
  async until(lines: number): Promise<readonly string[]> {
    while (this.#heard.length < lines && !this.#isOver) await this.#changed.promise;
    return this.#heard;
  }

  /** Kills it, and gives all that it said before. */
  async kill(): Promise<readonly string[]> {
    this.#child.kill("SIGKILL");
    return await this.end();
  }

  /** Waits for its end, and gives all that it said. */
  async end(): Promise<readonly string[]> {
    await this.#child.status;
    await this.#listening;
    return this.#heard;
  }

  async #listen(): Promise<void> {
    let rest = "";
    for await (const piece of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + piece).split("\n");
      rest = lines.pop()!;
      this.#heard.push(...lines);
      this.#changed.resolve();
      this.#changed = Promise.withResolvers<void>();
    }
    this.#isOver = true;
    this.#changed.resolve();
  }
}

function exists(name: string): boolean {
  try {
    return Deno.statSync(`${FOLDER}troupe.${name}`).isFile;
  } catch {
    return false;
  }
}

/** What a getter has said, by who put it. */
function numbersOf(said: readonly string[]): Map<number, number[]> {
  const numbers = new Map<number, number[]>();
  for (const line of said) {
    if (!/^-?\d+ \d+$/.test(line)) continue;
    const [from, count] = line.split(" ").map(Number);
    const counts = numbers.get(from);
    if (counts === undefined) numbers.set(from, [count]);
    else counts.push(count);
  }
  return numbers;
}

function arenaTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: ignore ? `${name} (skipped: ${whatIsMissing()})` : name, ignore, fn });
}

arenaTest(
  "joinArena() makes the arena, and its file is gone when the last program has ended",
  async () => {
    const name = nameOf();
    const first = new Program("stay", name);
    assertEquals(await first.until(1), [`joined true ${SECRET}`]);
    assertEquals(Deno.statSync(`${FOLDER}troupe.${name}`).mode! & 0o777, 0o600);
    assertEquals(await new Program("visit", name).end(), [`joined false ${SECRET}`]);
    assert(exists(name));
    await first.kill();
    assertEquals(await new Program("visit", name).end(), [`joined true ${SECRET}`]);
    assertEquals(exists(name), false);
  },
);

arenaTest(
  "joinArena() gives a random secret when none is given, and only that one lets in",
  async () => {
    const name = nameOf();
    const first = new Program("stay", name, { secret: "" });
    const [, secret] = (await first.until(1))[0].match(/^joined true (\S{36})$/)!;
    const refused = /^AuthenticationError: Cannot join arena ".*": the secret is not its own$/;
    for (const wrong of ["", "wrong", secret + "x"]) {
      assertMatch((await new Program("visit", name, { secret: wrong }).end())[0], refused);
    }
    assertEquals(await new Program("visit", name, { secret }).end(), [`joined false ${secret}`]);
    await first.kill();
  },
);

arenaTest("joinArena() removes what killed programs left, whatever their name", async () => {
  const [left, other] = [nameOf(), nameOf()];
  const program = new Program("stay", left);
  await program.until(1);
  assert(exists(left));
  await program.kill();
  await new Program("visit", other).end();
  assertEquals([exists(left), exists(other)], [false, false]);
});

arenaTest("joinArena() throws what is missing without --allow-ffi", async () => {
  const [said] = await new Program("visit", nameOf(), { flags: ["--allow-read"] }).end();
  assertEquals(said, "NotSupportedError: Cannot map memory: that takes --allow-ffi");
});

arenaTest("joinArena() makes the file anew when it is garbage that nobody uses", async () => {
  for (const bytes of [0, 1, 4096, 1 << 20]) {
    const name = nameOf();
    const garbage = crypto.getRandomValues(new Uint8Array(Math.min(bytes, 4096)));
    Deno.writeFileSync(`${FOLDER}troupe.${name}`, garbage, { mode: 0o600 });
    assertEquals(await new Program("visit", name).end(), [`joined true ${SECRET}`]);
    assertEquals(exists(name), false);
  }
});

arenaTest(
  "joinArena() throws NotSupportedError when what others use is no arena, or cut",
  async () => {
    const spoilt: [(file: Deno.FsFile) => void, RegExp][] = [
      [(file) => file.writeSync(new Uint8Array(64)), /it is no arena of version \d+$/],
      [(file) => file.truncateSync(5 << 20), /it is no arena of version \d+$/],
      [(file) => file.truncateSync((4 << 20) + 5), /its file has 4194309 bytes$/],
    ];
    for (const [spoil, why] of spoilt) {
      const name = nameOf();
      const user = new Program("stay", name);
      await user.until(1);
      using file = Deno.openSync(`${FOLDER}troupe.${name}`, { read: true, write: true });
      spoil(file);
      const [said] = await new Program("visit", name).end();
      assertMatch(said, /^NotSupportedError: Cannot join arena/);
      assertMatch(said, why);
      await user.kill();
      await new Program("visit", name).end();
      assertEquals(exists(name), false);
    }
  },
);

arenaTest(
  "programs share memory, lists, locks and values; what is named outlives its maker",
  async () => {
    const name = nameOf();
    const maker = new Program("share", name);
    await maker.until(2);
    const user = new Program("use", name);
    assertEquals((await user.until(2))[1], "used");
    assertEquals((await maker.until(3))[2], "they 1.5 null 42 2000");
    await maker.kill();
    const [, seen, refused] = await new Program("look", name).end();
    assertEquals([seen, refused], ["42 they", "AlreadyExistsError"]);
    await user.kill();
    await new Program("visit", name).end();
    assertEquals(exists(name), false);
  },
);

arenaTest(
  "programs that put are killed at any moment: nothing that was put is lost, repeated or hangs",
  async () => {
    const name = nameOf();
    const getter = new Program("get", name);
    await getter.until(1);
    const said = new Map<number, number>();
    const one = async (number: number) => {
      const putter = new Program("put", name, { number });
      await putter.until(2 + Math.floor(Math.random() * 400));
      said.set(number, Number((await putter.kill()).at(-1)));
    };
    for (let number = 1; number <= KILLS; number += 2) {
      await Promise.all([one(number), one(number + 1)]);
    }
    await new Program("stop", name).end();
    const got = numbersOf(await getter.end());
    for (const [number, last] of said) {
      const counts = got.get(number)!;
      assertEquals(counts, counts.map((_, index) => index + 1), `of program ${number}`);
      assert(counts.length >= last, `program ${number} put ${last}, there came ${counts.length}`);
    }
    assertEquals(exists(name), false);
  },
);

arenaTest(
  "programs that get are killed at any moment: each loses at most the item in its hand",
  async () => {
    const name = nameOf();
    const keeper = new Program("stay", name);
    await keeper.until(1);
    const counts: number[][] = [];
    const items = KILLS * 2000;
    const putter = new Program("fill", name, { number: items });
    let kills = 0;
    for (; kills < KILLS && putter.said.length < 2; kills++) {
      const getter = new Program("get", name);
      await getter.until(2 + Math.floor(Math.random() * 400));
      counts.push(numbersOf(await getter.kill()).get(0) ?? []);
    }
    const last = new Program("get", name);
    await putter.end();
    await new Program("stop", name).end();
    counts.push(numbersOf(await last.end()).get(0) ?? []);
    const got = counts.flat();
    assertEquals(new Set(got).size, got.length, "repeated");
    assert(items - got.length <= kills, `${items - got.length} lost with ${kills} kills`);
    await keeper.kill();
    await new Program("visit", name).end();
  },
);
