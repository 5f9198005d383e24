// Two branches side by side: where they part, what differs at the end, and the way to the first difference.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SIZES, call, harness } from "./lib.mjs";

const { open } = harness();

/** Two branches: in the second one S1 has crashed after 100 ms. */
async function twoBranches(page) {
  await page.evaluate(() => window.wavetank.pause());
  await page.evaluate(() => window.wavetank.runFor(600));
  await page.evaluate(() => window.wavetank.seek({ us: 100_000 })).catch(() => {});
}

for (const size of [SIZES.wide, SIZES.phone]) {
  test(`branches are compared, and one goes to where they part (${size.width} pixels)`, async (t) => {
    const page = await open(t, { query: "?servers=3&seed=7", size });
    await twoBranches(page);
    const events = (await call(page, "state")).events;
    await page.keyboard.press("1");
    await page.keyboard.press("x");
    await page.evaluate(() => window.wavetank.runFor(900));
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
