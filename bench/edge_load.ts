// Runs in: owner
/**
 * A load generator for `edge.ts` where there is no `wrk`: as many connections as asked for, each with one request after the
 * other, and as little work of its own as can be. Prints requests a second, in thousands.
 *
 * Run: `deno run --allow-net bench/edge_load.ts <port> <path> <body> <connections> <seconds>`
 *
 * @module
 */
const [port, path, body, connections, seconds] = Deno.args;
const request = new TextEncoder().encode(
  `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n` +
    `content-length: ${body.length}\r\n\r\n${body}`,
);
let answered = 0;
const start = performance.now();
const end = start + Number(seconds) * 1000;

/** One connection; answers are so short that each comes in one piece. */
async function client(): Promise<void> {
  const tcp = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
  const answer = new Uint8Array(4096);
  while (performance.now() < end) {
    await tcp.write(request);
    const length = await tcp.read(answer);
    const status = new TextDecoder().decode(answer.subarray(9, 12));
    if (length === null || status !== "200") throw new Error(`${path} answered ${status}`);
    answered++;
  }
  tcp.close();
}

await Promise.all(Array.from({ length: Number(connections) }, client));
console.log(answered / (performance.now() - start));
