// Runs in: any isolate
/**
 * Standard Schema (https://standardschema.dev, version 1), by shape: schemas of zod, valibot,
 * arktype and others fit without an import. Validation runs where the message is received.
 *
 * @module
 */
import { type Issue, ValidationError } from "../errors.ts";

/** What a schema says of one value: the parsed value, or what is wrong with it. */
export type SchemaResult<Output> =
  | {
    /** The parsed value. */
    readonly value: Output;
    /** Absent when the value is good. */
    readonly issues?: undefined;
  }
  | {
    /** What is wrong. */
    readonly issues: readonly Issue[];
  };

/** The part of a schema that Standard Schema defines. */
export interface SchemaProps<Input = unknown, Output = Input> {
  /** Version of the standard. */
  readonly version: 1;
  /** The library that made the schema. */
  readonly vendor: string;
  /** Parses a value, at once or later. */
  readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
  /** For the compiler only; there is nothing at run time. */
  readonly types?: {
    /** What the schema takes. */
    readonly input: Input;
    /** What the schema gives. */
    readonly output: Output;
  } | undefined;
}

/** A schema of any library that follows Standard Schema version 1. */
export interface StandardSchemaV1<Input = unknown, Output = Input> {
  /** All that the standard defines. */
  readonly "~standard": SchemaProps<Input, Output>;
}

/** What a schema takes. */
export type SchemaInput<S> = S extends StandardSchemaV1<infer I, unknown> ? I : never;

/** What a schema gives. */
export type SchemaOutput<S> = S extends StandardSchemaV1<unknown, infer O> ? O : never;

/**
 * Makes sure that `value` is a schema.
 *
 * @param value What should be a schema.
 * @param where What it was given as, for the text: `accepts.add of actor "Counter"`.
 * @throws {TypeError} When it follows no Standard Schema version 1.
 */
export function checkSchema(value: unknown, where: string): asserts value is StandardSchemaV1 {
  const isHolder = (typeof value === "object" && value !== null) || typeof value === "function";
  const props = isHolder ? (value as Partial<StandardSchemaV1>)["~standard"] : undefined;
  if (typeof props?.validate !== "function" || props.version !== 1) {
    throw new TypeError(
      `Cannot use ${where}: it is no Standard Schema (zod, valibot, arktype … make them)`,
    );
  }
}

/**
 * Parses `value`. Gives no promise when the schema answers at once.
 *
 * @param schema What the value must fit.
 * @param value Anything.
 * @param what What was attempted, for the text: `accept message "add"`.
 * @returns What the schema made of the value, or a promise of it.
 * @throws {ValidationError} When the schema refuses the value: thrown, or rejected when the schema
 * answers later. Its issues are plain and can be sent. What the schema itself throws comes through.
 */
export function validate(
  schema: StandardSchemaV1,
  value: unknown,
  what: string,
): unknown | Promise<unknown> {
  const result = schema["~standard"].validate(value);
  return "then" in result ? result.then((later) => valueOf(later, what)) : valueOf(result, what);
}

/** The value of a good result. */
function valueOf(result: SchemaResult<unknown>, what: string): unknown {
  if (!result.issues) return result.value;
  const issues = result.issues.map(plainIssue);
  throw new ValidationError(`Cannot ${what}: ${describe(issues)}`, { issues });
}

/** An issue without what its library added, and without symbols: it has to cross isolates. */
function plainIssue({ message, path }: Issue): Issue {
  const keys = path?.map((step) => typeof step === "object" ? step.key : step);
  return keys?.length
    ? { message, path: keys.map((key) => typeof key === "symbol" ? String(key) : key) }
    : { message };
}

/** The first three issues as one line of text. */
function describe(issues: readonly Issue[]): string {
  const lines = issues.slice(0, 3).map(({ message, path }) =>
    path ? `${path.map(String).join(".")}: ${message}` : message
  );
  const more = issues.length - lines.length;
  return lines.join("; ") + (more > 0 ? `; and ${more} more` : "");
}
