import { assert, assertEquals } from "@std/assert";
import type { Isolation } from "../../actors/actor.ts";
import { events } from "../../actors/events.ts";
import { startHost } from "../../actors/host.ts";
import { spawn } from "../../actors/spawn.ts";
import { supervise } from "../../actors/supervision/supervise.ts";
import { child } from "../../actors/supervision/tree.ts";
import { ExitError, RemoteError, StartError } from "../../errors.ts";
import { Light } from "../fixtures/hosted.ts";
import { awake, rejectsWith, troupeTest, until } from "../support.ts";

const restart = { maxRestarts: 100, backoff: { min: 0, max: 0 } };

for (const isolation of ["inline", "worker"] as Isolation[]) {
  const hostTest = (name: string, fn: () => Promise<void>) =>
    troupeTest(`${name} (${isolation})`, fn);

  hostTest("Host: actors in one host share an isolate and keep their own states", async () => {
    await using host = await startHost({ isolation });
    const [a, b] = await Promise.all([1, 10].map((n) => spawn(Light, { args: [n], host })));
    assertEquals(await Promise.all([a.ask.add(1), b.ask.add(1)]), [2, 11]);
    assertEquals(await a.ask.isolate(), await b.ask.isolate());
    assertEquals([await a.ask.slowly(1), await b.ask.slowly(1)], [3, 12]);
    await until(() => host.stats().actors === 2, "the host's figures");
    await Promise.all([a.stop(), b.stop()]);
  });

  hostTest("Host: messages of one sender stay in order, however many", async () => {
    await using host = await startHost({ isolation });
    await using light = await spawn(Light, { args: [0], host });
    const asked = Array.from({ length: 500 }, (_, n) => light.ask.add(n % 7));
    let sum = 0;
    assertEquals(await Promise.all(asked), asked.map((_, n) => sum += n % 7));
    const long = "x".repeat(3_000_000);
    assertEquals((await light.ask.text(long)).length, long.length);
    assertEquals(await Array.fromAsync(light.stream.count(100)), [...Array(100).keys()]);
  });

  hostTest("Host: a start that fails says why", async () => {
    await using host = await startHost({ isolation });
    const { phase, message } = await rejectsWith(spawn(Light, { args: [-1], host }), StartError);
    assertEquals(phase, "init");
    assert(message.includes("below zero"), message);
    await using light = await spawn(Light, { args: [1], host });
    assertEquals(await light.ask.add(1), 2);
  });

  hostTest("Host: an actor that ends leaves the others alone", async () => {
    await using host = await startHost({ isolation });
    const [a, b, c] = await Promise.all([1, 2, 3].map((n) => spawn(Light, { args: [n], host })));
    await a.tell.end("enough");
    assertEquals((await awake(a.exited)).reason, "normal");
    c.kill();
    assertEquals((await awake(c.exited)).reason, "killed");
    await rejectsWith(c.ask.add(1), ExitError);
    await rejectsWith(b.ask.boom(), RemoteError);
    assertEquals(await b.ask.add(1), 3);
    await b.stop();
  });

  hostTest("Host: an actor with restart is started again in its host", async () => {
    await using host = await startHost({ isolation });
    await using light = await spawn(Light, { args: [5], host, restart });
    assertEquals(await light.ask.add(1), 6);
    const place = await light.ask.isolate();
    await rejectsWith(light.ask.boom(), RemoteError);
    assertEquals(await light.ask.add(1), 6);
    light.kill();
    await awake((async () => {
      while ((await light.stats()).restarts < 2) await new Promise((done) => setTimeout(done, 1));
    })());
    assertEquals(await light.ask.add(1), 6);
    assertEquals(await light.ask.isolate(), place);
  });

  hostTest("Host: a supervisor's children may live in it", async () => {
    await using host = await startHost({ isolation });
    await using top = await supervise({
      restart,
      children: { a: child(Light, { args: [1], host }), b: child(Light, { args: [2], host }) },
    });
    await rejectsWith(top.children.a.ask.boom(), RemoteError);
    assertEquals([await top.children.a.ask.add(1), await top.children.b.ask.add(1)], [2, 3]);
  });

  hostTest("Host: its end is that of its actors", async () => {
    const host = await startHost({ isolation });
    const light = await spawn(Light, { args: [1], host });
    await host[Symbol.asyncDispose]();
    await awake(light.exited);
    await rejectsWith(light.ask.add(1), ExitError);
    await rejectsWith(spawn(Light, { args: [1], host }), StartError);
  });
}

troupeTest("Host: when it dies, actors with restart go on in its next life", async () => {
  await using host = await startHost();
  await using again = await spawn(Light, { args: [5], host, restart });
  const once = await spawn(Light, { args: [1], host });
  const place = await again.ask.isolate();
  const waiting = again.ask.slowly(1).catch(() => {});
  await rejectsWith(once.ask.exit(), ExitError);
  await waiting;
  assertEquals(await again.ask.add(1), 6);
  assert(await again.ask.isolate() !== place);
  await awake(once.exited);
});

troupeTest("Host: it can be sent, and what is in it be used from anywhere", async () => {
  await using host = await startHost();
  await using other = await startHost();
  await using a = await spawn(Light, { args: [0], host });
  await using b = await spawn(Light, { args: [0], host: other });
  for (let n = 0; n < 50; n++) await Promise.all([a.ask.add(1), b.ask.add(1)]);
  assertEquals([await a.ask.add(0), await b.ask.add(0)], [50, 50]);
});

troupeTest("Host: two thousand actors answer, and leave nothing behind", async () => {
  await using host = await startHost();
  const actors = await Promise.all(
    Array.from({ length: 2000 }, (_, n) => spawn(Light, { args: [n], host })),
  );
  const answers = await Promise.all(actors.map(({ ask }) => ask.add(1)));
  assertEquals(answers, actors.map((_, n) => n + 1));
});

troupeTest("Host: a message left to an actor that is killed is a dead letter", async () => {
  using seen = events();
  await using host = await startHost({ isolation: "inline" });
  const light = await spawn(Light, { args: [0], host });
  const busy = light.ask.slowly(1).catch(() => {});
  // In one turn: the actor cannot come to it before its end.
  const told = light.tell.add(7);
  light.kill();
  await told;
  for await (const event of seen) {
    if (event.type !== "dead-letter" || event.message.type !== "add") continue;
    assertEquals([event.message, event.reason], [{ type: "add", payload: 7 }, "stopped"]);
    break;
  }
  await busy;
});
