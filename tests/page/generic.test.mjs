// What holds for the page whatever it shows: it loads, alone, from anywhere, for everyone.

import AxeBuilder from "@axe-core/playwright";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { DIST, SIZES, THEMES, harness } from "./lib.mjs";
import { initial, sizes, total } from "./sizes.mjs";

const { open, server } = harness();

/**
 * The most that goes over the wire, in bytes. The aim is 250,000, and is not reached: what stands
 * in the way is the code of the components, and the words in which everything is explained.
 */
const BYTES_MAX = 1_075_000;

test("the page loads and shows something", async (t) => {
  const page = await open(t);
  assert.match(await page.title(), /Wavetank/);
  assert.ok(await page.locator("#app > *").count(), "the page has mounted");
  assert.equal(await page.locator("#boot-failure").count(), 0);
});

test("the page works from a sub-path, as GitHub Pages serves it", async (t) => {
  const page = await open(t, { base: "/wavetank/" });
  assert.ok(await page.locator("#app > *").count());
  const { answers } = await server("/wavetank/");
  assert.ok(answers.length > 3, "everything was asked of this server");
  assert.deepEqual(answers.filter(({ path }) => !path.startsWith("/wavetank/")), []);
});

test("each file is fetched once, and none is missing", async (t) => {
  const { answers } = await server("/once/");
  await open(t, { base: "/once/" });
  const paths = answers.map(({ path }) => path);
  assert.deepEqual(paths, [...new Set(paths)]);
  assert.deepEqual(answers.filter(({ status }) => status !== 200), []);
});

test("all that is fetched at first stays within its bytes", async () => {
  const { gzip } = total(initial(await sizes(DIST)));
  assert.ok(gzip < BYTES_MAX, `${gzip} bytes, compressed`);
});

for (const theme of THEMES) {
  for (const [name, size] of Object.entries(SIZES)) {
    test(`axe finds nothing serious, ${theme}, ${name}`, async (t) => {
      const page = await open(t, { theme, size });
      const { violations } = await new AxeBuilder({ page }).analyze();
      const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
      const say = ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ target }) => target).join(" | ")}`;
      assert.deepEqual(serious.map(say), []);
    });
  }
}

for (const [name, size] of Object.entries(SIZES)) {
  test(`nothing has to be scrolled sideways, ${name}`, async (t) => {
    const page = await open(t, { size });
    const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(beyond <= 0, `${beyond} px stand out`);
  });
}

test("a module that cannot be fetched gives a sentence, not a blank page", async (t) => {
  const page = await open(t, {
    prepare: (page) => page.route("**/*.wasm", (route) => route.abort()),
    expected: [/\.wasm/, /Failed to load resource/],
    ready: false,
  });
  const sentence = page.locator("#boot-failure");
  await sentence.waitFor();
  assert.match(await sentence.textContent(), /could not be loaded: check the connection/);
});

test("a browser without WebAssembly is told what it lacks", async (t) => {
  const page = await open(t, {
    prepare: (page) => page.addInitScript(() => delete globalThis.WebAssembly),
    ready: false,
  });
  const sentence = page.locator("#boot-failure");
  await sentence.waitFor();
  assert.match(await sentence.textContent(), /needs WebAssembly/);
});

test("without JavaScript the page says what it needs", async (t) => {
  const page = await open(t, {
    javaScript: false,
    // The browser preloads the module all the same, and then refuses it.
    expected: [/failed: .*\.js csp/],
    ready: false,
  });
  assert.match(await page.locator("body").innerText(), /needs JavaScript and WebAssembly/);
});

test("the content security policy lets no inline script run", async (t) => {
  const html = await readFile(join(DIST, "index.html"), "utf8");
  assert.doesNotMatch(html, /<script(?![^>]*\ssrc=)/, "the page itself has none");
  const page = await open(t, { expected: [/Content Security Policy/] });
  const ran = await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "window.ran = true";
    document.body.append(script);
    return window.ran === true;
  });
  assert.equal(ran, false);
});
