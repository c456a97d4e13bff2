// Runs in: owner
/**
 * Which configuration file this program uses. Deno looks for it from the main module upwards; a process
 * whose main module is no file has to be told.
 *
 * @module
 */

const FILES = ["deno.json", "deno.jsonc"];

let known: string | undefined;
let isKnown = false;

/** Says which one it is, where it was told. */
export function useConfig(path: string | undefined): void {
  known = path;
  isKnown = true;
}

/** Its path; nothing when there is none, or it may not be looked for without asking. */
export function configOf(): string | undefined {
  if (!isKnown) useConfig(find(Deno.mainModule));
  return known;
}

function find(main: string): string | undefined {
  if (!main.startsWith("file:")) return undefined;
  for (let folder = new URL("./", main);; folder = new URL("../", folder)) {
    for (const name of FILES) {
      const path = decodeURIComponent(new URL(name, folder).pathname);
      if (isFile(path)) return path;
    }
    if (folder.pathname === "/") return undefined;
  }
}

function isFile(path: string): boolean {
  const { state } = Deno.permissions.querySync({ name: "read", path });
  if (state !== "granted") return false;
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
