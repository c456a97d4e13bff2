/**
 * A crawler: workers fetch and read pages, callbacks write down what they found and submit the links. The
 * site is served by the example itself, and its pages are known, so the result is checked.
 *
 * Run: `deno run --allow-net=127.0.0.1 --allow-read examples/crawler.ts [pages]`
 *
 * @module
 */
import { Pool, task } from "../mod.ts";

/** What a page says. */
interface Page {
  readonly url: string;
  readonly title: string;
  readonly words: number;
  readonly links: readonly string[];
}

/** Fetches a page and reads it; runs in a worker. */
export const read = task(import.meta, async function read(url: string): Promise<Page> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  const html = await response.text();
  const links = [...html.matchAll(/href="([^"]+)"/g)].map(([, href]) => new URL(href, url).href);
  const words = html.replaceAll(/<[^>]+>/g, " ").split(/\s+/).filter(Boolean).length;
  return { url, title: /<title>(.*?)<\/title>/.exec(html)?.[1] ?? "", words, links };
});

/** Page `n` links to two others, as a heap does, and to one that is not there. */
function pageOf(n: number, pages: number): string {
  const next = [2 * n + 1, 2 * n + 2].filter((other) => other < pages);
  const links = next.map((other) => `<a href="/${other}">page ${other}</a>`).join(" ");
  const broken = n === 0 ? '<a href="/missing">nowhere</a>' : "";
  return `<title>Page ${n}</title><p>${
    "word ".repeat(n)
  }</p>${links}${broken}<a href="/0">home</a>`;
}

/** Serves so many pages on a free port. */
function serve(pages: number): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
    const path = new URL(url).pathname.slice(1);
    const n = Number(path);
    if (path === "" || !(n < pages)) return new Response("not found", { status: 404 });
    return new Response(pageOf(n, pages), { headers: { "content-type": "text/html" } });
  });
}

/** Reads all pages that can be reached from `start`. */
async function crawl(start: string): Promise<{ found: Page[]; failed: string[] }> {
  const found: Page[] = [];
  const failed: string[] = [];
  const seen = new Set<string>();
  await using pool = new Pool();
  const visit = (url: string) => {
    if (seen.has(url)) return;
    seen.add(url);
    pool.applyAsync(read, [url], {
      timeout: 10_000,
      callback(page) {
        found.push(page);
        for (const link of page.links) visit(link);
      },
      errorCallback: () => failed.push(url),
    });
  };
  visit(start);
  await pool.drain();
  return { found, failed };
}

if (import.meta.main) {
  const pages = Number(Deno.args[0] ?? 50);
  await using server = serve(pages);
  const { found, failed } = await crawl(`http://127.0.0.1:${server.addr.port}/0`);
  const words = found.reduce((sum, page) => sum + page.words, 0);
  console.log(`pages   ${found.length} of ${pages}`);
  console.log(`broken  ${failed.length}`);
  console.log(`words   ${words}`);
  if (found.length !== pages || failed.length !== 1) Deno.exit(1);
}
