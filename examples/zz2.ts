import { cut, list } from "./index_tree/batches.ts";
import { countInto } from "./index_tree/count.ts";
import { TermTable } from "./index_tree/terms.ts";
const l = list("/tmp/t/c500");
const t = new TermTable(); const t0=performance.now(); for (const b of cut(l,16)) countInto(t,b); console.log("plain", performance.now()-t0);
