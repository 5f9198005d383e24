// The feed: every event in one sentence, newest at the end, unless somebody is reading further up.

import assert from "node:assert/strict";
import { test } from "node:test";
import { call, harness } from "./lib.mjs";

const { open } = harness();

const rows = (page) => page.locator(".feed-row");
const line = (page, text) => page.locator(".feed-line", { hasText: text });

/** How far the feed is from its end, in pixels. */
const away = (page) =>
  page.locator(".feed-scroll").evaluate((list) => {
    const bottom = (element) => element.getBoundingClientRect().bottom;
    return bottom([...list.querySelectorAll(".feed-row")].at(-1)) - bottom(list);
  });

test("an election is told in sentences with their sections, and unfolds into what was decided", async (t) => {
  const page = await open(t);
  await call(page, "pause");
  await call(page, "runFor", 400);
  const vote = line(page, "grants its vote").first();
  assert.match(await vote.innerText(), /S\d grants its vote to S\d in term 1.*\(§5\.2, §5\.4\.1\)\./);
  await vote.focus();
  await page.keyboard.press("Enter");
  assert.equal(await vote.getAttribute("aria-expanded"), "true");
  const guards = page.locator(".feed-guards");
  assert.match(await guards.innerText(), /The voter has not voted in this term yet, and S\d asks/);
  assert.match(await guards.innerText(), /at least as up to date.*§5\.4\.1/);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  assert.equal(await guards.count(), 0, "and folds again");
});

test("the feed stays at its end until the reader scrolls up, and goes back there when asked", async (t) => {
  const page = await open(t);
  await call(page, "pause");
  await call(page, "runFor", 1000);
  await rows(page).nth(100).waitFor();
  await page.waitForFunction(() => document.querySelector(".feed-newest") === null);
  assert.ok((await away(page)) < 40);
  await page.locator(".feed-scroll").hover();
  await page.mouse.wheel(0, -1000);
  const newest = page.getByRole("button", { name: "To the newest" });
  await newest.waitFor();
  const last = await rows(page).last().innerText();
  await call(page, "runFor", 500);
  await page.waitForTimeout(200);
  assert.equal(await rows(page).last().innerText(), last, "what is being read does not run away");
  await newest.click();
  await newest.waitFor({ state: "detached" });
  assert.notEqual(await rows(page).last().innerText(), last);
  assert.ok((await away(page)) < 40);
});

test("of thousands of events at most 200 are in the page, and earlier ones can be gone back to", async (t) => {
  const page = await open(t);
  await call(page, "pause");
  await call(page, "runFor", 60_000);
  await rows(page).nth(199).waitFor();
  assert.equal(await rows(page).count(), 200);
  const first = await rows(page).first().innerText();
  await page.getByRole("button", { name: "Earlier events" }).click();
  await page.getByRole("button", { name: "Later events" }).waitFor();
  assert.equal(await rows(page).count(), 200);
  assert.equal(await rows(page).nth(99).innerText(), first);
});

test("kinds and servers are filtered", async (t) => {
  const page = await open(t, { query: "?seed=1" });
  await call(page, "pause");
  await call(page, "runFor", 2000);
  for (const kind of ["replication", "disk", "client", "network", "action", "fault", "commit"]) {
    await page.getByRole("button", { name: kind, exact: true }).click();
  }
  await page.locator(".feed-row:not(.election)").first().waitFor({ state: "detached" });
  const all = await rows(page).count();
  assert.ok(all > 5);
  await page.getByLabel("Server", { exact: true }).selectOption("S2");
  await page.waitForFunction((all) => document.querySelectorAll(".feed-row").length < all, all);
  for (const text of await page.locator(".feed-text").allInnerTexts()) assert.match(text, /S2/);
});
