// Runs in: worker
/**
 * What a spare worker does while it waits: it plays through a whole actor's life once, so that nothing
 * has to be compiled for the first time when its order comes.
 *
 * @module
 */
import { defineActor } from "./actor.ts";
import { spawn } from "./spawn.ts";

const Rehearsal = defineActor(import.meta, {
  name: "troupe:rehearsal",
  init: (start: number) => ({ start }),
  on: { echo: ({ start }, value: unknown) => ({ start, value }) },
});

/** Spawns an actor in this isolate, asks it a few times, stops it. */
export async function rehearse(): Promise<void> {
  const ref = await spawn(Rehearsal, { args: [1], isolation: "inline" });
  for (const value of [1, "text", { list: [1.5, true, null], text: "x".repeat(200) }]) {
    await ref.ask.echo(value);
  }
  await ref.stop();
}
