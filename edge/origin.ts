// Runs in: any isolate
/**
 * Where a request comes from, as the browser says it: pages cannot lie about these headers.
 *
 * @module
 */

/** Whether a page of another origin sent the request. Clients that are no browsers say nothing. */
export function isForeign({ headers, url }: Request): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== null) return site !== "same-origin" && site !== "none";
  const origin = headers.get("origin");
  if (origin === null) return false;
  try {
    return new URL(origin).host !== (headers.get("host") ?? new URL(url).host);
  } catch {
    return true; // "null", from a sandboxed page or a file
  }
}
