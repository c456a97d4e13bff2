import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import { ValidationError } from "../../errors.ts";
import { checkSchema, type StandardSchemaV1, validate } from "../../channels/schema.ts";

/** A schema of one's own: the standard is a shape. */
function schema(check: StandardSchemaV1["~standard"]["validate"]): StandardSchemaV1 {
  return { "~standard": { version: 1, vendor: "test", validate: check } };
}

Deno.test("validate() gives what the schema makes of the value, at once", () => {
  assertEquals(validate(z.object({ by: z.coerce.number() }), { by: "3" }, "x"), { by: 3 });
  assertEquals(validate(schema((value) => ({ value })), undefined, "x"), undefined);
});

Deno.test("validate() gives a promise when the schema answers later", async () => {
  const later = z.string().refine((s) => Promise.resolve(s !== "bad"), "is bad");
  assertEquals(await validate(later, "good", "x"), "good");
  const error = await assertRejects(async () => await validate(later, "bad", "accept it"));
  assertStrictEquals((error as ValidationError).message, "Cannot accept it: is bad");
});

Deno.test("validate() throws a ValidationError that names the field", () => {
  const error = assertThrows(
    () =>
      validate(
        schema(() => ({ issues: [{ message: "expected number", path: ["by"] }] })),
        {},
        'accept message "add"',
      ),
    ValidationError,
    'Cannot accept message "add": by: expected number',
  );
  assertEquals(error.issues, [{ message: "expected number", path: ["by"] }]);
});

Deno.test("validate() throws the issues of a real schema", () => {
  const error = assertThrows(
    () => validate(z.object({ a: z.array(z.number()) }), { a: [1, "2"] }, "accept it"),
    ValidationError,
    "Cannot accept it: a.1: ",
  );
  assertEquals((error as ValidationError).issues.map(({ path }) => path), [["a", 1]]);
});

Deno.test("validate() names three issues and counts the rest", () => {
  const issues = ["a", "b", "c", "d", "e"].map((message) => ({ message }));
  assertThrows(
    () => validate(schema(() => ({ issues })), 1, "x"),
    ValidationError,
    "Cannot x: a; b; c; and 2 more",
  );
});

Deno.test("validate() makes issues that can be sent: no symbols, no extras", () => {
  const issue = { message: "m", path: [Symbol("s"), { key: "k" }], input: () => 1 };
  const error = assertThrows(
    () => validate(schema(() => ({ issues: [issue] })), 1, "x"),
    ValidationError,
  );
  assertEquals(structuredClone(error.issues), [{ message: "m", path: ["Symbol(s)", "k"] }]);
});

Deno.test("validate() lets through what the schema itself throws", () => {
  const broken = schema(() => {
    throw new RangeError("boom");
  });
  assertThrows(() => validate(broken, 1, "x"), RangeError, "boom");
});

Deno.test("checkSchema() takes schemas, objects and functions alike", () => {
  checkSchema(z.string(), "it");
  checkSchema(Object.assign(() => {}, schema((value) => ({ value }))), "it");
});

Deno.test("checkSchema() refuses the rest and says where", () => {
  const v2 = { "~standard": { version: 2, vendor: "x", validate: () => ({ value: 1 }) } };
  for (const value of [undefined, null, 5, {}, "string", () => {}, { "~standard": {} }, v2]) {
    assertThrows(
      () => checkSchema(value, 'accepts.add of actor "A"'),
      TypeError,
      'Cannot use accepts.add of actor "A"',
    );
  }
});
