/**
 * A program that kills actors in endless loops: so many, of one isolation. Two seconds later it measures
 * the processor time that it uses in a second in which nothing happens, the least of three.
 *
 * @module
 */
import { spawn } from "../../actors/spawn.ts";
import { Confined } from "../fixtures/system.ts";

const [isolation, count] = [Deno.args[0] as "process" | "worker", Number(Deno.args[1])];

/** Processor time of this program so far, in milliseconds. */
function used(): number {
  const fields = Deno.readTextFileSync("/proc/self/stat").replace(/^.*\) /s, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

if (import.meta.main) {
  const bystander = await spawn(Confined, { isolation });
  let longest = 0;
  for (let kill = 1; kill <= count; kill++) {
    const victim = await spawn(Confined, { isolation });
    await victim.tell.spin();
    const waiting = victim.ask.count().catch((error: Error) => error.name);
    const begun = performance.now();
    victim.kill();
    if (await waiting !== "ExitError") throw new Error("an ask of the dead was answered");
    longest = Math.max(longest, performance.now() - begun);
    if (await bystander.ask.count() !== kill) throw new Error("a bystander was harmed");
  }
  await bystander.stop();
  await new Promise((resolve) => setTimeout(resolve, 2000));
  // Whoever still runs does so in each of these seconds; the collector of garbage does not.
  let busy = Infinity;
  for (let second = 0; second < 3; second++) {
    const before = used();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    busy = Math.min(busy, used() - before);
  }
  console.log(JSON.stringify({ isolation, count, busy, longest }));
}
