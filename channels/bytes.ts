// Runs in: any isolate
/**
 * Parts of byte arrays.
 *
 * @module
 */

/**
 * The bytes from `offset` on, `size` of them or all; a view, not a copy.
 *
 * @throws RangeError when `offset` or `size` is negative or reaches beyond the end
 * @throws TypeError when `bytes` is no `Uint8Array`
 */
export function partOf(
  bytes: Uint8Array,
  offset: number,
  { size }: { readonly size?: number },
): Uint8Array {
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError("Cannot send bytes: the value is no Uint8Array");
  }
  const length = size ?? bytes.length - offset;
  if (offset >= 0 && length >= 0 && offset + length <= bytes.length) {
    return bytes.subarray(offset, offset + length);
  }
  throw new RangeError(`Cannot send ${length} bytes from ${offset}: there are ${bytes.length}`);
}
