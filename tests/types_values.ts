/**
 * What must compile, and what must not, of shared values. Nothing here is executed: `deno check` is the
 * test, and `types_test.ts` runs it.
 */
import * as troupe from "../mod.ts";
import type { CheckSendable } from "../mod.ts";
import { expectType } from "./fixtures/expect_type.ts";

declare function send<T>(value: T & CheckSendable<T>): void;

export async function values() {
  const big = new troupe.Value("i64", 0n);
  expectType(big.value).is<bigint>();
  expectType(big.add(1n)).is<bigint>();
  expectType(await big.update((n) => n + 1n)).is<bigint>();
  expectType(big.lock).is<troupe.RLock>();
  expectType(new troupe.Value("bool").value).is<boolean>();
  expectType(new troupe.Value("char", "x").value).is<string>();
  expectType(new troupe.RawValue("f32").value).is<number>();
  // @ts-expect-error no such type
  new troupe.Value("int");
  // @ts-expect-error a number is no bigint
  new troupe.Value("i64", 0);
  // @ts-expect-error a string is no number
  new troupe.Value("i32").value = "1";
  // @ts-expect-error raw values have no lock
  new troupe.RawValue("i32").lock;
}

export function arrays() {
  const array = new troupe.SharedArray("f64", [1, 2]);
  expectType(array[0]).is<number>();
  expectType(array.at(-1)).is<number>();
  expectType(array.lock).is<troupe.RLock>();
  expectType(array.length).is<number>();
  const floats: Float64Array<ArrayBufferLike> = array;
  expectType(floats.length).is<number>();
  for (const element of array) expectType(element).is<number>();
  expectType(new troupe.SharedArray("u64", 3)[0]).is<bigint>();
  expectType(new troupe.SharedArray("char", "hello").value).is<string>();
  new troupe.SharedArray("bool", [true, false]).set([false]);
  const typed: troupe.SharedArray<"i32"> = new troupe.SharedArray("i32", 2);
  typed[1] = 5;
  // @ts-expect-error a number is no bigint
  new troupe.SharedArray("u64", 3)[0] = 1;
  // @ts-expect-error elements of another type
  new troupe.SharedArray("f64", ["x"]);
  // @ts-expect-error raw arrays have no lock
  new troupe.RawArray("i32", 1).lock;
  // @ts-expect-error only characters have a text
  new troupe.RawArray("i32", 1).value = "x";
}

export function records() {
  const point = troupe.struct({ x: "f64", hits: "u64", on: "bool" });
  expectType(point.hits).is<bigint>();
  expectType(point.lock).is<troupe.RLock>();
  point.on = true;
  const points = new troupe.StructArray({ x: "f64" }, [{ x: 1 }]);
  expectType(points.at(0).x).is<number>();
  // @ts-expect-error no such field
  point.y;
  // @ts-expect-error a number is no bigint
  point.hits = 1;
  // @ts-expect-error no such type
  troupe.struct({ x: "int" });
  // @ts-expect-error a string is no number
  troupe.struct({ x: "f64" }, { x: "1" });
}

export function handles() {
  send(new troupe.Value("i32"));
  send({ array: new troupe.SharedArray("i32", 1), point: troupe.struct({ x: "f64" }) });
  send([new troupe.StructArray({ x: "f64" }, 1), new troupe.SharedMemory({ size: 1 })]);
  send(new troupe.ShareableList([1]));
  // @ts-expect-error a manager stays where it is
  send(new troupe.SharedMemoryManager());
  // @ts-expect-error lists hold simple values only
  new troupe.ShareableList([{}]);
  // @ts-expect-error a size is needed
  new troupe.SharedMemory({ name: "x" });
}
