// Runs in: any isolate
/**
 * A copy as the other side would get it, for what does not leave this isolate but should not be told
 * from what does.
 *
 * @module
 */
import { decode } from "./codec/decoder.ts";
import { departHandles, encode } from "./codec/encoder.ts";

/** The value as it would arrive. @throws NotSendableError when it cannot be sent */
export function copyOf<T>(value: T): T {
  const encoded = encode(value);
  const bytes = new Uint8Array(encoded.byteLength);
  encoded.copyTo(bytes, 0);
  departHandles()?.();
  return decode(bytes, 0, bytes.length) as T;
}
