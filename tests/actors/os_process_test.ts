/** Processes of the operating system: what they have that threads have not, and how they die. */
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { EmptyError, NotSupportedError } from "../../errors.ts";
import { pipe } from "../../channels/pipe.ts";
import { Queue } from "../../channels/queue.ts";
import { currentProcess } from "../../actors/family.ts";
import { Process } from "../../actors/process.ts";
import { leave, readyLoop } from "../fixtures/processes.ts";
import {
  allowed,
  crash,
  drain,
  echoPipe,
  family,
  flood,
  fromThread,
  nest,
  pidForever,
  who,
} from "../fixtures/os_processes.ts";
import { osTest, processTest, program, rejection, traces, until } from "../support.ts";

const KILLS = Deno.env.get("TROUPE_SOAK") === "1" ? 100 : 10;

function isThere(pid: number): boolean {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return !/\) [ZX] /.test(stat);
  } catch {
    return false;
  }
}

/** Takes all that is in a queue that nobody puts into any more. */
function left(queue: Queue<number>): number[] {
  const items: number[] = [];
  for (;;) {
    try {
      items.push(queue.getNowait());
    } catch (error) {
      if (error instanceof EmptyError) return items;
      throw error;
    }
  }
}

const isolation = "process";

processTest("a process has an id of its own, known at once; it knows its parent's", async () => {
  await using one = new Process({ target: who, isolation }).start();
  const { pid } = one;
  const seen = await one.result;
  assertNotEquals(pid, Deno.pid);
  assertEquals(seen, {
    pid: pid!,
    ownPid: pid,
    parentPid: Deno.pid,
    parentAlive: true,
    authkey: currentProcess().authkey.toHex(),
    args: Deno.args,
  });
});

processTest("PROC-41 a process inherits the secret and changes only its own", async () => {
  const one = new Process({ target: who, isolation });
  one.authkey = new Uint8Array([1, 2, 3]);
  const { authkey } = await one.start().result;
  assertEquals(authkey, "010203");
  assertNotEquals(currentProcess().authkey.toHex(), authkey);
  await one.join();
});

for (
  const [how, code] of [
    ["return 7", 0],
    ["throw", 1],
    ["exit()", 0],
    ["exit(8)", 8],
    ["exit(true)", 1],
    ["exit(300)", 300],
    ["exit(-1)", -1],
    ["process.exit(7)", 7],
    ["self.close()", 0],
    ["rejection", 1],
    ["timer", 1],
  ] as const
) {
  processTest(`PROC-16 PROC-17 a process that ends by ${how} has exit code ${code}`, async () => {
    const one = new Process({ target: leave, args: [how], isolation }).start();
    assertEquals(await one.sentinel, code);
    await one.join();
  });
}

for (const [end, code] of [["terminate", -15], ["kill", -9]] as const) {
  osTest(
    `PROC-13 PROC-14 PROC-15 ${end} ends a process in an endless loop with ${code}`,
    async () => {
      const ready = new Queue<string>();
      const one = new Process({ target: readyLoop, args: [ready], isolation }).start();
      await ready.get();
      const { pid } = one;
      one[end]();
      assertEquals(await one.sentinel, code);
      await until(() => !isThere(pid!), "the process to be gone");
      ready.close();
    },
  );

  processTest(`${end} ends a process that is not up yet`, async () => {
    const one = new Process({ target: who, isolation }).start();
    const { pid } = one;
    one[end]();
    assertEquals(await one.sentinel, code);
    await until(() => !isThere(pid!), "the process to be gone");
  });
}

osTest("PROC-25 a process's own processes end with it", async () => {
  const pids = new Queue<number>();
  const one = new Process({ target: nest, args: [pids], isolation }).start();
  const [outer, inner] = [await pids.get(), await pids.get()];
  assertEquals([one.pid, isThere(inner)], [outer, true]);
  one.kill();
  await until(() => !isThere(outer) && !isThere(inner), "both to be gone");
  await one.join();
  pids.close();
});

osTest("PROC-36 a program waits for its processes, and ends its daemons and actors", async () => {
  const expected = { code: 0, stdout: "end\nthe process ends\n", stderr: "" };
  assertEquals(await program("run_to_end.ts", "osProcesses"), expected);
});

osTest("PROC-37 no process outlives a program that is killed, or ends", async () => {
  const { code, stdout } = await program("os_processes.ts");
  assertEquals(code, 0);
  const ended = stdout.trim().split(" ").map(Number);
  await until(() => !ended.some(isThere), "all to be gone");
  const main = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", import.meta.resolve("../fixtures/os_processes.ts"), "stay"],
    stdout: "piped",
  }).spawn();
  const lines = main.stdout.pipeThrough(new TextDecoderStream());
  const pids: number[] = [];
  for await (const line of lines) {
    pids.push(...line.trim().split(" ").map(Number));
    assert(pids.every(isThere));
    main.kill("SIGKILL");
  }
  await main.status;
  assertEquals(pids.length, 2);
  await until(() => !pids.some(isThere), "all to be gone");
});

for (
  const [signal, number] of [["SIGSEGV", 11], ["SIGABRT", 6], ["SIGKILL", 9], [
    "SIGTERM",
    15,
  ]] as const
) {
  processTest(`PROC-42 a process that ends by ${signal} has exit code -${number}`, async () => {
    const one = new Process({ target: crash, args: [signal], isolation }).start();
    assertEquals(await one.sentinel, -number);
    await one.join();
  });
}

processTest("a process that needs more memory than its limit hurts nobody else", async () => {
  const one = new Process({ target: crash, args: ["memory"], isolation, memoryLimitMb: 64 });
  const { name } = await rejection(one.start().result) as Error;
  assert(name === "ExitError" || name === "RemoteError", name);
  assert(await one.sentinel < 0);
  await one.join();
});

processTest("PROC-35 a process's standard input is empty; PROC-33 exit hooks run", async () => {
  const one = new Process({ target: crash, args: ["input"], isolation }).start();
  assertEquals(await one.result, 0);
  const two = new Process({ target: crash, args: ["hook"], isolation }).start();
  await two.result;
  await Promise.all([one.join(), two.join()]);
});

processTest("a process is allowed what it was given, and not more", async () => {
  const path = new URL("../fixtures/", import.meta.url).pathname;
  const asked: [Deno.PermissionOptions | undefined, object][] = [
    [undefined, { read: "granted", path: "granted", net: "granted", ffi: "granted" }],
    ["none", { read: "prompt", path: "prompt", net: "prompt", ffi: "denied" }],
    [{ read: [path], net: false }, {
      read: "prompt",
      path: "granted",
      net: "prompt",
      ffi: "denied",
    }],
    [{ net: true, ffi: true }, { read: "prompt", path: "prompt", net: "granted", ffi: "granted" }],
  ];
  for (const [permissions, expected] of asked) {
    const one = new Process({ target: allowed, args: [path], isolation, permissions }).start();
    const seen = await one.result as unknown as Record<string, string>;
    const states = Object.entries(seen).map(([name, state]) => [name, state === "granted"]);
    const wanted = Object.entries(expected).map(([name, state]) => [name, state === "granted"]);
    assertEquals(states, wanted);
    await one.join();
  }
});

processTest("what a confinement cannot be is refused", () => {
  const make = (options: object) => new Process({ target: who, isolation, ...options });
  for (const memoryLimitMb of [0, -1, 1.5, NaN]) {
    assertThrows(() => make({ memoryLimitMb }), RangeError);
  }
  assertThrows(() => make({ permissions: 5 }), TypeError);
  assertThrows(() => new Process({ target: who, permissions: "none" }), NotSupportedError);
  return Promise.resolve();
});

processTest("processes, their threads and their processes are one family", async () => {
  const one = new Process({ target: family, isolation }).start();
  const { own, thread, other } = await one.result;
  assertEquals([own, thread], [one.pid, one.pid]);
  assertNotEquals(other, own);
  const two = new Process({ target: fromThread }).start();
  const seen = await two.result;
  assertEquals([seen.own, seen.known, seen.code], [Deno.pid, seen.other, 0]);
  await Promise.all([one.join(), two.join()]);
});

osTest("messages of all sizes go to a process and back", async () => {
  const [mine, its] = pipe<unknown>();
  const one = new Process({ target: echoPipe, args: [its], isolation }).start();
  for (const size of [0, 1, 100, 5000, 100_000, 3_000_000]) {
    const message = { text: "x".repeat(size % 50_000), bytes: new Uint8Array(size).fill(7), size };
    await mine.send(message);
    assertEquals(await mine.recv(), message);
  }
  mine.close();
  await one.join();
});

osTest("a pipe whose process is killed ends, and what waits on it rejects", async () => {
  const [mine, its] = pipe<unknown>();
  const one = new Process({ target: echoPipe, args: [its], isolation }).start();
  await mine.send(1);
  assertEquals(await mine.recv(), 1);
  const waiting = rejection(mine.recv());
  one.kill();
  assertEquals((await waiting as Error).name, "EndOfChannelError");
  mine.close();
  await one.join();
});

osTest(
  "processes that put are killed at any moment: nothing committed is lost or repeated",
  async () => {
    for (let kill = 0; kill < KILLS; kill++) {
      const queue = new Queue<number>({ maxsize: 32 });
      const done = new Queue<number>();
      const one = new Process({ target: flood, args: [queue, done], isolation }).start();
      const got: number[] = [];
      const least = Math.floor(Math.random() * 300);
      while (got.length < least) got.push(await queue.get());
      one.kill();
      await one.join();
      await until(() => traces().threads === 0, "the process to be buried");
      got.push(...left(queue));
      assertEquals(got, got.map((_, index) => index + 1));
      const last = left(done).at(-1) ?? 0;
      assert(got.length >= last, `put ${last}, got ${got.length}`);
      queue.close();
      done.close();
    }
  },
);

osTest(
  "processes that get are killed at any moment: each loses at most the item in its hand",
  async () => {
    const queue = new Queue<number>({ maxsize: 32 });
    const seen = new Queue<number>();
    let put = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const one = new Process({ target: drain, args: [queue, seen], isolation }).start();
      const enough = put + 100 + Math.floor(Math.random() * 300);
      while (put < enough) await queue.put(++put);
      one.kill();
      await one.join();
    }
    const last = new Process({ target: drain, args: [queue, seen], isolation }).start();
    await until(() => queue.empty(), "the rest to be taken");
    await queue.put(-1);
    const got: number[] = [];
    for (let one = await seen.get(); one !== -1; one = await seen.get()) got.push(one);
    last.kill();
    await last.join();
    assertEquals(new Set(got).size, got.length, "repeated");
    assert(put - got.length <= KILLS, `${put - got.length} lost with ${KILLS} kills`);
    queue.close();
    seen.close();
  },
);

osTest("a hundred processes come and go", async () => {
  const pids = new Queue<number>();
  for (let round = 0; round < 10; round++) {
    const some = Array.from(
      { length: 5 },
      () => new Process({ target: pidForever, args: [pids], isolation }).start(),
    );
    for (const _ of some) await pids.get();
    for (const one of some) one.kill();
    await Promise.all(some.map((one) => one.join()));
  }
  pids.close();
});

osTest("workers that ended leave no thread behind while other processes may ring", async () => {
  // In a program of its own: the tests of other files have threads in this one.
  assertEquals(await program("threads_left.ts"), { code: 0, stdout: "none left\n", stderr: "" });
});
