import "../loaded.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { NotSupportedError } from "../../errors.ts";
import { load } from "../../memory/atomics.ts";
import { ASLEEP, COMMAND, enlist, ring, TOPICS } from "../../memory/bell.ts";
import { type Source, topicOf } from "../../memory/park.ts";
import { SLOT_BELL } from "../../memory/slots.ts";
import { HUNG_MS, isolatesIn, listIn, Turnstile, untilAsleep } from "./support.ts";

Deno.test("topicOf() gives each address one of the topics, and spreads them", () => {
  const topics = new Set(Array.from({ length: 1000 }, (_, at) => topicOf(at * 16)));
  assertEquals([...topics].every((topic) => topic >= 0 && topic < TOPICS), true);
  assertEquals(topics.size, TOPICS);
});

Deno.test("Park.block() gives true at once when the attempt succeeds, and enlists nobody", () => {
  const [me] = isolatesIn(1);
  const { line } = new Turnstile(me);
  assertEquals(me.park.block(line, { attempt: () => true }), true);
  assertEquals(load(me.arena.words, line.list), 0);
});

Deno.test("Park.block() gives false when the time is over", () => {
  const [me] = isolatesIn(1);
  const { line } = new Turnstile(me);
  let tries = 0;
  const attempt = () => ++tries < 0;
  assertEquals(me.park.block(line, { attempt, timeout: 0 }), false);
  assertEquals(tries, 1);
  assertEquals(me.park.block(line, { attempt, timeout: 2 }), false);
  assertEquals(tries > 2, true);
});

Deno.test("Park.block() throws NotSupportedError when the arena is plain and it would have to wait", () => {
  const [me] = isolatesIn(1, { backing: "plain" });
  const { line } = new Turnstile(me);
  assertEquals(me.park.block(line, { attempt: () => true }), true);
  assertEquals(me.park.block(line, { attempt: () => false, timeout: 0 }), false);
  assertThrows(() => me.park.block(line, { attempt: () => false }), NotSupportedError);
});

Deno.test("Park.block() looks at commands while it blocks", () => {
  const [me] = isolatesIn(1);
  const { line } = new Turnstile(me);
  let commands = 0;
  me.park.onCommand = () => void commands++;
  ring(me.arena.words, me.arena.slotAt(me.slot) + SLOT_BELL, COMMAND);
  assertEquals(me.park.block(line, { attempt: () => commands > 0, timeout: HUNG_MS }), true);
});

Deno.test("park I1: those who wait asynchronously are still rung after Park.block() ran out of time", async () => {
  const [me, other] = isolatesIn(2);
  const gate = new Turnstile(me);
  const passed = gate.pass({ timeout: HUNG_MS });
  await untilAsleep(me);
  const { line } = new Turnstile(me);
  assertEquals(me.park.block(line, { attempt: () => false, timeout: 2 }), false);
  await untilAsleep(me);
  gate.add(1, other);
  assertEquals(await passed, 1);
});

/** A source that says whether it is wanted, and is served as told. */
function sourceAt(list: number, serve: () => boolean): Source {
  return { list, topic: topicOf(list), wanted: true, serve, armed: false, known: false };
}

for (let turns = 0; turns < 10; turns++) {
  Deno.test(`park I1: what a source rings here while it is served is heard, ${turns} turns before sleep`, async () => {
    const [me, other] = isolatesIn(2);
    const gate = new Turnstile(me);
    const passed = gate.pass({ timeout: HUNG_MS });
    const list = listIn(me);
    let rung = false;
    const source = sourceAt(list, () => {
      if (rung && gate.tickets === 0) gate.add(1);
      return false;
    });
    me.park.watch(source);
    await untilAsleep(me);
    me.park.wake();
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    rung = true;
    other.park.changed(list, source.topic);
    assertEquals(await passed, 1);
    me.park.unwatch(source);
  });
}

Deno.test("Park.unwatch() has a source never served again", async () => {
  const [me, other] = isolatesIn(2);
  const list = listIn(me);
  let served = 0;
  const source = sourceAt(list, () => ++served < 0);
  me.park.watch(source);
  await untilAsleep(me);
  const before = served;
  me.park.unwatch(source);
  const gate = new Turnstile(me);
  const passed = gate.pass({ timeout: HUNG_MS });
  other.park.changed(list, source.topic);
  gate.add(1, other);
  await passed;
  assertEquals(served, before);
});

Deno.test("park I3: the event loop gets its turn when attempts succeed without end", async () => {
  const [me] = isolatesIn(1);
  const gate = new Turnstile(me);
  gate.tickets = Infinity;
  let turned = false;
  setTimeout(() => turned = true, 0);
  while (!turned) await gate.pass();
});

Deno.test("park I4: the event loop is kept alive exactly while somebody waits", async () => {
  const script = new URL("./alive.ts", import.meta.url).href;
  const run = async (...args: string[]) => {
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", script, ...args],
    });
    const { code, stdout } = await command.output();
    return [code, new TextDecoder().decode(stdout).trim()];
  };
  assertEquals(await run("waits"), [0, "rung"], "it stays alive until it is rung");
  assertEquals(await run("waited"), [0, "ended"], "it ends when nobody waits any more");
  assertEquals(await run("joined"), [0, "ended"], "it ends when nobody ever waited");
});

Deno.test("Ringer: many changes that were muffled ring once, when they are rung out", async () => {
  const [me, other] = isolatesIn(2);
  const gate = new Turnstile(me);
  const passed = [gate.pass({ timeout: HUNG_MS }), gate.pass({ timeout: HUNG_MS })];
  await untilAsleep(me);
  const { ringer } = other.park;
  for (let n = 0; n < 2; n++) ringer.muffled(() => gate.add(1, other));
  assertEquals(load(me.arena.words, me.arena.slotAt(me.slot) + SLOT_BELL), ASLEEP, "not rung");
  ringer.ringOut();
  assertEquals((await Promise.all(passed)).length, 2);
  await untilAsleep(me);
  ringer.ringOut();
  assertEquals(load(me.arena.words, me.arena.slotAt(me.slot) + SLOT_BELL), ASLEEP, "only once");
});

Deno.test("Ringer: who blocks rings out first", () => {
  const [me, other] = isolatesIn(2);
  const gate = new Turnstile(me);
  enlist(me.arena.words, gate.line.list, me.slot);
  other.park.ringer.muffled(() => gate.add(1, other));
  const bell = me.arena.slotAt(me.slot) + SLOT_BELL;
  const before = load(me.arena.words, bell);
  other.park.block(new Turnstile(other).line, { attempt: () => false, timeout: 1 });
  assertEquals([before, load(me.arena.words, bell)], [0, 1 << gate.line.topic]);
});
