import { assertEquals } from "@std/assert";
import { store } from "../../../memory/atomics.ts";
import { here } from "../../../memory/isolate.ts";
import { beginNextLife } from "../../../actors/leftover.ts";
import { NOTHING } from "../../../actors/lives.ts";
import { Mailbox } from "../../../actors/mailbox.ts";
import { letGoOfMailbox } from "../../../actors/mailbox_end.ts";
import { FIRST, makeMailbox, RESTARTS } from "../../../actors/mailbox_region.ts";
import { troupeTest } from "../../support.ts";

troupeTest(
  "a message is lost exactly if a life that is over took it, also when tickets wrap",
  () => {
    const isolate = here();
    const region = makeMailbox(isolate);
    const mailbox = new Mailbox(isolate, region);
    const at = isolate.arena.wordOf(region);
    const tickets = 1 << 20;
    for (const first of [0, 5, tickets - 1, tickets / 2]) {
      store(isolate.arena.words, at + FIRST, first);
      store(isolate.arena.words, at + RESTARTS, 1);
      for (const [offset, isLost] of [[-1, true], [-1000, true], [0, false], [1, false]] as const) {
        const ticket = (first + offset + tickets) % tickets;
        assertEquals(mailbox.wasLost(ticket, 0), isLost, `ticket ${ticket}, first ${first}`);
        assertEquals(mailbox.wasLost(ticket, 1), false, "sent in this life");
      }
      assertEquals(mailbox.wasLost(-1, 0), false, "it has no place yet");
    }
    letGoOfMailbox(isolate, region);
  },
);

troupeTest("a life that ends over a message it had not released leaves the next ones alone", () => {
  const isolate = here();
  const region = makeMailbox(isolate);
  const mailbox = new Mailbox(isolate, region);
  mailbox.guard();
  assertEquals([mailbox.ending, mailbox.lives.inHand, mailbox.isBusy], [undefined, NOTHING, false]);
  mailbox.start(7);
  mailbox.hand(3);
  assertEquals([mailbox.lives.inHand, mailbox.isBusy], [3, true]);
  beginNextLife(isolate, mailbox, { reason: "killed", exitCode: -9 });
  assertEquals([mailbox.lives.inHand, mailbox.isBusy, mailbox.restarts], [NOTHING, false, 1]);
  assertEquals(mailbox.lives.lastEnding, { reason: "killed", exitCode: -9 });
  mailbox.close({ reason: "shutdown", exitCode: 0 });
  assertEquals(mailbox.ending, { reason: "shutdown", exitCode: 0 });
  letGoOfMailbox(isolate, region);
});
