// Runs in: any isolate
/**
 * Who may see the dashboard, and who may act. Pure decisions on a request.
 *
 * @module
 */
import { isForeign } from "./origin.ts";

/** Why a request is refused. */
export type Denial = 401 | 403 | 421;

/** What stands at the door. */
export interface GuardOptions {
  /** The password, when there is one. */
  readonly token?: string;
}

/** What proxies add to a request. One that adds nothing cannot be told from a client. */
const PROXIES_SAY = [
  ...["forwarded", "via", "x-real-ip"],
  ...["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"],
];

/** Where a request came from, as the server knows it; absent where the platform does not tell. */
export interface Peer {
  /** The address of the other end of the connection. */
  readonly remoteAddr?: { readonly transport?: string; readonly hostname?: string };
}

/**
 * Whether a request may read; `undefined` if so. Without a token only this machine may: the connection
 * must come from it, not through a proxy, and name it, so that no page can get here by renaming itself
 * (DNS rebinding).
 */
export function denialOf(
  request: Request,
  peer: Peer,
  { token }: GuardOptions,
): Denial | undefined {
  const { headers } = request;
  if (isForeign(request) && headers.get("sec-fetch-mode") !== "navigate") return 403;
  if (token !== undefined) return hasToken(headers, token) ? undefined : 401;
  const name = headers.get("host") ?? new URL(request.url).host;
  if (!isLoopbackName(name)) return 421;
  const isProxied = PROXIES_SAY.some((header) => headers.has(header));
  return isLoopback(peer.remoteAddr?.hostname) && !isProxied ? undefined : 403;
}

/** Whether a request may change something: it must come from the page itself, which knows the key. */
export function mayAct(request: Request, key: string): boolean {
  return !isForeign(request) && isSame(request.headers.get("x-troupe-key") ?? "", key);
}

/** `Bearer` for programs, `Basic` with any name for browsers, which ask for it themselves. */
function hasToken(headers: Headers, token: string): boolean {
  const given = headers.get("authorization") ?? "";
  const at = given.indexOf(" ");
  const [scheme, value] = [given.slice(0, at), given.slice(at + 1)];
  if (/^bearer$/i.test(scheme)) return isSame(value, token);
  if (!/^basic$/i.test(scheme)) return false;
  try {
    const text = new TextDecoder().decode(Uint8Array.from(atob(value), (c) => c.charCodeAt(0)));
    return isSame(text.slice(text.indexOf(":") + 1), token);
  } catch {
    return false; // no base64
  }
}

/** Compares in a time that depends on the length of what was given only. */
export function isSame(given: string, secret: string): boolean {
  let difference = given.length ^ secret.length;
  for (let at = 0; at < given.length; at++) {
    difference |= given.charCodeAt(at) ^ secret.charCodeAt(at % secret.length);
  }
  return difference === 0;
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(?:127\.|::1$|::ffff:127\.)/.test(address);
}

function isLoopbackName(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i.test(host);
}
