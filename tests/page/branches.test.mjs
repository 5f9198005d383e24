// To go back, act there, and keep what was: branches.

import AxeBuilder from "@axe-core/playwright";
import assert from "node:assert/strict";
import { test } from "node:test";
import { SIZES, THEMES, call, harness } from "./lib.mjs";

const { open } = harness();

const button = (page, name) => page.getByRole("button", { name });
const state = (page) => call(page, "state");
const rows = (page) => page.locator(".branch-row");
const heading = (row) => row.locator(".branch-name");

/** A page whose run has played for a second, paused, with its list of branches in sight. */
async function played(t, options = {}) {
  const page = await open(t, { query: "?seed=7", ...options });
  page.setDefaultTimeout(20_000);
  await call(page, "pause");
  await call(page, "runFor", 1000);
  await page.getByRole("tab", { name: "Branches" }).click();
  await rows(page).first().waitFor();
  return page;
}

/** Goes back to the beginning by the tape's key. */
async function toStart(page) {
  const tape = page.getByRole("slider", { name: /moment/i }).first();
  await tape.focus();
  await page.keyboard.press("Home");
  await page.waitForFunction(() => window.wavetank.state().events === 0);
}

/** Crashes S1 where the run stands. */
async function crash(page) {
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: /^S1, / }).click();
  await button(page, /^Crash/).click();
}

test("one event back, and one on again, is where one was", async (t) => {
  const page = await played(t);
  const digest = await call(page, "digest");
  const { events } = await state(page);
  await page.locator("body").click({ position: { x: 2, y: 2 } });
  for (let n = 1; n <= 5; n += 1) {
    await page.keyboard.press(",");
    await page.waitForFunction((events) => window.wavetank.state().events === events, events - n);
  }
  for (let n = 4; n >= 0; n -= 1) {
    await page.keyboard.press(".");
    await page.waitForFunction((events) => window.wavetank.state().events === events, events - n);
  }
  assert.equal(await call(page, "digest"), digest);
  assert.equal(await rows(page).count(), 1, "to look is no branch");
});

test("who acts in the past begins a branch; the old future stays and can be gone back to", async (t) => {
  const page = await played(t);
  const [digest, { events }] = [await call(page, "digest"), await state(page)];
  await toStart(page);
  await crash(page);
  await page.getByText("From here on this is a branch of its own").waitFor();
  assert.equal(await rows(page).count(), 2);
  const child = rows(page).nth(1);
  assert.match(await heading(child).innerText(), /S1 crash/);
  assert.match(await child.innerText(), /leaves ‘Main’ at the start/);
  assert.equal(await child.getAttribute("aria-current"), "true");
  await call(page, "runFor", 1000);
  const there = await state(page);
  assert.equal(there.servers[0].up, false);
  assert.notEqual(await call(page, "digest"), digest);
  // Back to the old one: it stands where it was left, and its future is known.
  await heading(rows(page).first()).click();
  await page.waitForFunction(() => window.wavetank.state().events === 0);
  await page.getByRole("slider", { name: /moment/i }).first().focus();
  await page.keyboard.press("End");
  await page.waitForFunction((events) => window.wavetank.state().events === events, events);
  assert.equal(await call(page, "digest"), digest);
  // And the branch is as it was left.
  await heading(rows(page).nth(1)).click();
  await page.waitForFunction((events) => window.wavetank.state().events === events, there.events);
});

test("what would do nothing in the past is no branch", async (t) => {
  const page = await played(t);
  await toStart(page);
  await assert.rejects(call(page, "act", "heal"), /Nothing was done/);
  assert.equal(await rows(page).count(), 1);
});

test("branches are renamed, deleted, and brought back", async (t) => {
  const page = await played(t);
  await toStart(page);
  await crash(page);
  const child = rows(page).nth(1);
  await button(child, /^Rename/).click();
  await child.getByLabel("Name of the branch").fill("<b>S1</b> is gone");
  await page.keyboard.press("Enter");
  await child.getByText("<b>S1</b> is gone").waitFor();
  // The one in sight is left before it goes.
  await button(child, /^Delete/).click();
  await page.waitForFunction(() => document.querySelectorAll(".branch-row").length === 1);
  assert.equal((await state(page)).servers[0].up, true);
  await page.locator("[data-do=undo-branch]").click();
  await child.getByText("<b>S1</b> is gone").waitFor();
  await page.locator("[data-do=undo-branch]").click();
  await child.getByText(/S1 crash/).waitFor();
  assert.equal(await page.locator("[data-do=undo-branch]").count(), 0);
});

test("Ctrl Z goes back to before the last action, and what came of it stays", async (t) => {
  const page = await played(t);
  await crash(page);
  await call(page, "runFor", 500);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+z");
  await page.getByText("the moment before your last action").waitFor();
  assert.equal((await state(page)).servers[0].up, true);
  assert.equal(await rows(page).count(), 1);
  await page.keyboard.press(".");
  await page.waitForFunction(() => window.wavetank.state().servers[0].up === false);
});

test("time goes on from the past through what happened, and beyond it", async (t) => {
  const page = await played(t);
  await crash(page);
  await call(page, "runFor", 200);
  const digest = await call(page, "digest");
  const { nowUs } = await state(page);
  await toStart(page);
  await call(page, "runFor", nowUs / 1000);
  assert.equal(await call(page, "digest"), digest, "the crash happens again");
  await call(page, "runFor", 300);
  assert.equal((await state(page)).nowUs, nowUs + 300_000);
  assert.equal(await rows(page).count(), 1);
});

for (const [name, size] of Object.entries(SIZES)) {
  for (const theme of THEMES) {
    test(`the branches can be read, ${name}, ${theme}`, async (t) => {
      const page = await played(t, { size, theme });
      await toStart(page);
      await crash(page);
      await call(page, "runFor", 500);
      const { violations } = await new AxeBuilder({ page }).include(".branches").analyze();
      assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]), []);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(wide <= 0, `the page is ${wide} px too wide`);
      for (const one of await rows(page).getByRole("button").all()) {
        const { width, height } = await one.boundingBox();
        assert.ok(width >= 24 && height >= 24, `${width} × ${height}`);
      }
    });
  }
}
