// Runs in: any isolate
/**
 * Values of others as the dashboard shows them: whatever they are, JSON, and not much of it. One job or
 * letter must not be able to hide all the rest.
 *
 * @module
 */

/** Characters of JSON that are shown of one value. */
const MOST = 1_000;

/** The value; of a long one the beginning of its JSON, of one that has none its text. */
export function shown(value: unknown): unknown {
  try {
    const text = JSON.stringify(value) ?? "";
    return text.length <= MOST ? value : cut(text);
  } catch {
    return cut(textOf(value));
  }
}

/** A value that its job can be asked for. @throws TypeError for what is no JSON */
export function asJson(value: unknown): unknown {
  JSON.stringify(value);
  return value;
}

/** The beginning of a text. */
export function cut(text: string, most: number = MOST): string {
  return text.length <= most ? text : `${text.slice(0, most)}…`;
}

function textOf(value: unknown): string {
  return typeof value === "object" ? "[no JSON]" : String(value);
}
