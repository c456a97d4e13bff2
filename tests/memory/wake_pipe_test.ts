import { assert, assertEquals } from "@std/assert";
import { load, store } from "../../memory/atomics.ts";
import { whatIsMissing } from "../../memory/libc.ts";
import {
  openWakePipe,
  PIPE_END,
  PIPE_FILE,
  PIPE_PROCESS,
  WakePipes,
} from "../../memory/wake_pipe.ts";
import { awake, troupeTest } from "../support.ts";

const AT = 1;

/** Words that say of a pipe of this process which one it is; `woken` is called for each byte in it. */
function sleeper(woken: () => void = () => {}): Int32Array {
  const words = new Int32Array(new SharedArrayBuffer(128));
  store(words, AT + PIPE_PROCESS, Deno.pid);
  openWakePipe(words, AT, woken);
  return words;
}

const pipeTest = (name: string, fn: () => Promise<void> | void) =>
  troupeTest(name, fn, { ignore: whatIsMissing() !== undefined });

pipeTest("wake pipe: who has one is woken, from another isolate's point of view too", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const words = sleeper(resolve);
  assert(load(words, AT + PIPE_FILE) !== 0);
  assert(new WakePipes().wake(words, AT));
  await awake(promise);
});

pipeTest("wake pipe: who has none is not woken by one", () => {
  assertEquals(new WakePipes().wake(new Int32Array(new SharedArrayBuffer(128)), AT), false);
});

pipeTest("wake pipe: another file under the number of the pipe is left alone", async () => {
  const words = sleeper();
  const path = await Deno.makeTempFile();
  using _file = await Deno.open(path, { write: true });
  const links = [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => name);
  const number = links.find((name) => linkOf(name) === path);
  store(words, AT + PIPE_END, Number(number));
  assertEquals(new WakePipes().wake(words, AT), false);
  assertEquals((await Deno.stat(path)).size, 0);
  await Deno.remove(path);
});

pipeTest("wake pipe: another pipe under the number of the pipe is left alone", () => {
  const [words, other] = [sleeper(), sleeper()];
  store(words, AT + PIPE_END, load(other, AT + PIPE_END));
  assertEquals(new WakePipes().wake(words, AT), false);
});

pipeTest("wake pipe: a process that is gone is not woken", () => {
  const words = sleeper();
  store(words, AT + PIPE_PROCESS, 2 ** 22);
  assertEquals(new WakePipes().wake(words, AT), false);
});

function linkOf(name: string): string | undefined {
  try {
    return Deno.readLinkSync(`/proc/self/fd/${name}`);
  } catch {
    return undefined;
  }
}
