// Can that ever happen? The search in the worker, as a person starts, watches, cancels and follows it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SIZES, call, harness } from "./lib.mjs";

const { open } = harness();

const state = (page) => call(page, "state");
const button = (page, name) => page.getByRole("button", { name, exact: true });

/** The panel, with a rule switched off in the run. */
async function panel(t, { off = [], ...options } = {}) {
  const page = await open(t, { query: `?seed=7&off=${off.join(",")}`, ...options });
  page.setDefaultTimeout(15_000);
  await button(page, "Pause").first().click();
  await page.getByRole("tab", { name: "Search" }).click();
  return page;
}

const goal = (page, text) => page.getByLabel("The goal").fill(text);
const search = (page) => button(page, "Search").click();
const steps = (page) => page.getByRole("list", { name: "The way there" }).getByRole("listitem");

/** A goal that is far away: the search goes on for long. */
const FAR = "all s: term(s) = 9 and last(s) = 9 and lastTerm(s) = 1";

async function far(page) {
  await goal(page, FAR);
  await page.getByText("How far").click();
  await page.getByLabel("terms from").fill("9");
  await page.getByLabel("entries from").fill("9");
  await search(page);
  await page.waitForFunction(() => Number(document.querySelector("[data-progress]")?.dataset.progress) > 0, null, { timeout: 60_000 });
}

test("with one rule off two leaders of one term are found, and one can step through the way there", async (t) => {
  const page = await panel(t, { off: ["oneVotePerTerm"] });
  await page.getByLabel("Can that ever happen?").selectOption({ label: "Two leaders in one term?" });
  await search(page);
  await page.getByText(/^Yes: \d+ steps are the fewest/).waitFor({ timeout: 60_000 });
  const count = await steps(page).count();
  assert.ok(count >= 3 && count <= 5, `${count} steps`);
  const digest = await call(page, "digest");
  await button(page, "Step through it").click();
  await page.getByText(`step 0 of ${count}`).waitFor();
  for (let n = 1; n <= count; n += 1) {
    assert.equal((await state(page)).leaders.length < 2, true);
    await button(page, "Next step").click();
    await page.getByText(`step ${n} of ${count}`).waitFor();
  }
  assert.ok((await state(page)).violations.some(({ property }) => property === "electionSafety"));
  assert.equal((await state(page)).leaders.length, 2);
  await button(page, "Earlier run").click();
  await page.waitForFunction((digest) => window.wavetank.digest() === digest, digest);
});

test("with all rules on they are not found, and it is said how far was looked", async (t) => {
  const page = await panel(t);
  await goal(page, "violated(ElectionSafety)");
  await page.getByText("How far").click();
  for (const [name, value] of [["terms from", 2], ["entries from", 1], ["restarts", 0], ["messages on their way", 0]]) {
    await page.getByLabel(name).fill(`${value}`);
  }
  await search(page);
  const sentence = page.getByText(/^No, nowhere within these bounds/);
  await sentence.waitFor({ timeout: 60_000 });
  const [, states] = /([\d,]+) states/.exec(await sentence.innerText());
  assert.ok(Number(states.replaceAll(",", "")) > 50, states);
  await page.getByLabel("terms from").fill("4");
  await page.getByLabel("steps", { exact: true }).fill("2");
  await search(page);
  await page.getByText(/^Not within 2 steps/).waitFor({ timeout: 60_000 });
});

test("a search is cancelled at once, and the next one begins afresh", async (t) => {
  const page = await panel(t);
  await far(page);
  await page.getByText(/^[\d,]+ states, \d+ steps deep, [\d,]+ states a second$/).waitFor();
  const workers = page.workers().length;
  assert.equal(workers, 1);
  await button(page, "Cancel").click();
  await page.locator("[data-progress]").waitFor({ state: "detached" });
  for (let n = 0; page.workers().length && n < 100; n += 1) await page.waitForTimeout(20);
  assert.equal(page.workers().length, 0, "the worker is gone");
  await goal(page, "leaders >= 1");
  await search(page);
  await page.getByText("Yes: 2 steps are the fewest").waitFor({ timeout: 60_000 });
  for (let n = 0; page.workers().length && n < 100; n += 1) await page.waitForTimeout(20);
  assert.equal(page.workers().length, 0, "no worker stays when its work is done");
});

test("the page goes on while the worker searches, also behind another tab", async (t) => {
  const page = await panel(t);
  await far(page);
  await page.getByRole("tab", { name: "Feed" }).click();
  await button(page, "Play").first().click();
  const { events } = await state(page);
  await page.waitForFunction((events) => window.wavetank.state().events > events + 3, events);
  await page.getByRole("tab", { name: "Search" }).click();
  await page.locator("[data-progress]").waitFor();
  await button(page, "Cancel").click();
});

test("what is wrong in a goal is said at its place, and nothing is searched", async (t) => {
  const page = await panel(t);
  await goal(page, "leaders >= 2 and rolle(S1) = leader");
  await page.getByText(/^column 18: /).waitFor();
  assert.equal(await page.locator(".goal-place mark").innerText(), "r");
  await search(page);
  await page.getByRole("alert").getByText(/^column 18: /).waitFor();
  await goal(page, "role(S7) = leader");
  await search(page);
  await page.getByRole("alert").getByText("there is no S7").waitFor();
  await goal(page, "<img src=x onerror=alert(1)>");
  assert.equal(await page.locator(".search img").count(), 0);
  await goal(page, "leaders >= 2");
  await page.getByText("How far").click();
  await page.getByLabel("terms from").fill("99");
  await search(page);
  await page.getByRole("alert").getByText("terms from there on: a number from 0 to 9").waitFor();
  assert.equal(page.workers().length, 0);
});

test("a worker that can't be loaded is told of in a sentence", async (t) => {
  const page = await panel(t, {
    prepare: (page, context) => context.route("**/worker.js", (route) => route.abort()),
    expected: [/worker\.js/, /Failed to load resource/],
  });
  await search(page);
  await page.getByRole("alert").getByText(/worker.*(failed|could not)/).waitFor();
});

test("nobody starts a worker before there is work", async (t) => {
  const asked = [];
  const page = await panel(t, {
    prepare: (page) => page.on("request", (request) => asked.push(new URL(request.url()).pathname)),
  });
  assert.deepEqual(asked.filter((path) => path.includes("worker")), []);
  assert.equal(page.workers().length, 0);
});

test("on a phone the search can be used", async (t) => {
  const page = await panel(t, { size: SIZES.phone, off: ["oneVotePerTerm"] });
  await goal(page, "violated(ElectionSafety)");
  await search(page);
  await steps(page).first().waitFor({ timeout: 60_000 });
  const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(beyond <= 0, `${beyond} px stand out`);
});

test("a search from here begins with the run as it is, and so does the way that it found", async (t) => {
  const page = await panel(t);
  await call(page, "runFor", 2000);
  const before = await state(page);
  assert.equal(before.leaders.length, 1);
  await goal(page, "leaders >= 2");
  await page.getByLabel("From here").check();
  await search(page);
  await page.getByText(/^Yes: \d+ steps are the fewest/).waitFor({ timeout: 60_000 });
  const count = await steps(page).count();
  await button(page, "Step through it").click();
  await page.getByText(`step 0 of ${count}`).waitFor();
  const start = await state(page);
  assert.deepEqual(start.leaders, before.leaders);
  assert.deepEqual(start.servers.map(({ term }) => term), before.servers.map(({ term }) => term));
  for (let n = 1; n <= count; n += 1) {
    await button(page, "Next step").click();
    await page.getByText(`step ${n} of ${count}`).waitFor();
  }
  assert.equal((await state(page)).leaders.length, 2);
});

test("where every message is a step, the way there has a step for each, and is followed too", async (t) => {
  const page = await panel(t);
  await goal(page, "leaders >= 1");
  await page.getByText("How far").click();
  await page.getByLabel("A step is").selectOption("message");
  await search(page);
  await page.getByText(/^Yes: \d+ steps are the fewest/).waitFor({ timeout: 60_000 });
  const count = await steps(page).count();
  assert.ok(count >= 3, `${count} steps: a timeout, a request, its reply`);
  await button(page, "Step through it").click();
  for (let n = 1; n <= count; n += 1) {
    await button(page, "Next step").click();
    await page.getByText(`step ${n} of ${count}`).waitFor();
  }
  assert.equal((await state(page)).leaders.length, 1);
});
