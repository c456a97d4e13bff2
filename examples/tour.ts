// Runs in: any isolate
/**
 * The tour of README.md, as one program: `deno run --allow-read --allow-env examples/tour.ts`.
 *
 * @module
 */
import {
  type Connection,
  defineActor,
  ExitError,
  pipe,
  Pool,
  Process,
  Queue,
  spawn,
  task,
} from "@troupe/troupe";
import { z } from "zod";

/** A function that other isolates find: they import this module. */
export const fib = task(import.meta, function fib(n: number): number {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
});

/** Answers until its peer has gone. */
export const doubler = task(
  import.meta,
  async function doubler(end: Connection<number, number>): Promise<void> {
    for await (const n of end) await end.send(2 * n);
  },
);

/** Puts into a queue that it was given. */
export const produce = task(
  import.meta,
  async function produce(queue: Queue<string>, name: string): Promise<void> {
    for (let n = 1; n <= 2; n++) await queue.put(`${name} ${n}`);
  },
);

/** An actor: state, messages, and what the messages must look like. */
export const Account = defineActor(import.meta, {
  name: "Account",
  init: (balance: number) => ({ balance }),
  accepts: { deposit: z.object({ amount: z.number().positive() }) },
  on: {
    deposit: (state, { amount }) => (state.balance += amount),
    balance: (state) => state.balance,
  },
});

/** Takes its worker with it. */
export const leave = task(import.meta, function leave(code: number): void {
  Deno.exit(code);
});

async function main(): Promise<void> {
  {
    await using process = new Process({ target: fib, args: [25] }).start();
    console.log("process", await process.result);
  }
  {
    const [here, there] = pipe<number>();
    await using _process = new Process({ target: doubler, args: [there] }).start();
    await here.send(21);
    console.log("pipe", await here.recv());
    here.close();
  }
  {
    await using queue = new Queue<string>({ maxsize: 10 });
    const names = ["a", "b"];
    const all = names.map((name) => new Process({ target: produce, args: [queue, name] }).start());
    await Promise.all(all.map((process) => process.join()));
    const items = [];
    while (!queue.empty()) items.push(await queue.get());
    console.log("queue", items.sort().join(", "));
  }
  {
    await using account = await spawn(Account, { args: [100] });
    console.log("actor", await account.ask.deposit({ amount: 20 }));
    const refused = await account.ask.deposit({ amount: -1 }).catch((error) => error.code);
    console.log("actor", refused, await account.ask.balance());
  }
  {
    await using pool = new Pool({ size: 2 });
    console.log("pool", (await pool.map(fib, [10, 20, 25])).join(", "));
    try {
      await pool.apply(leave, 3);
    } catch (error) {
      if (error instanceof ExitError) console.log("lost", error.reason, error.exitCode);
    }
    console.log("pool", await pool.apply(fib, 20));
  }
}

if (import.meta.main) await main();
