import { assertEquals } from "@std/assert";
import { program } from "../../support.ts";

Deno.test("locks and signals work in memory that is not shared", async () => {
  const { code, stdout, stderr } = await program("locks_plain.ts");
  assertEquals([code, stdout.trim()], [0, "done"], stderr);
});
