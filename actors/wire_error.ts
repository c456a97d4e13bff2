// Runs in: any isolate
/**
 * Errors that cross isolates. Those of Troupe arrive as they are; any other arrives as the cause of a
 * {@linkcode RemoteError} that keeps the far name and stack.
 *
 * @module
 */
import { RemoteError, TroupeError } from "../errors.ts";

/** The error that the asker gets for what was thrown on the other side. */
export function remoteError(thrown: unknown, where: string): TroupeError {
  if (thrown instanceof TroupeError) return thrown;
  const isError = thrown instanceof Error;
  const remoteName = isError ? thrown.name : "NonError";
  const text = isError ? thrown.message : String(thrown);
  return new RemoteError(`${where} threw ${remoteName}: ${text}`, {
    cause: thrown,
    remoteName,
    remoteStack: isError ? thrown.stack ?? "" : "",
  });
}

/** What can be sent of something that was thrown: itself, or at least its text. */
export function sendableError(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return thrown;
  const { name, message, stack } = thrown;
  return Object.assign(new Error(message), { name, stack });
}
