/**
 * What must compile, and what must not, of actors, tasks and `load()`. Nothing here is executed:
 * `deno check` is the test, and `types_test.ts` runs it.
 */
import { z } from "zod";
import { Actor, type ActorRef, type AnyRef, defineActor, type Spawn } from "../actors/actor.ts";
import { type Target, task } from "../actors/code.ts";
import { load } from "../actors/load.ts";
import { JoinableQueue } from "../channels/joinable_queue.ts";
import { after } from "../channels/moments.ts";
import { pipe } from "../channels/pipe.ts";
import { Queue } from "../channels/queue.ts";
import { otherwise, select, selectSync, sending } from "../channels/select.ts";
import { wait } from "../channels/wait.ts";
import { Event } from "../memory/locks/event.ts";
import type { CheckSendable } from "../channels/sendable.ts";
import type { Handle } from "../memory/handle.ts";
import { expectType } from "./fixtures/expect_type.ts";
import { Account, Counter, NoArgs } from "./fixtures/counter.ts";
import { add, fib, words } from "./fixtures/tasks.ts";

declare const spawn: Spawn;
declare function run<A extends unknown[], R>(
  target: Target<A, R>,
  ...args: NoInfer<A>
): Promise<Awaited<R>>;
declare function send<T>(value: T & CheckSendable<T>): void;

export async function definitions() {
  const c = await spawn(Counter, { args: [1], id: "c1", mailbox: { overflow: "reject" } });
  expectType(await c.ask.bump(5)).is<number>();
  expectType(await c.ask.bump(5, { timeout: 10, signal: AbortSignal.timeout(5) })).is<number>();
  expectType(await c.ask.step()).is<number>();
  expectType(await c.ask.step(2, { timeout: 10 })).is<number>();
  expectType(await c.ask.get()).is<number>();
  expectType(await c.ask.get({ timeout: 10 })).is<number>();
  expectType(await c.ask.at()).is<{ n: number; when: Date }>();
  // A schema's input type, not its output: coercion takes anything.
  expectType(await c.ask.add({ by: "3" })).is<number>();
  expectType(await c.ask.snapshot({ full: true })).is<{ n: number; full: boolean; when: Date }>();
  expectType(await c.tell.internal("x")).is<void>();
  for await (const x of c.stream.watch({ every: 1 })) {
    expectType(x).is<{ n: number; every: number }>();
  }
  // @ts-expect-error args are required
  await spawn(Counter);
  // @ts-expect-error wrong argument
  await spawn(Counter, { args: ["1"] });
  // @ts-expect-error wrong payload
  await c.ask.bump("5");
  // @ts-expect-error wrong optional payload
  await c.ask.step("5");
  // @ts-expect-error no such message
  await c.ask.nope();
  // @ts-expect-error streams are not asks
  await c.ask.watch({ every: 1 });
  // @ts-expect-error replies are not streams
  c.stream.get();
}

export async function classes() {
  const a = await spawn(Account, { args: ["ann"] });
  expectType(await a.ask.deposit(5)).is<number>();
  expectType(await a.ask.history({ last: 2 })).is<number[]>();
  expectType(await a.ask.reset()).is<void>();
  for await (const x of a.stream.ticks(1)) expectType(x).is<number>();
  const n = await spawn(NoArgs);
  expectType(await n.ask.ping()).is<"pong">();
  // @ts-expect-error hooks are not messages
  a.ask.started();
  // @ts-expect-error fields are not messages
  a.ask.owner();
  class Unregistered extends Actor {
    ping() {}
  }
  // @ts-expect-error forgotten `static module = register(import.meta, this)`
  await spawn(Unregistered);
}

export function everyRefIsAnAnyRef(c: ActorRef<{ get: () => number; put: (n: number) => void }>) {
  const any: AnyRef = c;
  any.tell.anything?.(1);
  return defineActor(import.meta, {
    init: () => 0,
    on: {
      watch: (_s, ref: typeof c, ctx) => ctx.watch(ref),
      again: (_s, _p, ctx) => ctx.self.tell.again?.({ anything: true }),
      child: async (_s, start: number, ctx) => {
        const child = await ctx.spawn(Counter, { args: [start] });
        expectType(await child.ask.get()).is<number>();
      },
    },
  });
}

export async function definitionsAreChecked() {
  const state = defineActor(import.meta, {
    init: async (n: number, label?: string) => ({ n: await n, label: label ?? "x" }),
    on: {
      label: (s) => s.label,
      // An explicit `unknown` is a payload; a parameter without a type is none.
      echo: (_s, value: unknown) => value,
    },
    started: (s, ctx) => ctx.log.info(s.label),
    stopped: (s, _reason) => expectType(s.n).is<number>(),
  });
  const ref = await spawn(state, { args: [1] });
  expectType(await ref.ask.label()).is<string>();
  expectType(await ref.ask.echo(1)).is<unknown>();
  defineActor(import.meta, {
    init: () => 0,
    accepts: { x: z.string() },
    // @ts-expect-error a handler must take what its schema yields
    on: { x: (_s, p: number) => p },
  });
  defineActor(import.meta, {
    init: () => 0,
    accepts: { x: z.string() },
    // @ts-expect-error an accepted message needs a handler
    on: { y: (_s, p: number) => p },
  });
}

export async function loadGivesTypes() {
  const tasks = load<typeof import("./fixtures/tasks.ts")>("file:///tasks.ts");
  const actors = load<typeof import("./fixtures/counter.ts")>("file:///counter.ts");
  expectType(await run(tasks.slug, "A")).is<string>();
  expectType(await run(tasks.fib, 3)).is<number>();
  // @ts-expect-error wrong argument
  await run(tasks.fib, "3");
  // @ts-expect-error a reference cannot be called
  tasks.slug("A");
  // @ts-expect-error constants are no code
  tasks.LIMIT;
  const counter = await spawn(actors.Counter, { args: [1] });
  expectType(await counter.ask.get()).is<number>();
  const account = await spawn(actors.Account, { args: ["bob"] });
  expectType(await account.ask.deposit(1)).is<number>();
}

export async function tasksStayFunctions() {
  expectType(fib(3)).is<number>();
  expectType([...words("a b")]).is<string[]>();
  expectType(await run(add, 1, 2)).is<number>();
  // @ts-expect-error arity
  await run(add, 1);
  // @ts-expect-error a closure is no target
  await run(() => 1);
  // @ts-expect-error the payload holds a function
  task(import.meta, "bad", (x: { cb: () => void }) => x.cb);
  // @ts-expect-error the result holds a symbol
  task(import.meta, "bad2", (_x: number) => ({ s: Symbol() }));
  // @ts-expect-error the items hold a function
  task(import.meta, "bad3", function* () {
    yield { f: () => 1 };
  });
  task(import.meta, "good", (m: Map<string, Date[]>, b: Uint8Array, h: Handle) => ({ m, b, h }));
}

interface Tree {
  value: number;
  kids: Tree[];
  parent?: Tree;
}
type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
interface Wider<T> {
  next?: Wider<T[]>;
  value: T;
}

export function sendables(tree: Tree, json: Json, wider: Wider<1>, anything: unknown, h: Handle) {
  send(tree);
  send(json);
  send(wider);
  send(anything);
  send(fib);
  send(Counter);
  send({ a: [1, { b: new Date(), c: undefined as string | undefined }], h } as const);
  send(new Map([[1, new Set(["a"])]]));
  send({
    e: new Error("x"),
    r: /x/,
    bytes: new Uint8Array(1),
    any: new Uint8Array(1) as Uint8Array,
  });
  // @ts-expect-error shared memory
  send({ shared: new SharedArrayBuffer(1) });
  // @ts-expect-error a view of shared memory
  send(new Int32Array(new SharedArrayBuffer(4)));
  send(new ReadableStream<number>());
  // @ts-expect-error a function deep inside
  send({ a: { b: [{ c: () => 1 }] } });
  // @ts-expect-error a function in a recursive type
  send(tree as Tree & { kids: (Tree & { f(): void })[] });
  // @ts-expect-error a promise
  send({ later: Promise.resolve(1) });
  // @ts-expect-error a symbol
  send(Symbol());
  // @ts-expect-error a class
  send(class {});
  // @ts-expect-error weak things
  send(new WeakMap());
  // @ts-expect-error a map of functions
  send(new Map([[1, () => 1]]));
}

export async function selects() {
  const numbers = new Queue<number>();
  const jobs = new JoinableQueue({ schema: z.object({ at: z.coerce.date() }) });
  const [a, b] = pipe<string, boolean>();
  const event = new Event();
  expectType(await jobs.get()).is<{ at: Date }>();
  const got = await select({
    numbers,
    jobs,
    a,
    event,
    later: Promise.resolve(1n),
    sent: sending(a, "text"),
    late: after(5),
    off: undefined as Queue<symbol> | undefined,
    none: otherwise(),
  });
  if (got.arm === "numbers") expectType(got.value).is<number>();
  if (got.arm === "jobs") expectType(got.value).is<{ at: Date }>();
  if (got.arm === "a") expectType(got.done ? undefined : got.value).is<boolean | undefined>();
  if (got.arm === "event" || got.arm === "late") expectType(got.value).is<undefined>();
  if (got.arm === "later") expectType(got.value).is<bigint>();
  if (got.arm === "sent" || got.arm === "none") expectType(got.value).is<undefined>();
  if (got.arm === "numbers") expectType(got.done).is<false>();
  // @ts-expect-error no such arm
  if (got.arm === "nope") got.value;
  // @ts-expect-error a value that the connection does not send
  sending(a, 5);
  // @ts-expect-error a value that the queue does not carry
  sending(numbers, "text");
  // @ts-expect-error nothing that can be waited for
  await select({ text: "text" });
  // @ts-expect-error promises do not settle while their isolate blocks
  selectSync({ later: Promise.resolve(1) });
  expectType(await wait([numbers])).is<Queue<number>[]>();
  expectType(await wait([a, b])).is<(typeof a | typeof b)[]>();
  // @ts-expect-error nothing that can be waited for
  await wait([5]);
  const [c, d] = pipe({ schemas: [z.number(), z.string()] });
  expectType(await d.recv()).is<number>();
  expectType(await c.recv()).is<string>();
  expectType(await numbers.withSchema(z.string()).get()).is<string>();
}
