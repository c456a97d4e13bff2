// Runs in: owner
/**
 * A load generator for `edge.ts`: as many connections as asked for, each with one request after the
 * other, and as little work of its own as can be. Prints requests a second, in thousands.
 *
 * Run: `deno run --allow-net bench/edge_load.ts <port> <path> <body> <connections> <requests>`
 *
 * @module
 */
const [port, path, body, connections, requests] = Deno.args;
const request = new TextEncoder().encode(
  `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n` +
    `content-length: ${body.length}\r\n\r\n${body}`,
);
let left = Number(requests);

/** One connection; answers are so short that each comes in one piece. */
async function client(): Promise<void> {
  const tcp = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
  const answer = new Uint8Array(4096);
  while (left-- > 0) {
    await tcp.write(request);
    const length = await tcp.read(answer);
    const status = new TextDecoder().decode(answer.subarray(9, 12));
    if (length === null || status !== "200") throw new Error(`${path} answered ${status}`);
  }
  tcp.close();
}

const start = performance.now();
await Promise.all(Array.from({ length: Number(connections) }, client));
console.log(Number(requests) / (performance.now() - start));
