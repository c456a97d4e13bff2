// Runs in: any isolate
/**
 * What becomes of a process: its result and its exit code, each settled once.
 *
 * @module
 */

/** The two promises of a process. */
export class Outcome<R> {
  /** Resolves with what was returned; a rejection that nobody looks at is not an uncaught error. */
  readonly result: Promise<R>;
  /** Resolves with the exit code. */
  readonly exitCode: Promise<number>;
  /** Settles {@linkcode result}; later calls of this or `fail` do nothing. */
  readonly succeed: (value: R) => void;
  /** Settles {@linkcode result}; later calls of this or `succeed` do nothing. */
  readonly fail: (error: Error) => void;
  /** Settles {@linkcode exitCode}. */
  readonly end: (exitCode: number) => void;

  /** Both open. */
  constructor() {
    const result = Promise.withResolvers<R>();
    const exitCode = Promise.withResolvers<number>();
    result.promise.catch(() => {});
    this.result = result.promise;
    this.exitCode = exitCode.promise;
    this.succeed = result.resolve;
    this.fail = result.reject;
    this.end = exitCode.resolve;
  }
}
