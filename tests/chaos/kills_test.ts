import { assert, assertEquals } from "@std/assert";
import { whatIsMissing } from "../../memory/libc.ts";
import { program } from "../support.ts";

const KILLS = Deno.env.get("TROUPE_SOAK") === "1" ? 300 : 12;
/** Processor time, in milliseconds, of a second in which nothing happens. */
const IDLE_MS = 300;

for (const isolation of ["worker", "process"]) {
  Deno.test({
    name: `kills in a row of actors in endless loops harm nobody, and leave nothing: ${isolation}`,
    ignore: isolation === "process" && whatIsMissing() !== undefined,
    async fn() {
      const { code, stdout, stderr } = await program("../chaos/kills.ts", isolation, `${KILLS}`);
      assertEquals(code, 0, stderr);
      const { count, busy } = JSON.parse(stdout);
      assertEquals([count, stderr.includes("panic")], [KILLS, false]);
      assert(busy < IDLE_MS, `${busy} ms of processor time`);
    },
  });
}
