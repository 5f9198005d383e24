// Two branches side by side: where they part, what differs at the end, and the way to the first difference.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SIZES, call, harness } from "./lib.mjs";

const { open } = harness();

/** Goes back to some events after the beginning of a run. */
async function goBack(page) {
  await page.getByRole("button", { name: "Pause" }).first().click();
  const { actions: _, ...begun } = await call(page, "recording");
  await call(page, "load", { ...begun, actions: [], end: { atUs: 0, k: 0 } });
  await call(page, "runFor", 600);
  await page.getByRole("slider", { name: "The moment of the run" }).focus();
  await page.keyboard.press("Home");
  await page.waitForFunction(() => window.wavetank.state().events === 0);
  for (let step = 0; step < 5; step += 1) await page.getByRole("button", { name: "Step", exact: true }).click();
  await page.waitForFunction(() => window.wavetank.state().events >= 5);
}

for (const size of [SIZES.wide, SIZES.phone]) {
  test(`branches are compared, and one goes to where they part (${size.width} pixels)`, async (t) => {
    const page = await open(t, { query: "?servers=3&seed=7", size });
    await goBack(page);
    const events = (await call(page, "state")).events;
    await call(page, "act", { crash: { server: "S1" } });
    await call(page, "runFor", 900);
    await page.getByRole("tab", { name: "Branches" }).click();
    await page.locator("[data-do=compare]").click();
    const result = page.locator(".compare-result");
    await result.waitFor();
    const text = await result.innerText();
    assert.equal(await result.getAttribute("data-parted"), String(events), text);
    assert.match(text, new RegExp(`The first ${events} events are the same`));
    assert.match(text, /S1 is down, in term|S1 .* and is down/);
    assert.equal(await page.locator(".compare-tape svg").count(), 2);
    assert.equal(await page.locator(".compare-parted").count(), 2);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= size.width, `${width} pixels wide`);
    for (const at of [0, 1]) {
      await page.locator(`[data-go="${at}"]`).click();
      await page.waitForFunction((events) => {
        const now = window.wavetank.state().events;
        return now > events && now <= events + 2;
      }, events);
    }
  });
}

test("one branch alone is not compared", async (t) => {
  const page = await open(t, { query: "?servers=3&seed=7" });
  await page.getByRole("tab", { name: "Branches" }).click();
  await page.getByRole("list", { name: "Branches of this run" }).waitFor();
  assert.equal(await page.locator("[data-do=compare]").count(), 0);
});
