import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Numbered } from "../../actors/numbered.ts";

Deno.test("Numbered is a map whose numbers are not given out twice in a row", () => {
  const steps = fc.array(fc.integer({ min: -300, max: 300 }), { maxLength: 400 });
  fc.assert(fc.property(steps, (steps) => {
    const numbered = new Numbered<string>();
    const model = new Map<number, string>();
    let last = 0;
    for (const step of steps) {
      if (step >= 0) {
        const number = numbered.add(`${step}`);
        assert(number > last && !model.has(number));
        model.set(last = number, `${step}`);
      } else {
        const number = [...model.keys()][-step % Math.max(1, model.size)];
        if (number === undefined) continue;
        numbered.delete(number);
        model.delete(number);
        assertEquals(numbered.get(number), undefined);
      }
      assertEquals(numbered.size, model.size);
    }
    assertEquals(numbered.entries(), [...model]);
    for (const [number, value] of model) assertEquals(numbered.get(number), value);
  }));
});

Deno.test("Numbered: one that stays is found after any number of others", () => {
  const numbered = new Numbered<string>();
  const stays = numbered.add("stays");
  for (let n = 0; n < 100_000; n++) numbered.delete(numbered.add("goes"));
  assertEquals([numbered.get(stays), numbered.size], ["stays", 1]);
});
