// The space-time diagram: it opens on demand, an event lights its past and future, an entry is followed,
// quiet stretches fold, and all of it works by keyboard and on a phone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SIZES, call, harness } from "./lib.mjs";

const { open } = harness();

const panel = (page) => page.locator(".diagram");
const canvas = (page) => page.locator(".diagram-canvas");
const now = (page) => page.locator("#diagram-now");
const number = async (page, name) => Number(await panel(page).getAttribute(`data-${name}`));

/** A run of a second with one request in it, and the diagram of it. */
async function opened(t, options = {}) {
  const page = await open(t, { query: "?seed=7", ...options });
  await call(page, "pause");
  await call(page, "runFor", 500);
  await call(page, "act", { submit: { op: { put: { key: "x", value: "1" } } } });
  await call(page, "runFor", 2500);
  await page.locator('[data-do="diagram"]').click();
  await panel(page).waitFor();
  await page.waitForFunction(() => document.querySelector(".diagram").dataset.events > 50);
  return page;
}

/** Where the event at the keyboard stands on the canvas. */
async function at(page) {
  await page.waitForFunction(() => document.querySelector(".diagram-canvas").dataset.at);
  // The picture may still be moving to it.
  let [before, now] = [null, await canvas(page).getAttribute("data-at")];
  while (before !== now) {
    await page.waitForTimeout(200);
    [before, now] = [now, await canvas(page).getAttribute("data-at")];
  }
  const [x, y] = now.split(" ").map(Number);
  return { x, y };
}

test("the button and the key W open and close the diagram of what is known", async (t) => {
  const page = await opened(t);
  const known = await page.evaluate(() => window.wavetank.state().events);
  assert.equal(await number(page, "events"), known);
  assert.ok((await number(page, "lines")) > 100);
  assert.match(await panel(page).innerText(), /Events 0 to \d+ of \d+; one diagram holds 10000 at most/);
  await page.keyboard.press("Escape");
  await page.locator("h1").first().click();
  await page.keyboard.press("w");
  assert.equal(await panel(page).count(), 0);
  await page.keyboard.press("w");
  await panel(page).waitFor();
});

test("a click on an event lights its causal past and future and tells it in a sentence", async (t) => {
  const page = await opened(t);
  await canvas(page).focus();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  const told = await now(page).innerText();
  assert.match(told, /^[SC]\d, [\d.]+ ms: .+\.$/);
  const { x, y } = await at(page);
  assert.equal(await page.locator(".diagram-lit").count(), 0, "the keyboard alone lights nothing");
  await canvas(page).click({ position: { x, y } });
  const lit = page.locator(".diagram-lit");
  const past = Number(await lit.getAttribute("data-past"));
  const future = Number(await lit.getAttribute("data-future"));
  assert.ok(past > 10 && past + future < (await number(page, "events")), `${past} and ${future}`);
  assert.match(await lit.innerText(), /happened-before/);
  await page.locator(".diagram-tools select").selectOption("causes");
  assert.match(await lit.innerText(), /by causes alone/);
  assert.ok(Number(await lit.getAttribute("data-past")) < past, "causes are fewer than what went before");
  await canvas(page).focus();
  await page.keyboard.press("Escape");
  assert.equal(await lit.count(), 0);
});

test("an entry is followed from the request to every server, in words", async (t) => {
  const page = await opened(t);
  await page.locator('.diagram-tools [name="index"]').fill("1");
  await page.locator('.diagram-tools [name="term"]').fill("1");
  await page.locator('[data-do="diagram-follow"]').click();
  const steps = page.locator(".diagram-step");
  const texts = await steps.allInnerTexts();
  assert.ok(texts.some((text) => /C1 asks S\d for it/.test(text)), texts.join("\n"));
  for (const server of ["S1", "S2", "S3", "S4", "S5"]) {
    assert.ok(texts.some((text) => text.includes(`${server} applies it`)), `${server} in ${texts.join("\n")}`);
  }
  assert.ok(texts.some((text) => text.includes("C1 has the answer")));
  await steps.last().focus();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  assert.match(await now(page).innerText(), /ms: /);
  await page.locator('.diagram-tools [name="index"]').fill("99999");
  await page.locator('[data-do="diagram-follow"]').click();
  assert.match(await panel(page).innerText(), /No event of this stretch speaks of it/);
  await page.locator('.diagram-tools [name="index"]').fill("<b>");
  await page.locator('[data-do="diagram-follow"]').click();
  await page.locator(".notices").getByText(/two numbers from 1 on/).waitFor();
  await page.locator('[data-do="diagram-unfollow"]').click();
  assert.equal(await steps.count(), 0);
});

test("quiet stretches are folded, and unfold by button, by key and by click", async (t) => {
  const page = await opened(t);
  const folded = await number(page, "folded");
  assert.ok(folded >= 1);
  await page.locator('[data-do="diagram-fold"]').click();
  assert.equal(await number(page, "folded"), 0);
  await page.locator('[data-do="diagram-fold"]').click();
  assert.equal(await number(page, "folded"), folded);
  await canvas(page).focus();
  // To and fro along one row after the other, until it is on a folded stretch.
  const walk = ["ArrowLeft", "ArrowRight", "ArrowLeft"].flatMap((key) => [...new Array(60).fill(key), "ArrowDown"]);
  for (const key of walk) {
    if (/folded here/.test(await now(page).innerText())) break;
    await page.keyboard.press(key);
  }
  assert.match(await now(page).innerText(), /^\d+ quiet events are folded here, over .+: Enter unfolds them\.$/);
  await page.keyboard.press("Enter");
  assert.equal(await number(page, "folded"), folded - 1);
});

test("arrow keys walk in time and from row to row, and the page's own keys stay out of it", async (t) => {
  const page = await opened(t);
  await canvas(page).focus();
  await page.keyboard.press("ArrowLeft");
  const first = await now(page).innerText();
  await page.keyboard.press("ArrowUp");
  const above = await now(page).innerText();
  assert.notEqual(above.slice(0, 2), first.slice(0, 2), "another row");
  await page.keyboard.press("Home");
  const home = await now(page).innerText();
  await page.keyboard.press("ArrowRight");
  assert.notEqual(await now(page).innerText(), home);
  const before = await page.evaluate(() => window.wavetank.state().events);
  await page.keyboard.press("+");
  await page.keyboard.press("-");
  await page.keyboard.press("Home");
  assert.equal(await page.evaluate(() => window.wavetank.state().events), before);
  await page.keyboard.press("Enter");
  await page.locator('[data-do="diagram-go"]').click();
  await page.waitForFunction((most) => window.wavetank.state().events < most, before);
  assert.equal(await number(page, "events"), before, "what is known of the future stays in sight");
});

test("wheel and drag move what is in sight", async (t) => {
  const page = await opened(t);
  await canvas(page).focus();
  await page.keyboard.press("ArrowLeft");
  for (let times = 0; times < 6; times += 1) await page.keyboard.press("+");
  // Half a sheet to the left, so that there is room on both sides.
  await page.locator('[data-do="diagram-back"]').click();
  await page.waitForTimeout(100);
  const start = await at(page);
  const box = await canvas(page).boundingBox();
  await page.mouse.move(box.x + 300, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + 420, box.y + 60, { steps: 4 });
  await page.mouse.up();
  await page.waitForFunction((x) => Math.abs(Number(document.querySelector(".diagram-canvas").dataset.at.split(" ")[0]) - x) > 60, start.x);
  const moved = await at(page);
  assert.ok(Math.abs(moved.x - start.x - 120) < 3, `${moved.x - start.x}`);
  await page.mouse.wheel(0, -400);
  await page.waitForFunction((x) => Number(document.querySelector(".diagram-canvas").dataset.at.split(" ")[0]) !== x, moved.x);
  const scrolled = await page.evaluate(() => document.scrollingElement.scrollTop);
  assert.equal(scrolled, 0, "the page does not scroll as well");
});

test("on a phone it fits, and a tap does what a click does", async (t) => {
  const page = await opened(t, { size: SIZES.phone, touch: true });
  const wide = await page.evaluate(() => document.scrollingElement.scrollWidth);
  assert.ok(wide <= SIZES.phone.width, `${wide}`);
  await canvas(page).scrollIntoViewIfNeeded();
  await canvas(page).focus();
  await page.keyboard.press("ArrowLeft");
  const { x, y } = await at(page);
  await canvas(page).tap({ position: { x, y } });
  assert.equal(await page.locator(".diagram-lit").count(), 1);
  for (const button of await page.locator(".diagram button").all()) {
    const box = await button.boundingBox();
    assert.ok(box === null || (box.width >= 24 && box.height >= 24), await button.innerText());
  }
});
