/**
 * What must compile, and what must not, of pipelines (J29). Nothing here is executed: `deno check` is the
 * test, and `types_test.ts` runs it.
 */
import { z } from "zod";
import * as troupe from "../mod.ts";
import { Counter } from "./fixtures/counter.ts";
import { expectType } from "./fixtures/expect_type.ts";
import { enrich, fib, parse, words } from "./fixtures/tasks.ts";

const start = troupe.pipeline<string>();

export async function inferred() {
  const etl = start.map(parse, { workers: 2, ordered: true }).map(enrich).filter((x) => x.ok).batch(
    10,
  );
  expectType(etl).is<troupe.Pipeline<string, { ok: boolean; id: number; line: string }[]>>();
  expectType(await etl.collect(["1"])).is<{ ok: boolean; id: number; line: string }[][]>();
  for await (const w of start.flatMap(words).run(["a b"])) expectType(w).is<string>();
  expectType(await start.map((line) => line.length).collect([])).is<number[]>();
  expectType(await start.map(async (line) => await line.length).collect([])).is<number[]>();
  expectType(await start.flatMap((line) => [line.length]).collect([])).is<number[]>();
  expectType(await start.tap((line) => line.length).collect([])).is<string[]>();
  expectType(
    await start.map((line, { signal, attempt }) => ({ line, signal, attempt })).to(() => {}).run(
      [],
    ),
  )
    .is<void>();
  const lazy = troupe.load<typeof import("./fixtures/tasks.ts")>("file:///tasks.ts");
  expectType(await start.map(lazy.slug).map(lazy.parse).collect([])).is<
    { id: number; line: string }[]
  >();
  new Response("x").body!.pipeThrough(new TextDecoderStream()).pipeThrough(
    start.map(parse).transform(),
  );
}

type Order = { state: "paid"; cents: number } | { state: "open" };

export async function narrowed(orders: Order[]) {
  const paid = troupe.pipeline<Order>().filter((o) => o.state === "paid");
  expectType(await paid.collect(orders)).is<{ state: "paid"; cents: number }[]>();
  const parsed = start.map((line) => JSON.parse(line) as unknown).parse(
    z.object({ n: z.coerce.number() }),
  );
  expectType(await parsed.collect([])).is<{ n: number }[]>();
}

export async function branched() {
  const both = start.broadcast({
    long: (b) => b.map((line) => line.length),
    all: (b) => b.batch(2),
  });
  expectType(await both.collect([])).is<
    ({ branch: "long"; value: number } | { branch: "all"; value: string[] })[]
  >();
  const one = start.route((line) => line === "" ? "empty" : "full", {
    empty: (b) => b.map(() => 0),
    full: (b) => b,
  });
  expectType(await one.collect([])).is<
    ({ branch: "empty"; value: number } | { branch: "full"; value: string })[]
  >();
  // @ts-expect-error there is no such branch
  start.route(() => "none", { empty: (b) => b, full: (b) => b });
  // @ts-expect-error a branch begins with the items of the stage before
  start.broadcast({ wrong: (b) => b.map(fib) });
}

export async function folded() {
  const sums = start.foldBy({
    key: (line) => line.length,
    initial: () => 0n,
    step: (sum, line) => sum + BigInt(line),
  });
  expectType(await sums.collect([])).is<[key: number, value: bigint][]>();
  expectType(await start.window({ size: 3, every: 1 }).collect([])).is<string[][]>();
  // @ts-expect-error the step gives what it is given
  start.fold({ initial: () => 0, step: (_sum: number, line) => line });
}

export async function asked() {
  const counter = await troupe.spawn(Counter, { args: [1] });
  const numbers = troupe.pipeline<number>();
  expectType(await numbers.ask(counter, "bump", { timeout: 5 }).collect([1])).is<number[]>();
  expectType(await troupe.pipeline<{ full: boolean }>().ask(counter, "snapshot").collect([])).is<
    { n: number; full: boolean; when: Date }[]
  >();
  // @ts-expect-error the message takes something else
  start.ask(counter, "bump");
  // @ts-expect-error no such message
  numbers.ask(counter, "nope");
  // @ts-expect-error a stream is no reply
  troupe.pipeline<{ every: number }>().ask(counter, "watch");
}

export function joined() {
  const lengths = troupe.pipeline<string>().map((line) => line.length);
  expectType(start.via(lengths)).is<troupe.Pipeline<string, number>>();
  // @ts-expect-error it begins with something else
  lengths.via(start);
  // @ts-expect-error stage input must match the previous output
  start.map(fib);
  // @ts-expect-error stage input must match the previous output
  start.map(parse).map((n: number) => n);
  // @ts-expect-error the source gives something else
  start.collect([1]);
  // @ts-expect-error the sink takes something else
  start.to(new troupe.Queue<number>());
  // @ts-expect-error a flatMap gives items
  start.flatMap((line) => line.length);
  // @ts-expect-error a key is made of the stage's input
  start.map(parse, { key: (item: number) => item });
}

export function failures(letters: troupe.Queue<troupe.StageFailure<unknown>>) {
  start.map(parse, { onError: { deadLetter: letters } });
  start.map(parse, { onError: ({ item }) => (expectType(item).is<string>(), "skip" as const) });
  start.map(parse, {
    onError: { deadLetter: (failure) => expectType(failure).is<troupe.StageFailure<string>>() },
  });
  // @ts-expect-error no such policy
  start.map(parse, { onError: "ignore" });
}

export function sources() {
  start.collect(troupe.lines("a.txt"));
  start.collect(new troupe.Queue<string>());
  start.collect(new ReadableStream<string>());
  start.collect((from) => [`${from}`]);
  expectType(troupe.merge([1], new troupe.Queue<string>())).is<
    AsyncIterableIterator<number | string>
  >();
}
