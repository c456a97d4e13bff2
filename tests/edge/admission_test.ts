import { assertEquals } from "@std/assert";
import { Admission } from "../../edge/admission.ts";

/** Whoever comes, and what became of them. */
class Crowd {
  readonly fates: string[] = [];
  readonly line: Admission;
  #callOff: ((reason: unknown) => void)[] = [];

  constructor(workers: number) {
    this.line = new Admission(() => workers, () => "refused");
  }

  /** So many come. */
  come(count: number, now: number): void {
    for (let one = 0; one < count; one++) {
      const number = this.fates.push("waits") - 1;
      const settle = (fate: string) => () => void (this.fates[number] = fate);
      const onEnd = (callOff: (reason: unknown) => void) => this.#callOff[number] = callOff;
      const turn = this.line.enter({ onEnd, signal: new AbortController().signal }, now);
      if (turn === undefined) settle("in")();
      else turn.then(settle("in"), (reason) => settle(String(reason))());
    }
  }

  /** One has its answer. */
  async leave(now: number): Promise<void> {
    this.line.leave(now);
    await 0;
  }

  /** One that waits goes away. */
  async goAway(number: number): Promise<void> {
    this.#callOff[number]("gone");
    await 0;
  }

  count(fate: string): number {
    return this.fates.filter((one) => one === fate).length;
  }
}

Deno.test("Admission: two are let in for each worker, a burst waits and is served in turn", async () => {
  const crowd = new Crowd(2);
  crowd.come(10, 0);
  assertEquals([crowd.count("in"), crowd.count("waits")], [4, 6]);
  for (let now = 3; now <= 18; now += 3) await crowd.leave(now);
  assertEquals(crowd.count("in"), 10);
});

Deno.test("Admission: once a line has stood, who waited for long is refused", async () => {
  const crowd = new Crowd(2);
  for (let now = 0; now < 500; now++) {
    crowd.come(4, now);
    if (now % 5 === 4) { for (let answer = 0; answer < 2; answer++) await crowd.leave(now + 0.5); }
  }
  // 200 were answered and 4 are inside: what was refused was the surplus, and the line is short.
  assertEquals(crowd.count("in"), 204);
  const waiting = crowd.count("waits");
  assertEquals(waiting > 0 && waiting < 40, true, `${waiting}`);
  assertEquals(crowd.count("refused"), 2000 - 204 - waiting);
});

Deno.test("Admission: those in line of slow workers have more time", async () => {
  const crowd = new Crowd(1);
  crowd.come(5, 0);
  for (let now = 1000; now <= 3000; now += 1000) await crowd.leave(now);
  assertEquals([crowd.count("in"), crowd.count("refused")], [5, 0]);
});

Deno.test("Admission: a line that was gone may stand again", async () => {
  const crowd = new Crowd(1);
  crowd.come(3, 0);
  for (const now of [10, 20, 30]) await crowd.leave(now);
  crowd.come(8, 10_000);
  for (let now = 10_004; now <= 10_024; now += 4) await crowd.leave(now);
  assertEquals([crowd.count("in"), crowd.count("refused")], [11, 0]);
});

Deno.test("Admission: who goes away leaves the line, and its turn is another's", async () => {
  const crowd = new Crowd(1);
  crowd.come(4, 0);
  await crowd.goAway(2);
  assertEquals(crowd.fates, ["in", "in", "gone", "waits"]);
  await crowd.leave(5);
  assertEquals(crowd.fates, ["in", "in", "gone", "in"]);
});
