import { assertEquals } from "@std/assert";

const FILES = [
  "types_check.ts",
  "types_api.ts",
  "types_values.ts",
  "types_pipeline.ts",
  "types_edge.ts",
];

for (const file of FILES) {
  Deno.test(`${file} compiles: what must be accepted is, and what must be refused is`, async () => {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", new URL(file, import.meta.url).href],
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals(success, true, new TextDecoder().decode(stderr));
  });
}
