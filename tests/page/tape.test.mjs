// The term tape: the moment moves on it, by mouse, finger and keys, and the page shows that moment.

import AxeBuilder from "@axe-core/playwright";
import assert from "node:assert/strict";
import { test } from "node:test";
import { SIZES, THEMES, call, harness } from "./lib.mjs";

const { open } = harness();

const state = (page) => call(page, "state");
const tape = (page) => page.getByRole("slider", { name: "The moment of the run" });
const does = (page, name) => page.locator(`[data-do="${name}"]`);
const said = async (page) => (await tape(page).getAttribute("aria-valuetext")) ?? "";

/** A page, paused after so many virtual milliseconds. */
async function ran(t, ms, options = {}) {
  const page = await open(t, { query: "?seed=7", ...options });
  await page.getByRole("button", { name: "Pause" }).first().click();
  // From the very beginning: some time has gone by already.
  const { actions: _, ...begun } = await call(page, "recording");
  await call(page, "load", { ...begun, actions: [], end: { atUs: 0, k: 0 } });
  await call(page, "runFor", ms);
  await page.waitForFunction(() => /event/.test(document.querySelector(".tape-scope").getAttribute("aria-valuetext")));
  return page;
}

/** The state without what depends on what was looked at. */
async function shown(page) {
  const { nowUs, events, servers, messages, leaders } = await state(page);
  return { nowUs, events, servers, messages, leaders };
}

/** The place of the line at the moment, from the left edge of the tape, once it stands there. */
const head = (page) =>
  page.evaluate(async () => {
    for (let n = 0; n < 3; n += 1) await new Promise(requestAnimationFrame);
    const line = document.querySelector(".tape-head").getBoundingClientRect();
    return line.left + line.width / 2 - document.querySelector(".tape-scope").getBoundingClientRect().left;
  });

/** The text that the tape shows beside the pointer. */
const tip = (page) => page.locator(".tape-tip").innerText();

test("keys step back and forth, and the past is shown as it was", async (t) => {
  const page = await ran(t, 400);
  const then = await shown(page);
  await call(page, "runFor", 500);
  const later = await shown(page);
  assert.notDeepEqual(then, later);
  await tape(page).focus();
  for (let n = later.events; n > then.events; n -= 1) await page.keyboard.press("ArrowLeft");
  const back = await shown(page);
  assert.equal(back.events, then.events);
  assert.deepEqual(back.servers, then.servers, "the servers are what they were");
  await page.keyboard.press("End");
  await page.waitForFunction((events) => window.wavetank.state().events === events, later.events);
  assert.deepEqual(await shown(page), later);
  await page.keyboard.press("Home");
  await page.waitForFunction(() => window.wavetank.state().events === 0);
  assert.match(await said(page), /event 0, nobody leads/);
});

test("what the tape says names the time, who leads, and who has crashed", async (t) => {
  const page = await ran(t, 2000);
  const { leaders, servers } = await state(page);
  const term = servers.find(({ id }) => id === leaders[0]).term;
  assert.match(await said(page), new RegExp(`^2000.00 ms, event \\d+, ${leaders[0]} leads in term ${term}$`));
  await call(page, "act", { crash: { server: leaders[0] } });
  await page.waitForFunction(() => /crashed/.test(document.querySelector(".tape-scope").getAttribute("aria-valuetext")));
  assert.match(await said(page), new RegExp(`nobody leads, ${leaders[0]} crashed`));
});

test("the moment is dragged back, and comes where it is let go", async (t) => {
  const page = await ran(t, 1500);
  const box = await tape(page).boundingBox();
  const from = box.x + (await head(page));
  await page.mouse.move(from, box.y + 30);
  await page.mouse.down();
  await page.mouse.move(from - 200, box.y + 30, { steps: 8 });
  await page.mouse.up();
  const { nowUs } = await state(page);
  assert.ok(nowUs > 100_000 && nowUs < 1_400_000, `${nowUs}`);
  assert.ok(Math.abs(box.x + (await head(page)) - (from - 200)) < 3, "the line is under the pointer");
  // Nothing of the future is lost.
  await tape(page).focus();
  await page.keyboard.press("End");
  await page.waitForFunction(() => window.wavetank.state().nowUs === 1_500_000);
});

test("a click goes to that time, and dragging the lanes moves the tape only", async (t) => {
  const page = await ran(t, 1500);
  const box = await tape(page).boundingBox();
  const middle = { x: box.x + (await head(page)) / 2, y: box.y + 40 };
  await page.mouse.click(middle.x, middle.y);
  const there = await state(page);
  assert.ok(there.nowUs > 500_000 && there.nowUs < 1_000_000, `${there.nowUs}`);
  // Closer, so that there is something to move.
  for (let n = 0; n < 3; n += 1) await does(page, "zoom-in").click();
  const before = await head(page);
  await page.mouse.move(box.x + 300, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + 360, box.y + 40, { steps: 4 });
  await page.mouse.up();
  assert.deepEqual((await state(page)).nowUs, there.nowUs, "the moment stays");
  assert.ok(Math.abs((await head(page)) - before - 60) < 2, `moved by ${(await head(page)) - before}`);
});

test("the wheel zooms around the pointer, from the whole run to a round trip", async (t) => {
  const page = await ran(t, 5000);
  await does(page, "zoom-whole").click();
  const box = await tape(page).boundingBox();
  await page.mouse.move(box.x + 400, box.y + 40);
  const time = async () => (await tip(page)).split("\n")[0];
  const before = await time();
  for (let n = 0; n < 40; n += 1) await page.mouse.wheel(0, -240);
  await page.mouse.move(box.x + 401, box.y + 40);
  const now = await time();
  assert.ok(Math.abs(Number.parseFloat(now) - Number.parseFloat(before)) < 15, `${before}, then ${now}`);
  await page.mouse.move(box.x + 30, box.y + 40);
  const left = Number.parseFloat(await time());
  await page.mouse.move(box.x + box.width - 8, box.y + 40);
  const right = Number.parseFloat(await time());
  assert.ok(right - left > 1 && right - left < 20, `${left} to ${right} ms`);
  await does(page, "zoom-whole").click();
  await page.mouse.move(box.x + box.width - 8, box.y + 40);
  assert.ok(Number.parseFloat(await time()) > 4900);
});

test("the tape is moved by keys, and Follow brings the moment back", async (t) => {
  const page = await ran(t, 5000);
  assert.equal(await does(page, "follow").getAttribute("aria-pressed"), "true");
  await tape(page).focus();
  for (let n = 0; n < 20; n += 1) await page.keyboard.press("Shift+ArrowLeft");
  assert.equal(await does(page, "follow").getAttribute("aria-pressed"), "false");
  assert.equal(await page.locator(".tape-head").isVisible(), false);
  await does(page, "follow").click();
  assert.equal(await page.locator(".tape-head").isVisible(), true);
  assert.equal((await state(page)).nowUs, 5_000_000, "the moment has not moved");
});

test("buttons go to elections and commits, back and forth", async (t) => {
  const page = await ran(t, 2000);
  await call(page, "act", { submit: { op: { put: { key: "x", value: "1" } } } });
  await call(page, "runFor", 500);
  const end = await state(page);
  await does(page, "back-leader").click();
  const elected = await state(page);
  assert.ok(elected.events < end.events && elected.leaders.length === 1);
  await does(page, "back-event").click();
  assert.deepEqual((await state(page)).leaders, [], "one event before nobody leads");
  await does(page, "on-commit").click();
  const committed = await state(page);
  assert.deepEqual(committed.servers.map(({ commit }) => commit).filter((commit) => commit === 1).length, 1);
  await does(page, "back-message").click();
  assert.ok((await state(page)).events < committed.events);
});

test("what is pointed at is told: the server, its role and term, and what was done", async (t) => {
  const page = await ran(t, 1500);
  const { leaders } = await state(page);
  await call(page, "act", { crash: { server: leaders[0] } });
  await call(page, "runFor", 200);
  const box = await tape(page).boundingBox();
  const lane = Number(leaders[0].slice(1)) - 1;
  const y = box.y + 13 + lane * 17 + 7;
  const x = box.x + (await head(page));
  await page.mouse.move(x - 12, y);
  assert.match(await tip(page), new RegExp(`${leaders[0]}: crashed`));
  await page.mouse.move(box.x + (await head(page)) * 0.85, y);
  assert.match(await tip(page), new RegExp(`${leaders[0]}: leader in term \\d`));
  await does(page, "back-action").click();
  await page.mouse.move(box.x + (await head(page)), box.y + 6);
  assert.match(await tip(page), new RegExp(`▾ crash ${leaders[0]}`));
});

test("close enough, each event has its place, and says what happened", async (t) => {
  const page = await ran(t, 1500);
  await does(page, "back-message").click();
  for (let n = 0; n < 6; n += 1) await does(page, "zoom-in").click();
  const { events } = await state(page);
  const [{ server }] = await call(page, "events", events - 1);
  const box = await tape(page).boundingBox();
  const y = box.y + 13 + (Number(server.slice(1)) - 1) * 17 + 5;
  await page.mouse.move(box.x + (await head(page)), y);
  const lines = (await tip(page)).split("\n");
  assert.match(lines[1], new RegExp(`^${server}: `));
  assert.match(lines.at(-1), /^S\d.*\.$/, "a sentence");
  // From afar single events have no place.
  for (let n = 0; n < 6; n += 1) await does(page, "zoom-out").click();
  await page.mouse.move(box.x + (await head(page)), y);
  assert.doesNotMatch(await tip(page), /\.$/);
});

test("where time stands still the tape goes by events", async (t) => {
  const page = await ran(t, 1000);
  assert.match(await does(page, "measure").innerText(), /by time/);
  await call(page, "act", { manual: { on: true } });
  await page.waitForFunction(() => document.querySelector('[data-do="measure"]').innerText.includes("events"));
  const { events } = await state(page);
  const box = await tape(page).boundingBox();
  await page.mouse.move(box.x + (await head(page)), box.y + 6);
  assert.match(await tip(page), new RegExp(`after (${events - 1}|${events}) events`));
});

test("the tape is seen without scrolling on a laptop, and covers nothing", async (t) => {
  for (const size of [SIZES.wide, { width: 1366, height: 768 }]) {
    const page = await ran(t, 1000, { size });
    const box = await page.locator(".tape").boundingBox();
    assert.ok(box.y + box.height <= size.height, `${box.y + box.height} of ${size.height}`);
    // Where there is no room for the logs as well, they are scrolled to within their column.
    const end = await page.evaluate(() => {
      const column = document.querySelector(".column-main");
      const clipped = getComputedStyle(column).overflowY !== "visible";
      return (clipped ? column : document.querySelector(".logs")).getBoundingClientRect().bottom;
    });
    assert.ok(end <= box.y + 1, `what stands above ends at ${end}, the tape begins at ${box.y}`);
  }
});

test("on a phone the tape stands in its place, a finger moves it, and nothing is too small for one", async (t) => {
  const page = await ran(t, 1500, { size: SIZES.phone, touch: true });
  const position = await page.locator(".tape").evaluate((tape) => getComputedStyle(tape).position);
  assert.notEqual(position, "fixed");
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(sideways <= 0);
  for (const button of await page.locator(".tape-bar button:visible").all()) {
    const { width, height } = await button.boundingBox();
    assert.ok(width >= 44 && height >= 44, `${await button.getAttribute("data-do")}: ${width} × ${height}`);
  }
  await tape(page).scrollIntoViewIfNeeded();
  const box = await tape(page).boundingBox();
  await page.touchscreen.tap(box.x + (await head(page)) / 2, box.y + 40);
  const { nowUs } = await state(page);
  assert.ok(nowUs > 300_000 && nowUs < 1_300_000, `${nowUs}`);
});

test("a hidden tape stays hidden, and comes back", async (t) => {
  const page = await ran(t, 500);
  await does(page, "tape").click();
  assert.equal(await tape(page).count(), 0);
  await page.reload();
  await page.waitForSelector("#boot", { state: "detached" });
  assert.equal(await tape(page).count(), 0);
  await does(page, "tape").click();
  assert.equal(await tape(page).count(), 1);
  assert.ok(await page.locator(".tape-canvas").evaluate((canvas) => canvas.width > 300));
});

test("another theme paints the tape anew", async (t) => {
  const page = await ran(t, 1000);
  const picture = () => page.locator(".tape-canvas").evaluate((canvas) => canvas.toDataURL());
  const dark = await picture();
  await page.getByRole("button", { name: /^Theme/ }).click();
  await page.getByRole("button", { name: /^Theme/ }).click();
  await page.waitForFunction(() => document.documentElement.dataset.theme === "light");
  await head(page);
  assert.notEqual(await picture(), dark);
});

for (const theme of THEMES) {
  test(`axe finds nothing serious in the tape, ${theme}`, async (t) => {
    const page = await ran(t, 1500, { theme });
    const { violations } = await new AxeBuilder({ page }).include(".tape").analyze();
    const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
    assert.deepEqual(serious.map(({ id, help }) => `${id}: ${help}`), []);
  });
}
