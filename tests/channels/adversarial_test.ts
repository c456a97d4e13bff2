import { assertEquals } from "@std/assert";
import { NotSendableError } from "../../errors.ts";
import { pipe } from "../../channels/pipe.ts";
import { JoinableQueue } from "../../channels/joinable_queue.ts";
import { Queue } from "../../channels/queue.ts";
import { select, sending } from "../../channels/select.ts";
import { SimpleQueue } from "../../channels/simple_queue.ts";
import { Process } from "../../actors/process.ts";
import { spawn } from "../../actors/spawn.ts";
import { ADVERSARIAL } from "../checkers/adversarial.ts";
import { difference } from "../checkers/same.ts";
import { Echo } from "../fixtures/actors.ts";
import { echoing } from "../fixtures/channels.ts";
import { echo } from "../fixtures/processes.ts";
import { rejection, troupeTest } from "../support.ts";

/** Sends a value through and gives what arrived. */
type Transport = (value: unknown) => Promise<unknown>;

/** All values through one transport, which goes on after each. */
async function sendAll(send: Transport): Promise<void> {
  const wrong: string[] = [];
  for (const { name, make, path } of ADVERSARIAL) {
    const value = make();
    const sent = send(value);
    if (path !== undefined) {
      const error = await rejection(sent).catch((arrived) => arrived);
      const isRight = error instanceof NotSendableError && error.path === path;
      if (!isRight) wrong.push(`${name}: ${error} (path ${(error as NotSendableError).path})`);
    } else {
      const odd = await sent.then((got) => difference(value, got), (error) => String(error));
      if (odd !== undefined) wrong.push(`${name}: ${odd}`);
    }
    if (await send("next") !== "next") wrong.push(`after ${name}: it is spoilt`);
  }
  assertEquals(wrong, []);
}

troupeTest("A1 adversarial values through a queue of this isolate", async () => {
  await using queue = new Queue<unknown>();
  await sendAll(async (value) => {
    await queue.put(value);
    return await queue.get();
  });
});

troupeTest("A1 adversarial values through select, by a queue and a joinable queue", async () => {
  await using queue = new Queue<unknown>();
  await using jobs = new JoinableQueue<unknown>({ maxsize: 4 });
  for (const into of [queue, jobs]) {
    await sendAll(async (value) => {
      await select({ put: sending(into, value) });
      const got = await select({ queue, jobs });
      if (got.arm === "jobs") jobs.taskDone();
      return got.value;
    });
  }
  assertEquals(jobs.unfinished, 0);
});

troupeTest("A1 adversarial values through a simple queue", async () => {
  using queue = new SimpleQueue<unknown>();
  await sendAll(async (value) => {
    await queue.put(value);
    return await queue.get();
  });
});

troupeTest("A1 adversarial values through a pipe to a worker and back", async () => {
  const [here, there] = pipe<unknown>();
  const one = new Process({ target: echoing, args: [there as never] }).start();
  await sendAll(async (value) => {
    await here.send(value);
    return await here.recv();
  });
  here.close();
  await one.join();
});

for (const isolation of ["worker", "inline"] as const) {
  troupeTest(
    `A1 adversarial values as payloads and replies of an actor: ${isolation}`,
    async () => {
      await using ref = await spawn(Echo, { isolation });
      await sendAll((value) => ref.ask.echo(value));
    },
  );

  troupeTest(`A1 adversarial values as items of a stream: ${isolation}`, async () => {
    await using ref = await spawn(Echo, { isolation });
    await sendAll(async (value) => (await Array.fromAsync(ref.stream.items(value)))[0]);
  });
}

troupeTest(
  "A1 all adversarial values that can be sent, as arguments and result of a process",
  async () => {
    const values = ADVERSARIAL.filter(({ path }) => path === undefined);
    const made = values.map(({ make }) => make());
    const one = new Process({ target: echo, args: made }).start();
    const got = await one.result as unknown[];
    await one.join();
    const wrong = values.map(({ name }, n) => [name, difference(made[n], got[n])]);
    assertEquals(wrong.filter(([, odd]) => odd !== undefined), []);
  },
);
