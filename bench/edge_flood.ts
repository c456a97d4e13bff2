// Runs in: owner
/**
 * Sends requests at a fixed rate, whatever becomes of those before, on as many connections as that
 * takes; prints how many were answered how, and the 99th percentile of the times of those served.
 *
 * Run: `deno run --allow-net bench/edge_flood.ts <url> <body> <requests a second> <seconds>`
 *
 * @module
 */
const [url, body, perSecond, seconds] = Deno.args;
const { hostname, port, pathname } = new URL(url);
const request = new TextEncoder().encode(
  `POST ${pathname} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n` +
    `content-length: ${body.length}\r\n\r\n${body}`,
);
const idle: Deno.TcpConn[] = [];
const statuses: Record<string, number> = {};
const times: number[] = [];
let unhinted = 0;

/** One request, and its answer, which comes in one piece. */
async function send(due: number): Promise<void> {
  const tcp = idle.pop() ?? await Deno.connect({ hostname, port: Number(port) });
  const answer = new Uint8Array(2048);
  await tcp.write(request);
  const length = await tcp.read(answer) ?? 0;
  const text = new TextDecoder().decode(answer.subarray(0, length));
  const status = text.slice(9, 12) || "none";
  statuses[status] = (statuses[status] ?? 0) + 1;
  if (status === "200") times.push(performance.now() - due);
  if (status === "503" && !/^retry-after: \d/im.test(text)) unhinted++;
  idle.push(tcp);
}

const start = performance.now();
const total = Number(perSecond) * Number(seconds);
const sent: Promise<void>[] = [];
while (sent.length < total) {
  const due = Math.min(total, (performance.now() - start) * Number(perSecond) / 1000);
  while (sent.length < due) sent.push(send(performance.now()));
  await new Promise((resolve) => setTimeout(resolve, 1));
}
await Promise.all(sent);
times.sort((a, b) => a - b);
const at = (share: number) => times[Math.floor(times.length * share)] ?? 0;
const [p50, p99] = [at(0.5), at(0.99)];
console.log(JSON.stringify({ p50, p99, statuses, unhinted, connections: idle.length }));
Deno.exit();
