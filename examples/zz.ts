import { Pool } from "@troupe/troupe";
import { cut, list } from "./index_tree/batches.ts";
import { countBatch } from "./index_tree/count.ts";
import { TermTable } from "./index_tree/terms.ts";
const l = list("/tmp/t/c500");
const begun = performance.now();
const pool = new Pool({ size: 2 });
const tm = setInterval(() => { const s = pool.stats(); console.log((performance.now()-begun).toFixed(0), "size", s.size, "busy", s.busy, "q", s.queued); }, 200);
const terms = new TermTable();
let last = performance.now();
const log: string[] = [];
for await (const r of pool.imapUnordered(countBatch, cut(l, 16), { concurrency: 4, retry: { attempts: 5 } })) {
  const t = performance.now();
  terms.merge(r.terms);
  log.push(`${(t-last).toFixed(0)}+${(performance.now()-t).toFixed(1)}`);
  last = performance.now();
}
console.log("total", performance.now() - begun, log.join(" "));
clearInterval(tm);
pool.terminate();
await pool.join();
