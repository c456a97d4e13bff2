// Runs in: owner
/**
 * Drives `edge_service.ts` and kills its workers meanwhile: `deno task load`, while `deno task serve`
 * runs. Options: `--url http://localhost:8000`, `--seconds 10`, `--clients 16`, `--kills 20`.
 *
 * @module
 */
import { parseArgs } from "node:util";

/** What came of it. */
export interface LoadReport {
  /** Answers by status. */
  statuses: Record<number, number>;
  /** Requests that got no answer: there should be none. */
  unanswered: number;
  /** Workers that were killed. */
  kills: number;
  /** Answers a second. */
  rate: number;
  /** Milliseconds. */
  p50: number;
  /** Milliseconds. */
  p99: number;
}

const TEXT = "the quick brown fox jumps over the lazy dog and all the world is a stage ".repeat(40);

/** Sends requests for so long, and has workers killed in between. */
export async function load(
  { url, seconds, clients, kills }: {
    url: string;
    seconds: number;
    clients: number;
    kills: number;
  },
): Promise<LoadReport> {
  const statuses: Record<number, number> = {};
  const durations: number[] = [];
  let unanswered = 0;
  const end = performance.now() + seconds * 1000;
  const client = async (number: number) => {
    while (performance.now() < end) {
      const began = performance.now();
      try {
        const { status, body } = await fetch(`${url}/texts/analyse`, {
          method: "POST",
          headers: { "content-type": "application/json", "x-api-key": `client ${number}` },
          body: JSON.stringify({ text: TEXT }),
        });
        await body?.cancel();
        statuses[status] = (statuses[status] ?? 0) + 1;
        durations.push(performance.now() - began);
        if (status !== 200) await new Promise((resolve) => setTimeout(resolve, 50));
      } catch {
        unanswered++;
      }
    }
  };
  const killing = killWorkers({ url, kills, every: seconds * 1000 / (kills + 1) });
  await Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
  const killed = await killing;
  durations.sort((a, b) => a - b);
  const at = (share: number) => durations[Math.floor(durations.length * share)] ?? 0;
  const rate = durations.length / seconds;
  return { statuses, unanswered, kills: killed, rate, p50: at(0.5), p99: at(0.99) };
}

/** Has the dashboard replace workers, as a click on its button does. */
async function killWorkers(
  { url, kills, every }: { url: string; kills: number; every: number },
): Promise<number> {
  const page = await (await fetch(`${url}/admin/`)).text();
  const key = page.match(/name="troupe-key" content="([^"]*)"/)?.[1] ?? "";
  let killed = 0;
  for (let n = 0; n < kills; n++) {
    await new Promise((resolve) => setTimeout(resolve, every));
    const address = `${url}/admin/api/pools/analysts/restart`;
    const answer = await fetch(address, { method: "POST", headers: { "x-troupe-key": key } });
    if (answer.ok) killed++;
    await answer.body?.cancel();
  }
  return killed;
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      url: { type: "string", default: "http://localhost:8000" },
      seconds: { type: "string", default: "10" },
      clients: { type: "string", default: "16" },
      kills: { type: "string", default: "20" },
    },
  });
  const report = await load({
    url: values.url,
    seconds: Number(values.seconds),
    clients: Number(values.clients),
    kills: Number(values.kills),
  });
  console.log(report);
}
