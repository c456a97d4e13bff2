// Runs in: any isolate
/**
 * The actor of `bench/restart.ts`.
 *
 * @module
 */
import { defineActor } from "../mod.ts";

/** Answers, and dies in several ways. */
export const Fragile = defineActor(import.meta, {
  name: "Fragile",
  init: () => ({}),
  on: {
    echo: (_, value: unknown) => value,
    boom: (): never => {
      throw new RangeError("boom");
    },
    loop: () => {
      while (true);
    },
  },
});
