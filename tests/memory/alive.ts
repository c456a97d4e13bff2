/**
 * A program that waits for what only an unreferenced timer will bring, or for nothing, for
 * `park_test.ts`: it ends by itself when nothing keeps it alive.
 *
 * @module
 */
import { isolatesIn, Turnstile } from "./support.ts";

const [me, other] = isolatesIn(2);
const gate = new Turnstile(me);
const [what] = Deno.args;
if (what === "waits") {
  Deno.unrefTimer(setTimeout(() => gate.add(1, other), 300));
  await gate.pass();
  console.log("rung");
} else {
  if (what === "waited") await gate.pass({ timeout: 20 }).catch(() => {});
  console.log("ended");
}
