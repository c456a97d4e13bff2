/** Histories of queues, joinable queues and selects against plain models (P1). */
import fc from "fast-check";
import { assert, assertEquals } from "@std/assert";
import { JoinableQueue } from "../../channels/joinable_queue.ts";
import { Queue } from "../../channels/queue.ts";
import { otherwise, select, sending } from "../../channels/select.ts";
import { here } from "../../memory/isolate.ts";
import { troupeTest } from "../support.ts";

const RUNS = Deno.env.get("TROUPE_SOAK") === "1" ? 100_000 : 1000;

/** Lets everything go on that can: a few turns of the event loop. */
async function settle(): Promise<void> {
  for (let n = 0; n < 3; n++) await new Promise((resolve) => setImmediate(resolve));
}

/** A promise that waits, as a test sees it. */
interface Pending {
  readonly value: number;
  readonly controller: AbortController;
  outcome?: unknown;
}

function watch<T>(start: (signal: AbortSignal) => Promise<T>, value = 0): Pending {
  const controller = new AbortController();
  const pending: Pending = { value, controller };
  start(controller.signal).then(
    (result) => pending.outcome = result ?? "done",
    (error) => pending.outcome = error === controller.signal.reason ? "off" : error.code,
  );
  return pending;
}

const step = fc.constantFrom("put", "put", "get", "get", "tryPut", "tryGet", "offPut", "offGet");

troupeTest("P1 a bounded queue behaves as a list with a bound and two waiting lines", async () => {
  const property = fc.asyncProperty(
    fc.integer({ min: 1, max: 4 }),
    fc.array(step, { minLength: 1, maxLength: 30 }),
    async (maxsize, steps) => {
      await using queue = new Queue<number>({ maxsize });
      const inside: number[] = [];
      const putting: Pending[] = [];
      const getting: Pending[] = [];
      const expected = new Map<Pending, unknown>();
      const move = () => {
        while (putting.length > 0 && inside.length < maxsize) {
          const put = putting.shift()!;
          inside.push(put.value);
          expected.set(put, "done");
        }
        while (getting.length > 0 && inside.length > 0) {
          expected.set(getting.shift()!, inside.shift()!);
          if (putting.length > 0) move();
        }
      };
      for (const [index, what] of steps.entries()) {
        const value = index + 1;
        if (what === "put") {
          const put = watch((signal) => queue.put(value, { signal }), value);
          putting.push(put);
        } else if (what === "get") {
          getting.push(watch((signal) => queue.get({ signal })));
        } else if (what === "tryPut") {
          const isFree = putting.length === 0 && inside.length < maxsize;
          if (isFree) inside.push(value);
          assertEquals(attempt(() => (queue.putNowait(value), true)), isFree ? true : "FULL");
        } else if (what === "tryGet") {
          const isThere = getting.length === 0 && inside.length > 0;
          assertEquals(attempt(() => queue.getNowait()), isThere ? inside.shift() : "EMPTY");
        } else {
          const line = what === "offPut" ? putting : getting;
          const off = line.splice(Math.floor(line.length / 2), 1)[0];
          off?.controller.abort(new Error("off"));
          if (off !== undefined) expected.set(off, "off");
        }
        await settle();
        move();
        for (const [pending, outcome] of expected) assertEquals(pending.outcome, outcome);
        for (const pending of [...putting, ...getting]) assertEquals(pending.outcome, undefined);
        assertEquals(queue.qsize(), inside.length);
        assert(queue.qsize() <= maxsize);
      }
      for (const left of [...putting, ...getting]) left.controller.abort(new Error("end"));
      await settle();
      assertEquals(await Array.fromAsync(queue.drain()), inside);
    },
  );
  await fc.assert(property, { numRuns: RUNS });
});

function attempt(operation: () => unknown): unknown {
  try {
    return operation();
  } catch (error) {
    return (error as { code: string }).code;
  }
}

/** Three queues of two, as lists. */
type Lists = readonly [number[], number[], number[]];
const SIZE = 2;
const arm = fc.record({ queue: fc.integer({ min: 0, max: 2 }), isSend: fc.boolean() });
const round = fc.record({
  arms: fc.array(arm, { minLength: 1, maxLength: 4 }),
  how: fc.constantFrom("default", "wait", "off", "late"),
});

troupeTest("P1 a select does what one of its ready arms would do, and nothing else", async () => {
  const property = fc.asyncProperty(
    fc.array(round, { minLength: 1, maxLength: 15 }),
    async (rounds) => {
      const queues = [0, 1, 2].map(() => new Queue<number>({ maxsize: SIZE }));
      const lists: Lists = [[], [], []];
      let next = 1;
      for (const { arms, how } of rounds) {
        const values = arms.map(() => next++);
        const isReady = ({ queue, isSend }: typeof arms[0]) =>
          isSend ? lists[queue].length < SIZE : lists[queue].length > 0;
        const ready = arms.flatMap((one, index) => isReady(one) ? [index] : []);
        const named = Object.fromEntries(
          arms.map(({ queue, isSend }, index) => [
            `arm${index}`,
            isSend ? sending(queues[queue], values[index]) : queues[queue],
          ]),
        );
        /** What the model says after an arm won. */
        const apply = (name: string, value: unknown, candidates: readonly number[]) => {
          const index = Number(name.slice(3));
          assert(candidates.includes(index), `${name} was not ready`);
          const { queue, isSend } = arms[index];
          if (isSend) lists[queue].push(values[index]);
          else assertEquals(value, lists[queue].shift());
        };
        if (how === "default") {
          const won = await select({ ...named, none: otherwise() });
          if (won.arm === "none") assertEquals(ready, []);
          else apply(won.arm, won.value, ready);
        } else if (ready.length > 0) {
          const won = await select(named);
          apply(won.arm, won.value, ready);
        } else if (how === "late") {
          const error = await select(named, { timeout: 0 }).catch((error) => error);
          assertEquals(error.code, "TIMEOUT");
        } else {
          const controller = new AbortController();
          const waiting = select(named, { signal: controller.signal });
          waiting.catch(() => {});
          if (how === "off") {
            controller.abort(new Error("off"));
            await waiting.catch(() => {});
          } else {
            const { queue, isSend } = arms[Math.floor(arms.length / 2)];
            await settle();
            if (isSend) assertEquals(queues[queue].getNowait(), lists[queue].shift());
            else {
              queues[queue].putNowait(next);
              lists[queue].push(next++);
            }
            const won = await waiting;
            const now = arms.flatMap((one, index) => isReady(one) ? [index] : []);
            apply(won.arm, won.value, now);
          }
        }
        assertEquals(queues.map((one) => one.qsize()), lists.map((one) => one.length));
        assertEquals(here().park.keepAlive.count, 0);
      }
      for (const [index, queue] of queues.entries()) {
        assertEquals(await Array.fromAsync(queue.drain()), lists[index]);
        queue.close();
      }
    },
  );
  await fc.assert(property, { numRuns: RUNS });
});

const jobStep = fc.constantFrom("put", "put", "get", "done", "refused", "off");

troupeTest("P1 a joinable queue counts as a plain count does", async () => {
  const property = fc.asyncProperty(
    fc.array(jobStep, { minLength: 1, maxLength: 40 }),
    async (steps) => {
      await using queue = new JoinableQueue<unknown>({ maxsize: 3 });
      let inside = 0;
      let unfinished = 0;
      let joined = watch((signal) => queue.join({ signal }));
      await settle();
      for (const what of steps) {
        if (what === "put" && inside < 3) {
          await queue.put(inside++);
          unfinished++;
        } else if (what === "get" && inside > 0) {
          await queue.get();
          inside--;
        } else if (what === "done") {
          assertEquals(attempt(() => (queue.taskDone(), "ok")), unfinished > 0 ? "ok" : undefined);
          if (unfinished > 0) unfinished--;
        } else if (what === "refused") {
          await queue.put(() => {}).catch(() => {});
        } else if (what === "off" && inside === 3) {
          await queue.put(0, { timeout: 0 }).catch(() => {});
        }
        await settle();
        assertEquals([queue.unfinished, queue.qsize()], [unfinished, inside]);
        if (unfinished > 0 && joined.outcome === "done") {
          joined = watch((signal) => queue.join({ signal }));
          await settle();
        }
        assertEquals(joined.outcome, unfinished === 0 ? "done" : undefined);
      }
      joined.controller.abort(new Error("end"));
    },
  );
  await fc.assert(property, { numRuns: RUNS });
});
