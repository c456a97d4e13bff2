import "../loaded.ts";
import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { TimeoutError } from "../../errors.ts";
import { PENDING } from "../../memory/line.ts";
import { HUNG_MS, isolatesIn, listIn, Turnstile, untilAsleep } from "./support.ts";

Deno.test("Line.until() settles at once when the attempt succeeds", async () => {
  const [me] = isolatesIn(1);
  const gate = new Turnstile(me);
  gate.tickets = 1;
  assertEquals(await gate.pass({ timeout: 0 }), 1);
  assertEquals([gate.line.wanted, me.park.keepAlive.count], [false, 0]);
});

for (const backing of ["shared", "plain"] as const) {
  Deno.test(`line I1: Line.until() serves first come, first served, in a ${backing} arena`, async () => {
    const [me] = isolatesIn(1, { backing });
    const gate = new Turnstile(me);
    const order: string[] = [];
    const all = ["first", "second", "third"].map((name) =>
      gate.pass({ timeout: HUNG_MS }).then(() => order.push(name))
    );
    gate.add(1);
    await all[0];
    gate.add(2);
    await Promise.all(all);
    assertEquals(order, ["first", "second", "third"]);
    assertEquals([gate.line.wanted, me.park.keepAlive.count], [false, 0]);
  });
}

Deno.test("line I1: Line.until() queues up behind those who wait when it could go on at once", async () => {
  const [me] = isolatesIn(1);
  const gate = new Turnstile(me);
  const order: string[] = [];
  const first = gate.pass({ timeout: HUNG_MS }).then(() => order.push("first"));
  gate.tickets = 2;
  const second = gate.pass({ timeout: HUNG_MS }).then(() => order.push("second"));
  await Promise.all([first, second]);
  assertEquals(order, ["first", "second"]);
});

Deno.test("Line.until() goes on when another isolate rings", async () => {
  const [me, other] = isolatesIn(2);
  const gate = new Turnstile(me);
  const passed = gate.pass({ timeout: HUNG_MS });
  await untilAsleep(me);
  gate.add(1, other);
  assertEquals(await passed, 1);
});

Deno.test("Line.until() rings all isolates that wait for the same thing, also beyond slot 32", async () => {
  const isolates = isolatesIn(40);
  const list = listIn(isolates[0]);
  const gates = [1, 31, 32, 39].map((slot) => new Turnstile(isolates[slot], list));
  const passed = gates.map((gate) => gate.pass({ timeout: HUNG_MS }));
  for (const slot of [1, 31, 32, 39]) await untilAsleep(isolates[slot]);
  for (const gate of gates) gate.tickets = 1;
  gates[0].add(0, isolates[0]);
  assertEquals(await Promise.all(passed), [1, 1, 1, 1]);
});

for (const timeout of [0, -1, 1]) {
  Deno.test(`Line.until() rejects with TimeoutError when its timeout of ${timeout} ms is over`, async () => {
    const [me] = isolatesIn(1);
    const gate = new Turnstile(me);
    const error = await assertRejects(() => gate.pass({ timeout }), TimeoutError);
    assertEquals([error.operation, error.timeout], ["pass the turnstile", timeout]);
    assertEquals([gate.line.wanted, me.park.keepAlive.count], [false, 0]);
    gate.add(1);
    assertEquals(gate.tickets, 1, "line I2: it took nothing");
  });
}

Deno.test("Line.until() rejects with an error of the caller's when its time is over", async () => {
  const [me] = isolatesIn(1);
  const gate = new Turnstile(me);
  const own = new Error("no room");
  const wait = { attempt: gate.attempt, operation: "pass", timeout: 1, timedOut: () => own };
  assertStrictEquals(await gate.line.until(wait).catch((error) => error), own);
});

Deno.test("line I2: Line.until() rejects with the signal's reason and tries nothing when aborted before", async () => {
  const [me] = isolatesIn(1);
  const gate = new Turnstile(me);
  gate.tickets = 1;
  const reason = { why: "mine" };
  const passed = gate.pass({ signal: AbortSignal.abort(reason) });
  assertStrictEquals(await passed.catch((error) => error), reason);
  assertEquals(gate.tickets, 1);
});

Deno.test("line I2: an aborted wait leaves nothing behind, and the next in line goes on", async () => {
  const [me] = isolatesIn(1);
  const gate = new Turnstile(me);
  const abort = new AbortController();
  let mayFirst = false;
  const first = gate.line.until({
    attempt: () => mayFirst ? gate.attempt() : PENDING,
    operation: "pass",
    signal: abort.signal,
  });
  const second = gate.pass({ timeout: HUNG_MS });
  gate.tickets = 1;
  abort.abort("enough");
  assertEquals(await first.catch((error) => error), "enough");
  assertEquals(await second, 1);
  mayFirst = true;
  gate.add(1);
  assertEquals([gate.tickets, gate.line.wanted, me.park.keepAlive.count], [1, false, 0]);
});

Deno.test("Line.until() stays settled when it is aborted after", async () => {
  const [me] = isolatesIn(1);
  const gate = new Turnstile(me);
  const abort = new AbortController();
  const passed = gate.pass({ signal: abort.signal, timeout: HUNG_MS });
  gate.add(1);
  assertEquals(await passed, 1);
  abort.abort();
  assertEquals(gate.line.wanted, false);
});

Deno.test("line I2: a wait that times out asleep leaves nothing, and a later one is still rung", async () => {
  const [me, other] = isolatesIn(2);
  const gate = new Turnstile(me);
  await assertRejects(() => gate.pass({ timeout: 5 }), TimeoutError);
  const later = gate.pass({ timeout: HUNG_MS });
  await untilAsleep(me);
  gate.add(1, other);
  assertEquals(await later, 1);
});

Deno.test("Line.until() rejects one wait only when its attempt throws", async () => {
  const [me] = isolatesIn(1);
  const gate = new Turnstile(me);
  let broken = false;
  const attempt = () => {
    if (broken) throw new RangeError("broken");
    return PENDING;
  };
  const bad = gate.line.until({ attempt, operation: "break" });
  const good = gate.pass({ timeout: HUNG_MS });
  broken = true;
  gate.add(1);
  await assertRejects(() => bad, RangeError, "broken");
  assertEquals(await good, 1);
  await assertRejects(() => gate.line.until({ attempt, operation: "break" }), RangeError);
});
