/**
 * The rules of the house, on the house. `CONTRIBUTING.md` lists them; `house/rules_test.ts` shows
 * that each can fail.
 */
import type { Rule } from "./house/files.ts";
import * as imports from "./house/import_rules.ts";
import * as mod from "./house/mod_rules.ts";
import * as text from "./house/text_rules.ts";

const root = new URL("../", import.meta.url);
const NOT_OURS =
  /(?:^|\/)(?:\.git|node_modules|vendor|coverage|dist)\/|^deno\.lock$|^built\/.*\.js$/;
const READ = /\.(?:tsx?|jsx?|jsonc?|md|txt|ya?ml|html|css)$/;
const NAMES = new URL("public_names.txt", import.meta.url);

/** All files of the repository that can break a rule. */
async function readFiles(folder = ""): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for await (const { name, isDirectory } of Deno.readDir(new URL(`./${folder}`, root))) {
    const path = folder + name + (isDirectory ? "/" : "");
    if (NOT_OURS.test(path)) continue;
    const found = isDirectory
      ? await readFiles(path)
      : READ.test(path)
      ? [[path, await Deno.readTextFile(new URL(path, root))] as const]
      : [];
    for (const [inner, content] of found) files.set(inner, content);
  }
  return files;
}

const files = await readFiles();

if (Deno.env.get("TROUPE_UPDATE_NAMES")) {
  const names = mod.publicNames(files).map((name) => name + "\n").join("");
  await Deno.writeTextFile(NAMES, names);
  files.set("tests/public_names.txt", names);
}

const house: Record<string, Rule> = {
  "imports go down: errors < memory < channels < actors < pool": imports.importsGoDown,
  "examples use the entry points": imports.outsidersUseEntryPoints,
  "troupe.ts only re-exports, by name": mod.modOnlyReexports,
  "there are no import cycles, not even of types": imports.noCycles,
  "the first line says where a file runs": text.runsIn,
  "each dangerous thing has one door": text.doors,
  "libraries stay where they belong": imports.libraries,
  "folders have names that say something": text.folderNames,
  "nothing is left for later": text.nothingForLater,
  "files stay small": text.fileSize,
  "functions stay small": text.functionSize,
  "there are no default exports": text.noDefaultExports,
  "there are no enums and no namespaces": text.noEnumsOrNamespaces,
  "protocols state their invariants": text.invariants,
  "there are no paths of machines": text.noMachinePaths,
  "there are no addresses of registries": text.noRegistryHosts,
  "troupe.ts exports what tests/public_names.txt says": mod.publicNamesAgree,
};

for (const [name, rule] of Object.entries(house)) {
  Deno.test(`house: ${name}`, () => {
    const found = rule(files);
    if (found.length > 0) throw new Error(`house: ${name}\n  ${found.join("\n  ")}`);
  });
}
