// Runs in: owner
/**
 * The dashboard for a terminal: `deno task top`, fed by the same events. Options: `--url`, the address of
 * a dashboard (`http://localhost:8000/admin`), `--token`, `--once` to print one snapshot and end.
 *
 * @module
 */
import { parseArgs, styleText } from "node:util";
import type { Snapshot, TreeNode } from "./contract_observed.ts";

const CLEAR = "\x1b[H\x1b[J";
const [ENTER, LEAVE] = ["\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"];
const STATES: Readonly<Record<string, "green" | "yellow" | "red">> = {
  running: "green",
  ready: "green",
  restarting: "yellow",
  starting: "yellow",
  stopping: "yellow",
  stopped: "red",
};

/** A snapshot as lines of text, at most `rows` of them and `columns` wide. */
export function screen(snapshot: Snapshot, rows: number, columns: number): string[] {
  const { overview: o, pools, calls } = snapshot;
  const lines = [
    `${o.rate.toFixed(0)}/s  http ${o.requests.toFixed(0)}/s  p99 ${o.p99.toFixed(1)} ms  ` +
    `actors ${o.actors}  restarts ${o.restarts}  dead letters ${o.deadLetters}  ` +
    `memory ${mebibytes(o.rss)}  shared ${mebibytes(o.arenaUsed)}  late ${o.lag.toFixed(0)} ms`,
    "",
    heading("ACTOR", "STATE", "MAILBOX", "/S", "P50", "P99", "RESTARTS"),
    ...snapshot.tree.flatMap((node) => branch(node, 0)),
    "",
    heading("POOL", "BUSY", "WAITING", "/S", "DONE", "FAILED", "REPLACED"),
    ...pools.map((pool) =>
      line(
        pool.name,
        `${pool.busy}/${pool.size}`,
        ...[pool.queued, pool.rate, pool.completed, pool.failed, pool.restarts].map(whole),
      )
    ),
    "",
    heading("CALL", "", "COUNT", "/S", "P50", "P99", "FAILED"),
    ...calls.map(({ service, name, count, rate, p50, p99, statuses }) => {
      const failed = Object.entries(statuses).filter(([status]) => +status >= 400);
      const failures = failed.reduce((sum, [, one]) => sum + one, 0);
      return line(
        `${service}/${name}`,
        "",
        ...[count, rate].map(whole),
        ms(p50),
        ms(p99),
        whole(failures),
      );
    }),
    "",
    ...snapshot.log.slice(-8).map(({ at, text }) =>
      `${new Date(at).toTimeString().slice(0, 8)} ${text}`
    ),
  ];
  return lines.slice(0, rows).map((text) => cut(text, columns));
}

function branch(node: TreeNode, depth: number): string[] {
  const { kind, state, mailbox, rate, p50, p99, restarts, children } = node;
  const name = "  ".repeat(depth) + node.name;
  const own = kind === "supervisor"
    ? line(name, state, "", "", "", "", whole(restarts))
    : line(name, state, whole(mailbox), whole(rate), ms(p50), ms(p99), whole(restarts));
  return [own, ...children.flatMap((child) => branch(child, depth + 1))];
}

/** The first two columns to the left, figures to the right. */
function line(name: string, state: string, ...rest: string[]): string {
  // What comes over the wire may hold control characters; a terminal would obey them.
  const plain = [name, state].map((text) => text.replaceAll(/\p{Cc}/gu, "?"));
  return cut(plain[0], 30).padEnd(31) + plain[1].padEnd(11) +
    rest.map((text) => text.padStart(10)).join("");
}

function heading(...names: string[]): string {
  return line(names[0], names[1], ...names.slice(2));
}

const whole = (value: number) => value.toFixed(0);
const ms = (value: number) => `${value.toFixed(1)} ms`;
const mebibytes = (value: number) => `${(value / 2 ** 20).toFixed(0)} MB`;
const cut = (text: string, most: number) =>
  text.length > most ? text.slice(0, most - 1) + "…" : text;

/** Colours: headings grey, states by how well they are. */
function coloured(text: string): string {
  if (/^(?:ACTOR|POOL|CALL) /.test(text)) return styleText("gray", text);
  const state = text.slice(31, 42).trim();
  const colour = STATES[state];
  return colour ? text.slice(0, 31) + styleText(colour, text.slice(31, 42)) + text.slice(42) : text;
}

/** The snapshots of a dashboard, as they come. */
async function* snapshots(url: string, token: string | undefined): AsyncGenerator<Snapshot> {
  const headers = token === undefined ? undefined : { authorization: `Bearer ${token}` };
  const response = await fetch(`${url.replace(/\/$/, "")}/events`, { headers });
  if (!response.ok || response.body === null) {
    throw new Error(`Cannot look at ${url}: it answers ${response.status}`);
  }
  let text = "";
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const events = (text + chunk).split("\n\n");
    text = events.pop()!;
    for (const event of events) {
      const found = /^data: (.*)$/m.exec(event);
      if (found !== null) yield JSON.parse(found[1]);
    }
  }
}

async function main(): Promise<void> {
  const { values: { url, token, once } } = parseArgs({
    args: Deno.args,
    options: {
      url: { type: "string", default: "http://localhost:8000/admin" },
      token: { type: "string" },
      once: { type: "boolean", default: false },
    },
  });
  const isScreen = Deno.stdout.isTerminal() && !once;
  const write = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(text));
  if (isScreen) {
    write(ENTER);
    Deno.addSignalListener("SIGINT", () => {
      write(LEAVE);
      Deno.exit();
    });
  }
  try {
    for await (const snapshot of snapshots(url, token)) {
      const { rows, columns } = isScreen ? Deno.consoleSize() : { rows: 1000, columns: 120 };
      const lines = screen(snapshot, rows - 1, columns || 80);
      write((isScreen ? CLEAR + lines.map(coloured).join("\n") : lines.join("\n")) + "\n");
      if (once) return;
    }
  } finally {
    if (isScreen) write(LEAVE);
  }
}

if (import.meta.main) {
  await main();
  Deno.exit();
}
