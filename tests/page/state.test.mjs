// A whole state in shorthand: copied, typed, pasted; what speaks against it; and a run that leads there.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SIZES, call, harness } from "./lib.mjs";

const { open } = harness();

const IMPOSSIBLE = "S1:L4 1122224 c2 / S2 1113 / S3 11222 / S4:x 1";
const POSSIBLE = "S1:L1 1 / S2:F1 1 / S3:x0";

const state = async (page) => page.locator(".shorthand input[readonly]").inputValue();
const note = (page) => page.locator(".start-state");

async function stateTab(page) {
  await page.getByRole("tab", { name: "State" }).click();
}

async function openState(page, text) {
  await page.getByLabel("Another state, in shorthand").fill(text);
  await page.getByRole("button", { name: "Open this state" }).click();
}

async function paste(page, text) {
  await page.evaluate((text) => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }, text);
}

test("a state that is typed is opened, paused, and can be copied again", async (t) => {
  const page = await open(t, { permissions: ["clipboard-read", "clipboard-write"] });
  await stateTab(page);
  await openState(page, POSSIBLE);
  await note(page).waitFor();
  assert.equal(await state(page), POSSIBLE);
  const before = await call(page, "state");
  await page.waitForTimeout(300);
  assert.equal((await call(page, "state")).nowUs, before.nowUs, "time stands still");
  await page.locator("[data-do=copy-state]").click();
  await page.getByText("Copied.").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), POSSIBLE);
  // The address names it as well.
  await page.reload();
  assert.match(await page.locator(".start-state p").first().innerText(), /begins in a state/);
});

test("what no run leads to is opened all the same, and the page says why", async (t) => {
  for (const size of [SIZES.wide, SIZES.phone]) {
    const page = await open(t, { size });
    await paste(page, IMPOSSIBLE);
    await page.locator(".start-state.impossible").waitFor();
    const reasons = await note(page).innerText();
    assert.match(reasons, /S1 leads term 4, which takes the votes of 3 of 4; but only S1 is in term 4 or a later one \(§5\.2\)/);
    assert.match(reasons, /entries of term 3/);
    assert.equal(await page.locator("[data-do=find-way]").count(), 0);
    const now = await call(page, "state");
    assert.equal(now.servers[0].log.length, 7);
    assert.deepEqual(now.leaders, ["S1"]);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= size.width, `${width} pixels wide`);
    await page.getByRole("button", { name: "Close this note" }).click();
    assert.equal(await note(page).count(), 0);
  }
});

test("a run that leads to a state is found and shown, crashes included", async (t) => {
  const page = await open(t, { query: `?state=${encodeURIComponent(POSSIBLE)}` });
  await page.locator("[data-do=find-way]").click();
  await page.getByRole("button", { name: "Step through it" }).click({ timeout: 60_000 });
  await page.locator(".playback").waitFor();
  for (let step = 0; step < 30; step += 1) {
    const next = page.getByRole("button", { name: /Next step/ });
    if ((await next.count()) === 0 || (await next.getAttribute("aria-disabled")) === "true") break;
    await next.click();
  }
  await stateTab(page);
  assert.equal(await state(page), POSSIBLE);
});

test("what is no state is said in a sentence, and the run goes on", async (t) => {
  const page = await open(t, { query: "?servers=3&seed=7" });
  await paste(page, "S1:Q4 11");
  await page.getByText(/This is no state that can be opened/).waitFor();
  // What is something else is nobody's business here.
  await paste(page, "Some words");
  await stateTab(page);
  await page.getByLabel("Another state, in shorthand").fill("S1 21");
  await page.getByText(/never fall/).waitFor();
  await openState(page, "S1:F2 [3]2");
  await page.getByText(/snapshot, which can't be typed/).first().waitFor();
  assert.equal((await call(page, "state")).servers.length, 3);
});
