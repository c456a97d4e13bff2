// Runs in: any isolate
/**
 * What the service of `edge_service.ts` is made of: a task for the pool, and two actors.
 *
 * @module
 */
import { defineActor, task } from "@troupe/troupe";
import { z } from "zod";

/** What is found in a text. */
export interface Analysis {
  /** Words in it. */
  words: number;
  /** Different ones. */
  different: number;
  /** The most frequent ones, with their counts. */
  top: [word: string, count: number][];
  /** Minutes that reading it takes. */
  minutes: number;
}

/** Counts words; runs in a worker of the pool. */
export const analyse = task(import.meta, function analyse({ text }: { text: string }): Analysis {
  const counts = new Map<string, number>();
  let words = 0;
  for (const [word] of text.toLowerCase().matchAll(/\p{L}+/gu)) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
    words++;
  }
  const top = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 5);
  return { words, different: counts.size, top, minutes: Math.round(words / 20) / 10 };
});

/** Lets each caller through so often: a bucket of tokens that fills up again with time. */
export const Limiter = defineActor(import.meta, {
  name: "Limiter",
  init: (most: number, perSecond: number) => ({ most, perSecond, tokens: most, at: Date.now() }),
  accepts: { take: z.object({}) },
  on: {
    /** Whether there was a token. */
    take(state) {
      const now = Date.now();
      const more = (now - state.at) / 1000 * state.perSecond;
      state.tokens = Math.min(state.most, state.tokens + more);
      state.at = now;
      if (state.tokens < 1) return false;
      state.tokens--;
      return true;
    },
  },
});

/** One line of the feed. */
const Item = z.object({ words: z.number(), top: z.string() });

/** Tells whoever listens what was analysed. */
export const Feed = defineActor(import.meta, {
  name: "Feed",
  init: () => ({ count: 0, listeners: new Set<(item: z.infer<typeof Item>) => void>() }),
  accepts: { listen: z.object({}) },
  on: {
    /** From the program only: it has no schema, so HTTP does not know it. */
    publish(state, item: z.infer<typeof Item>) {
      state.count++;
      for (const listener of state.listeners) listener(item);
    },
    /** The items from now on; at most 100 wait for a slow reader. */
    async *listen(state, _payload, ctx) {
      const waiting: z.infer<typeof Item>[] = [];
      let wake = () => {};
      const listener = (item: z.infer<typeof Item>) => {
        if (waiting.push(item) > 100) waiting.shift();
        wake();
      };
      state.listeners.add(listener);
      ctx.signal.addEventListener("abort", () => wake());
      try {
        while (!ctx.signal.aborted) {
          while (waiting.length > 0) yield waiting.shift()!;
          await new Promise<void>((resolve) => {
            wake = resolve;
            if (waiting.length > 0) resolve();
          });
        }
      } finally {
        state.listeners.delete(listener);
      }
    },
  },
});
