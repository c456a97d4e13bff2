/**
 * What must compile, and what must not, of what `mod.ts` exports. Nothing here is executed:
 * `deno check` is the test, and `types_test.ts` runs it.
 */
import { z } from "zod";
import * as troupe from "../mod.ts";
import { expectType } from "./fixtures/expect_type.ts";
import { Account, Counter, NoArgs } from "./fixtures/counter.ts";
import { add, enrich, fib } from "./fixtures/tasks.ts";

export async function actors() {
  const counter = await troupe.spawn(Counter, { args: [1], id: "c1" });
  expectType(await counter.ask.bump(5, { timeout: 10 })).is<number>();
  const account = await troupe.spawn(Account, { args: ["ann"] });
  for await (const x of account.stream.ticks(1)) expectType(x).is<number>();
  const none = await troupe.spawn(NoArgs);
  expectType(await none.ask.ping()).is<"pong">();
  // @ts-expect-error args are required
  await troupe.spawn(Counter);
  class Unregistered extends troupe.Actor {
    ping() {}
  }
  // @ts-expect-error forgotten `static module = register(import.meta, this)`
  await troupe.spawn(Unregistered);
  const lazy = troupe.load<typeof import("./fixtures/counter.ts")>("file:///counter.ts");
  const loaded = await troupe.spawn(lazy.Counter, { args: [1] });
  expectType(await loaded.ask.get()).is<number>();
}

export async function supervision() {
  await using top = await troupe.supervise({
    strategy: "one_for_one",
    children: {
      counter: troupe.child(Counter, { args: [0], restart: { type: "transient" }, shutdown: 100 }),
      account: troupe.child(Account, { args: ["x"] }),
      none: troupe.child(NoArgs),
      below: troupe.tree({ children: { counter: troupe.child(Counter, { args: [1] }) } }),
    },
  });
  expectType(await top.children.counter.ask.get()).is<number>();
  expectType(await top.children.account.ask.deposit(1)).is<number>();
  expectType(await top.children.below.children.counter.ask.get()).is<number>();
  const added = await top.startChild("more", troupe.child(NoArgs));
  expectType(await added.ask.ping()).is<"pong">();
  expectType((await troupe.monitor(added, { timeout: 5 })).reason).is<troupe.ExitReason>();
  using _ = troupe.link(top.children.counter, top.children.none);
  troupe.names.register("counter", top.children.counter);
  const found = troupe.names.whereis(Counter, "counter");
  if (found) expectType(await found.ask.get()).is<number>();
  expectType((await troupe.inspect(added)).state).is<troupe.ActorState>();
  for await (const event of troupe.events()) {
    if (event.type === "crashed") expectType(event.error.code).is<troupe.ErrorCode>();
  }
  // @ts-expect-error unknown child
  top.children.zzz;
  // @ts-expect-error args are required
  troupe.child(Counter);
  // @ts-expect-error unknown strategy
  await troupe.supervise({ strategy: "one_for_two", children: {} });
}

export async function processes() {
  const p = new troupe.Process({ target: fib, args: [30], name: "fib-30" }).start();
  expectType(await p.result).is<number>();
  expectType(p.exitCode).is<number | null>();
  // @ts-expect-error wrong argument
  new troupe.Process({ target: fib, args: ["x"] });
  // @ts-expect-error args are missing
  new troupe.Process({ target: fib });
  // @ts-expect-error a closure is no target
  new troupe.Process({ target: () => 1 });
}

export async function pools() {
  const lazy = troupe.load<typeof import("./fixtures/tasks.ts")>("file:///tasks.ts");
  await using pool = new troupe.Pool({ size: { min: 1, max: 4 }, maxTasksPerChild: 100 });
  expectType(await pool.apply(lazy.slug, "A")).is<string>();
  expectType(await pool.map(fib, [1, 2, 3])).is<number[]>();
  expectType(await pool.map(enrich, [{ id: 1, line: "" }], { chunksize: 8 }))
    .is<{ ok: boolean; id: number; line: string }[]>();
  expectType(await pool.starmap(add, [[1, 2], [3, 4]])).is<number[]>();
  for await (const x of pool.imapUnordered(fib, [1, 2])) expectType(x).is<number>();
  const result = pool.applyAsync(add, [1, 2], {
    callback: (value) => expectType(value).is<number>(),
    errorCallback: (error) => expectType(error.code).is<troupe.ErrorCode>(),
  });
  expectType(await result.get({ timeout: 5 })).is<number>();
  // @ts-expect-error item type
  await pool.map(fib, ["a"]);
  // @ts-expect-error arity
  await pool.apply(add, 1);
}

export async function pipes() {
  const [left, right] = troupe.pipe<{ ping: number }, { pong: string }>();
  await left.send({ ping: 1 });
  expectType(await right.recv()).is<{ ping: number }>();
  await right.send({ pong: "x" });
  for await (const message of left) expectType(message).is<{ pong: string }>();
  // @ts-expect-error direction
  await right.send({ ping: 1 });
}

export async function queues() {
  const q = new troupe.Queue({ maxsize: 10, schema: z.object({ id: z.number() }) });
  expectType(await q.get()).is<{ id: number }>();
  const jobs = new troupe.Queue<string>({ maxsize: 3 });
  await jobs.put("a");
  // @ts-expect-error item type
  await jobs.put(1);
  troupe.task(
    import.meta,
    "handles",
    (q: troupe.Queue<number>, m: Map<string, Date[]>) => ({ q, m }),
  );
}
