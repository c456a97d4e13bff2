// Runs in: owner
/**
 * V8 compiles a function when it is first called, and what Deno keeps of a module from one start to the
 * next is what was compiled with it. So each worker would compile hundreds of functions again, one by one.
 * A function in parentheses is compiled with its module: this puts those there that a start runs.
 *
 * - I1: the text means the same: functions are there before the first statement, methods before the first
 *   field, and neither methods nor their names can be told from those of a class.
 *
 * @module
 */
import {
  type ArrowFunctionExpression,
  type ClassBody,
  type FunctionDeclaration,
  type FunctionExpression,
  type MethodDefinition,
  parse,
} from "acorn";

/** A part of a text and what comes there instead. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A function of a text, by the name it has in lists. */
export interface Named {
  /** `name`, or `Class.name`; one for all of the same name. */
  readonly name: string;
  /** Where its body ends. */
  readonly end: number;
}

const METHODS = "methodsFirst";
/** Gives a class methods, as if they were written in it. */
const GIVE_METHODS = `var ${METHODS}=(function(to,methods,getters){` +
  "for(let name in methods)Object.defineProperty(to,name," +
  "{value:methods[name],writable:!0,configurable:!0});" +
  "for(let name in getters)Object.defineProperty(to,name,{get:getters[name],configurable:!0})});";

/** The text, in which the functions of these names are compiled with it. */
export function compiledFirst(original: string, names: ReadonlySet<string>): string {
  const text = withoutPrivate(original, names);
  const moved: string[] = [];
  const edits: Edit[] = [];
  for (const { name, node } of topLevelOf(text)) {
    if (node.type === "ClassBody") edits.push(...methodsFirst(text, { name, node }, names));
    else if (!names.has(name)) continue;
    else if (node.type === "ArrowFunctionExpression") {
      edits.push({ ...placeOf(node), text: `(${textOf(text, node)})` });
    } else {
      moved.push(`var ${name}=(${functionOf(text, node)});`);
      edits.push({ ...placeOf(node), text: "" });
    }
  }
  const hasMethods = edits.some((edit) => edit.text.startsWith("static{"));
  return (hasMethods ? GIVE_METHODS : "") + moved.join("") + edited(text, edits);
}

/** All functions and methods at the top level of a text that {@linkcode compiledFirst} can see to. */
export function functionsOf(text: string): Named[] {
  return topLevelOf(text).flatMap(({ name, node }): Named[] => {
    if (node.type !== "ClassBody") return [{ name, end: node.end }];
    return methodsOf(node).map(({ key, value }) => ({
      name: key.type === "PrivateIdentifier"
        ? publicName(name, key.name)
        : `${name}.${textOf(text, key)}`,
      end: value.end,
    }));
  });
}

/** Something at the top level that has a name. */
interface Part<N = FunctionDeclaration | ArrowFunctionExpression | ClassBody> {
  readonly name: string;
  readonly node: N;
}

const placeOf = ({ start, end }: { start: number; end: number }) => ({ start, end });
const textOf = (text: string, { start, end }: { start: number; end: number }) =>
  text.slice(start, end);

/** What is at the top level: functions, arrow functions, bodies of classes. */
function topLevelOf(text: string): Part[] {
  const { body } = parse(text, { ecmaVersion: "latest", sourceType: "module" });
  return body.flatMap((statement): Part[] => {
    if (statement.type === "FunctionDeclaration") {
      return [{ name: statement.id.name, node: statement as FunctionDeclaration }];
    }
    if (statement.type !== "VariableDeclaration") return [];
    return statement.declarations.flatMap(({ id, init }): Part[] => {
      if (id.type !== "Identifier") return [];
      if (init?.type === "ArrowFunctionExpression") return [{ name: id.name, node: init }];
      return init?.type === "ClassExpression" ? [{ name: id.name, node: init.body }] : [];
    });
  });
}

const methodsOf = (body: ClassBody): MethodDefinition[] =>
  body.body.filter((member) => member.type === "MethodDefinition")
    .filter(({ kind }) => kind !== "constructor");

/** The text, in which private methods of these names are methods with names that no other class has. */
function withoutPrivate(text: string, names: ReadonlySet<string>): string {
  const edits = topLevelOf(text).flatMap(({ name, node }): Edit[] => {
    if (node.type !== "ClassBody") return [];
    const chosen = methodsOf(node).flatMap(({ key }) => {
      return key.type === "PrivateIdentifier" && names.has(publicName(name, key.name)) ? [key] : [];
    });
    return chosen.flatMap((key) => {
      const called = new RegExp(`(?<=\\.)#${key.name}(?![\\w$])`, "g");
      const calls = [...textOf(text, node).matchAll(called)].map(
        ({ index, 0: { length } }): Edit => {
          const start = node.start + index;
          return { start, end: start + length, text: `${name}$${key.name}` };
        },
      );
      // Before it there can be `get`, without a space.
      return [{ ...placeOf(key), text: ` ${name}$${key.name}` }, ...calls];
    });
  });
  return edited(text, edits);
}

/** What a private method is called in lists. */
const publicName = (of: string, name: string) => `${of}.${of}$${name}`;

/** The methods that could as well be functions. */
function plainMethods(body: ClassBody): MethodDefinition[] {
  const all = methodsOf(body);
  const setters = new Set(
    all.flatMap(({ kind, key }) => kind === "set" && key.type === "Identifier" ? [key.name] : []),
  );
  return all.filter(({ kind, computed, key }) =>
    !computed && key.type === "Identifier" && !setters.has(key.name) &&
    (kind === "method" || kind === "get")
  );
}

/** Takes the methods of these names out of a class and gives them to it before all else. */
function methodsFirst(
  text: string,
  { name, node }: Part<ClassBody>,
  names: ReadonlySet<string>,
): Edit[] {
  const chosen = plainMethods(node).filter((method) =>
    names.has(`${name}.${textOf(text, method.key)}`) && !/\bsuper\b/.test(textOf(text, method))
  );
  if (chosen.length === 0) return [];
  const given = (to: string, some: readonly MethodDefinition[]) => {
    if (some.length === 0) return "";
    const of = (kind: string) =>
      some.filter((method) => method.kind === kind)
        .map(({ key, value }) => `${textOf(text, key)}:(${functionOf(text, value)})`).join();
    return `${METHODS}(${to},{${of("method")}},{${of("get")}});`;
  };
  const all = given("this.prototype", chosen.filter((method) => !method.static)) +
    given("this", chosen.filter((method) => method.static));
  const start = node.start + 1;
  return [
    { start, end: start, text: `static{${all}}` },
    ...chosen.map((method) => ({ ...placeOf(method), text: "" })),
  ];
}

/** A function or a method as a function without a name. */
function functionOf(text: string, node: FunctionDeclaration | FunctionExpression): string {
  const start = node.id?.end ?? node.start;
  const kind = `${node.async ? "async " : ""}function${node.generator ? "*" : ""}`;
  return kind + text.slice(start, node.end);
}

function edited(text: string, edits: readonly Edit[]): string {
  let [result, at] = ["", 0];
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    result += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return result + text.slice(at);
}
