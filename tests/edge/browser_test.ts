/**
 * The dashboard in a real browser. It needs Chromium, which this installs nothing of: on Debian
 * `apt-get install chromium`, elsewhere set CHROMIUM to its path. With TROUPE_SHOTS=folder, pictures of
 * each view are put there.
 */
import { assert, assertEquals } from "@std/assert";
import { Hono } from "hono";
import type { Page } from "playwright-core";
import { Pool, spawn } from "../../troupe.ts";
import { dashboard, Observatory } from "../../edge/edge.ts";
import { double, Service } from "../fixtures/edge.ts";
import { until } from "../support.ts";
import { serve } from "./support.ts";

const PLACES = [
  Deno.env.get("CHROMIUM") ?? "",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];
const executablePath = PLACES.find((path) => {
  try {
    return path !== "" && Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});
if (executablePath === undefined) {
  console.log("No Chromium here: browser tests are skipped. `apt-get install chromium` gets it.");
}
const VIEWS = ["overview", "actors", "pools", "tasks", "queues", "letters", "log"];
const shots = Deno.env.get("TROUPE_SHOTS");
/** What a browser may take for one thing on a machine that is busy. */
const PATIENCE_MS = 120_000;

/** A page of a browser at the dashboard of an actor and a pool. */
async function inBrowser(
  { width, actions, scheme }: { width: number; actions: boolean; scheme: "light" | "dark" },
  look: (page: Page, observed: Observatory, pool: Pool) => Promise<void>,
): Promise<void> {
  const { chromium } = await import("playwright-core");
  const observed = new Observatory();
  await using ref = await spawn(Service, { id: "<img src=x onerror=alert(1)>" });
  await using pool = new Pool({ size: 2 });
  await pool.ready();
  observed.observe("service", ref);
  observed.observe("pool", pool);
  await using server = serve(
    new Hono().route("/admin", dashboard({ observed, actions, every: 50 })),
  );
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox"],
    timeout: PATIENCE_MS,
  });
  try {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme });
    page.setDefaultTimeout(PATIENCE_MS);
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    await page.goto(`${server.url}/admin`);
    await page.waitForSelector(".tile");
    await ref.ask.add({ by: 1 });
    await look(page, observed, pool);
    assertEquals(complaints, []);
    await page.close();
  } finally {
    await browser.close();
  }
}

async function shoot(page: Page, name: string): Promise<void> {
  if (shots !== undefined) await page.screenshot({ path: `${shots}/${name}.png`, fullPage: true });
}

/** A test in a browser; what that starts is not Troupe's to give back. */
function browserTest(name: string, fn: () => Promise<void>): void {
  const sanitize = { sanitizeOps: false, sanitizeResources: false, sanitizeExit: false };
  Deno.test({ name, fn, ignore: executablePath === undefined, ...sanitize });
}

for (const [width, scheme] of [[1280, "light"], [390, "dark"]] as const) {
  browserTest(
    `each view of the page renders and fits, ${width} pixels wide, ${scheme}`,
    () =>
      inBrowser({ width, scheme, actions: true }, async (page, observed, pool) => {
        await pool.map(double, [1, 2, 3]);
        observed.note({
          at: Date.now(),
          actor: "a",
          type: "crashed",
          error: new Error("<b>x</b>"),
        });
        const tally = observed.tally("accounts");
        for (const status of [200, 400, 429, 503]) tally.count("deposit", status, 1234);
        const letter = { type: "add", payload: { by: "<i>1</i>" } };
        observed.note({
          at: 0,
          actor: "a",
          type: "dead-letter",
          message: letter,
          reason: "stopped",
        });
        for (const view of VIEWS) {
          await page.keyboard.press(String(1 + VIEWS.indexOf(view)));
          await page.waitForSelector(`nav a[aria-current=page][href="#${view}"]`);
          const wide = Number(await page.evaluate("document.documentElement.scrollWidth"));
          assert(wide <= width, `${view} is ${wide} wide`);
          const cut =
            "[...document.querySelectorAll('.scroll')].filter((e) => e.scrollWidth > e.clientWidth)";
          assertEquals(
            await page.evaluate(`${cut}.map((e) => e.innerText)`),
            [],
            `cut off in ${view}`,
          );
          assertEquals(await page.locator("main img, main b, main i").count(), 0);
          await shoot(page, `${width}-${view}`);
        }
        await page.keyboard.press("2");
        await page.locator("main td a").first().click();
        await page.waitForSelector("section.card svg");
        await shoot(page, `${width}-actor`);
      }),
  );
}

browserTest(
  "the page is live: what changes is seen, and filters keep their focus",
  () =>
    inBrowser({ width: 1280, scheme: "light", actions: false }, async (page, observed) => {
      await page.keyboard.press("7");
      await page.waitForSelector("#filter");
      await page.keyboard.press("/");
      await page.keyboard.type("needle");
      observed.log("info", "hay");
      observed.log("info", "a needle");
      await page.waitForSelector("text=a needle");
      assertEquals(await page.locator("text=hay").count(), 0);
      assertEquals(await page.evaluate("document.activeElement.id"), "filter");
      assertEquals(await page.locator("button").count(), 0);
    }),
);

browserTest(
  "an action of the page works, and is asked about first",
  () =>
    inBrowser({ width: 1280, scheme: "light", actions: true }, async (page, _observed, pool) => {
      await page.keyboard.press("3");
      await page.waitForSelector("nav a[aria-current=page][href='#pools']");
      page.once("dialog", (dialog) => dialog.dismiss());
      await page.locator("button.danger").press("Enter");
      assertEquals(pool.stats().restarts, 0);
      page.once("dialog", (dialog) => dialog.accept());
      await page.locator("button.danger").press("Enter");
      await page.waitForSelector("text=Replace a worker: done");
      await until(() => pool.stats().restarts === 1);
    }),
);
