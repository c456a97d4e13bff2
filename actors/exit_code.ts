// Runs in: any isolate
/**
 * What `exit(x)` means, for any `x`. As Python's `sys.exit`: nothing and `false` are 0, `true` is 1, a
 * number is itself, anything else is printed and is 1.
 *
 * @module
 */

/** What an exit came to. */
export interface ExitMeaning {
  /** The exit code, as it was given: it is not cut to a byte. */
  readonly exitCode: number;
  /** What to print first. */
  readonly text?: string;
}

/** The exit code of an argument of `exit`. */
export function exitCodeOf(given: unknown): ExitMeaning {
  if (given === undefined || given === null) return { exitCode: 0 };
  if (typeof given === "boolean") return { exitCode: given ? 1 : 0 };
  if (typeof given === "number" && Number.isFinite(given)) {
    return { exitCode: Math.trunc(given) | 0 };
  }
  return {
    exitCode: 1,
    text: typeof given === "string" ? given : JSON.stringify(given) ?? String(given),
  };
}
