// What every page test needs: a browser, the page as it will be published, and an eye on what must
// never happen whatever the test is about.

import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { serve } from "./serve.mjs";

/** The published page. */
export const DIST = fileURLToPath(new URL("../../dist", import.meta.url));

/** The sizes at which the page must work, in CSS pixels. */
export const SIZES = {
  wide: { width: 1440, height: 900 },
  tablet: { width: 1024, height: 768 },
  phone: { width: 390, height: 844 },
};

export const THEMES = ["dark", "light"];

const FLAGS = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts the browser that CHROME names; as root it runs only without its sandbox. */
export function launch(flags = []) {
  const root = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({
    executablePath: process.env.CHROME ?? "/usr/bin/chromium",
    args: [...FLAGS, ...root, ...flags],
  });
}

/**
 * Prepares a file of tests: one browser and one server for all of them. Gives `open`, to be called
 * in each test as `const page = await open(t, options)`.
 *
 * Options: `query` (as "?seed=7"), `size` (of SIZES), `theme`, `reducedMotion`, `touch`, `base` (a
 * sub-path to serve from), `prepare(page, context)` before the page loads, `expected` (patterns of
 * console errors and failed requests that this test provokes), `javaScript: false`, and `ready:
 * false` not to wait until the page has started.
 */
export function harness() {
  const shared = { servers: new Map() };
  before(async () => {
    shared.browser = await launch();
  });
  after(async () => {
    await shared.browser?.close();
    await Promise.all([...shared.servers.values()].map(async (server) => (await server).close()));
  });
  const server = (base = "/") => {
    if (!shared.servers.has(base)) shared.servers.set(base, serve(DIST, { base }));
    return shared.servers.get(base);
  };
  const open = async (t, options = {}) => openPage(t, shared.browser, await server(options.base), options);
  return { open, server };
}

/** Opens the page and watches it until the test is over. */
async function openPage(t, browser, server, options) {
  const context = await browser.newContext({
    viewport: options.size ?? SIZES.wide,
    colorScheme: options.theme ?? "dark",
    reducedMotion: options.reducedMotion ? "reduce" : "no-preference",
    hasTouch: options.touch ?? false,
    javaScriptEnabled: options.javaScript ?? true,
    permissions: options.permissions ?? [],
  });
  const page = await context.newPage();
  const troubles = watch(page, server.url, options.expected ?? []);
  t.after(async () => {
    await context.close();
    if (troubles.length) throw new Error(`behind the test's back: ${troubles.join("; ")}`);
  });
  await options.prepare?.(page, context);
  await page.goto(server.url + (options.query ?? ""));
  if (options.ready ?? true) await started(page);
  return page;
}

/** Waits until the page runs: what it showed while loading is gone. */
export async function started(page) {
  await page.waitForSelector("#boot", { state: "detached", timeout: 15_000 });
}

/**
 * Collects what must never happen: an error on the console, an exception, a request that fails or
 * goes to another host.
 */
export function watch(page, url, expected = []) {
  const troubles = [];
  const note = (trouble) => {
    if (!expected.some((pattern) => pattern.test(trouble))) troubles.push(trouble);
  };
  const origin = new URL(url).origin;
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) note(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => note(`exception: ${error.message}`));
  page.on("requestfailed", (request) => note(`failed: ${request.url()} ${request.failure()?.errorText}`));
  page.on("request", (request) => {
    const address = new URL(request.url());
    if (address.origin !== origin && !["data:", "blob:"].includes(address.protocol)) {
      note(`another host: ${address.href}`);
    }
  });
  page.on("response", (response) => {
    if (response.status() >= 400) note(`${response.status()}: ${response.url()}`);
  });
  return troubles;
}

/** Calls `window.wavetank.NAME(...values)` on the page: to look; to act, tests use mouse and keys. */
export function call(page, name, ...values) {
  return page.evaluate(([name, values]) => window.wavetank[name](...values), [name, values]);
}
