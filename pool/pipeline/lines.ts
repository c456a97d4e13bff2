// Runs in: any isolate
/**
 * The lines of a text, read as they are needed.
 *
 * @module
 */

/**
 * The lines of a file, or of a stream of bytes, without their ends (`\n` or `\r\n`). Only what is asked for
 * is read, and the file is closed when nobody asks any more. Bytes that are no UTF-8 become U+FFFD.
 *
 * @param source A path, a `file:` URL, or the bytes.
 *
 * @example Lines of a stream
 * ```ts
 * import { lines } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const body = new Response("one\ntwo\r\nthree").body!;
 * assertEquals(await Array.fromAsync(lines(body)), ["one", "two", "three"]);
 * ```
 */
export async function* lines(
  source: string | URL | ReadableStream<Uint8Array>,
): AsyncGenerator<string> {
  for await (const block of blocksOfLines(source)) yield* block;
}

/** The lines of each piece of text that is read: a list of those that end in it. */
async function* blocksOfLines(
  source: string | URL | ReadableStream<Uint8Array>,
): AsyncGenerator<string[]> {
  const bytes = source instanceof ReadableStream ? source : (await Deno.open(source)).readable;
  let rest = "";
  for await (const text of bytes.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    yield parts.map(withoutReturn);
  }
  if (rest !== "") yield [withoutReturn(rest)];
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
