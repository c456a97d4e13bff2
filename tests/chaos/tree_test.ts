import { assert, assertEquals } from "@std/assert";
import { troupeTest } from "../support.ts";
import { chaos } from "./tree.ts";

troupeTest("chaos: a tree of 20 actors under load survives random deaths", async () => {
  const size = { inline: 14, workers: 6, messages: 4000, kills: 40, seed: 7 };
  const { answered, failed, unexpected, hung, lost, duplicates, missing, restarts } = await chaos(
    size,
  );
  assertEquals({ unexpected, hung, lost, duplicates, missing }, {
    unexpected: [],
    hung: 0,
    lost: 0,
    duplicates: 0,
    missing: 0,
  });
  assert(
    answered > 1000 && failed <= size.kills && restarts > 20,
    `${answered} ${failed} ${restarts}`,
  );
});
