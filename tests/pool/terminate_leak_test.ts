import { Queue } from "../../channels/queue.ts";
import { Pool } from "../../pool/pool.ts";
import { stayIfLast } from "../fixtures/pool_stays.ts";
import { troupeTest } from "../support.ts";

for (let run = 1; run <= 6; run++) {
  troupeTest(`terminate() leaves nothing of tasks that carry handles, run ${run}`, async () => {
    await using begun = new Queue<string>();
    const pool = new Pool({ size: 2 });
    const first = pool.applyAsync(stayIfLast, [{ isLast: false, begun }]);
    const rest = Array.from({ length: 5 }, () => {
      return pool.applyAsync(stayIfLast, [{ isLast: true, begun }]).catch(() => {});
    });
    await first;
    pool.terminate();
    await pool.join();
    await Promise.all(rest);
  });
}
