import { troupeTest } from "/work/main/tests/support.ts";
import { Process } from "/work/main/actors/process.ts";
import { seven } from "/work/main/tests/fixtures/processes.ts";
import { assertEquals } from "@std/assert";
troupeTest("smoke", async () => {
  const p = new Process({ target: seven }).start();
  assertEquals(await p.result, 7);
  await p.join();
});
troupeTest("empty", () => {});
