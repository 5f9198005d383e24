// What is shown when a promise of Raft is broken, and what can be done about it.

import AxeBuilder from "@axe-core/playwright";
import assert from "node:assert/strict";
import { test } from "node:test";
import { SIZES, THEMES, call, harness } from "./lib.mjs";

const { open } = harness();

const state = (page) => call(page, "state");
const button = (page, name) => page.getByRole("button", { name });
const events = (page) => page.evaluate(() => window.wavetank.state().events);

/** A recording: S2 and S3 stand in one term while nobody minds how often one votes. */
const TWO_LEADERS = {
  format: 1,
  semantics: 2,
  start: "empty",
  setup: { servers: 5, seed: "7", rulesOff: ["oneVotePerTerm"] },
  actions: [
    { when: { atUs: 20_000 }, action: { fire: { server: "S2", timer: "election" } } },
    { when: { atUs: 20_000 }, action: { fire: { server: "S3", timer: "election" } } },
  ],
  end: { atUs: 20_000 },
};

/** The alert about a promise. */
const alarm = (page, name) => page.getByRole("alert").getByRole("heading", { name: `A promise of Raft is broken: ${name}` });

/** Whether two servers were elected in one term. */
const twoElected = async (page) => (await state(page)).violations.some(({ property }) => property === "electionSafety");

/** A page on which Election Safety was just broken, while it played; that a server voted twice was let pass. */
async function broken(t, options = {}) {
  const page = await open(t, { query: "?seed=7", ...options });
  page.setDefaultTimeout(15_000);
  const setup = await page.evaluate(() => window.wavetank.recording().setup);
  await call(page, "load", { ...TWO_LEADERS, setup: { ...setup, rulesOff: ["oneVotePerTerm"] } });
  await call(page, "speed", 1);
  await button(page, "Play").first().click();
  await alarm(page, "One Vote").waitFor();
  await button(page, "Go on anyway").click();
  await alarm(page, "Election Safety").waitFor();
  return page;
}

test("a broken promise stops the run, is named in one sentence, and its servers are marked", async (t) => {
  const page = await broken(t);
  await button(page, "Play").first().waitFor();
  const { violations, events: then } = await state(page);
  assert.deepEqual(violations.map(({ property }) => property), ["oneVote", "electionSafety"]);
  assert.match(await page.locator("[data-broken]").innerText(), /^At .* ms: Term 1 has two leaders: S\d .* S\d is\.$/);
  await page.waitForTimeout(300);
  assert.equal(await events(page), then, "time stands still");
  const marked = await page.locator(".server:has(.accused)").evaluateAll((all) => all.map(({ dataset }) => dataset.server));
  assert.deepEqual(marked, ["S2", "S3"]);
  assert.equal(violations[1].event, then - 1, "it stands at the event");
});

test("the run goes on if one wants it to, and does not stop for the same promise again", async (t) => {
  const page = await broken(t);
  const then = await events(page);
  await button(page, "Go on anyway").click();
  await page.waitForFunction((then) => window.wavetank.state().events > then + 5, then);
  await page.getByRole("alert").waitFor({ state: "detached" });
  await button(page, "Election Safety is broken").waitFor();
});

test("with the preference off a broken promise does not stop the run; it stays off", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  await button(page, /^Election Safety holds/).click();
  await page.getByLabel("Stop the run when a promise is broken").click();
  await page.reload();
  await page.waitForFunction(() => window.wavetank);
  const setup = await page.evaluate(() => window.wavetank.recording().setup);
  await call(page, "load", { ...TWO_LEADERS, setup: { ...setup, rulesOff: ["oneVotePerTerm"] } });
  await call(page, "speed", 1);
  await button(page, "Play").first().click();
  await page.getByRole("alert").first().waitFor();
  const then = await events(page);
  await page.waitForFunction((then) => window.wavetank.state().events > then + 5, then);
});

test("the last steps are done again, one by one, up to the same moment", async (t) => {
  const page = await broken(t);
  const digest = await call(page, "digest");
  const then = await events(page);
  await button(page, "Replay the last steps").click();
  const steps = page.getByRole("list", { name: "Steps" }).getByRole("listitem");
  await steps.nth(9).waitFor();
  assert.equal(await steps.count(), 10);
  assert.ok((await events(page)) < then);
  assert.equal(await twoElected(page), false, "not yet");
  for (let n = 1; n <= 10; n += 1) {
    await button(page, "Next step").click();
    await page.getByText(`step ${n} of 10`).waitFor();
  }
  assert.equal(await call(page, "digest"), digest);
  assert.equal(await twoElected(page), true);
  await button(page, "Step back").click();
  await page.getByText("step 9 of 10").waitFor();
  assert.equal(await twoElected(page), false);
});

test("with the rule repaired, the replay runs to the step that refuses, and says why", async (t) => {
  const page = await broken(t);
  const digest = await call(page, "digest");
  await button(page, "Repair oneVotePerTerm and replay").click();
  const step = page.getByRole("list", { name: "Steps" }).getByRole("listitem");
  assert.match(await step.innerText(), /^S\d refuses its vote to S[23] in term 1: the voter has already voted for S[23] in this term/);
  assert.deepEqual((await state(page)).rulesOff ?? [], []);
  await button(page, "Play").first().click();
  await page.getByText("at its end").waitFor();
  assert.deepEqual((await state(page)).violations, [], "with the rule on, the promise holds");
  await button(page, "Earlier run").first().click();
  await page.waitForFunction((digest) => window.wavetank.digest() === digest, digest);
});

test("whoever acts in a recording that is done again gets a run of their own, and nothing is lost", async (t) => {
  const page = await broken(t);
  const digest = await call(page, "digest");
  await button(page, "Replay the last steps").click();
  await page.getByRole("button", { name: /^S5, / }).click();
  await button(page, /^Crash/).click();
  await page.getByText("From here on this is a branch of its own").waitFor();
  assert.equal(await page.getByRole("region", { name: "Recording" }).count(), 0);
  await button(page, "Earlier run").click();
  // It is there as it was left, and goes on as it went: one promise after the other falls.
  await button(page, "Play").first().click();
  await alarm(page, "One Vote").waitFor();
  await button(page, "Go on anyway").click();
  await page.waitForFunction((digest) => window.wavetank.digest() === digest, digest);
});

test("a broken run is shrunk in a worker; it is replaced when one says so, and kept", async (t) => {
  const page = await broken(t);
  // What has nothing to do with it.
  const noise = Array.from({ length: 6 }, (_, n) => ({ when: { atUs: 21_000 + n }, action: { submit: { op: { put: { key: "x", value: `${n}` } } } } }));
  const recording = await call(page, "recording");
  await call(page, "load", { ...recording, actions: [...recording.actions, ...noise] });
  const digest = await call(page, "digest");
  await alarm(page, "One Vote").waitFor();
  await button(page, "Election Safety is broken").click();
  await page.getByRole("dialog").getByRole("button", { name: "Shrink it" }).click();
  const said = page.getByRole("region", { name: "Shrinking" });
  await said.getByText(/falls with [123] of the 8 actions/).waitFor({ timeout: 60_000 });
  assert.equal(await call(page, "digest"), digest, "the run is there until one says so");
  await button(page, "Show the small one").click();
  await page.getByRole("heading", { name: /^As little as it takes/ }).waitFor();
  await said.waitFor({ state: "detached" });
  const steps = page.getByRole("list", { name: "Steps" }).getByRole("listitem");
  await steps.first().waitFor();
  assert.ok((await steps.count()) <= 3);
  await call(page, "runFor", 2000);
  await call(page, "runFor", 2000);
  assert.equal(await twoElected(page), true, "the same promise falls");
  await button(page, "Earlier run").click();
  await page.waitForFunction((digest) => window.wavetank.digest() === digest, digest);
});

test("shrinking is cancelled at once", async (t) => {
  const page = await broken(t);
  await button(page, "Shrink it").click();
  await page.getByRole("region", { name: "Shrinking" }).getByRole("button").last().click();
  await page.getByRole("region", { name: "Shrinking" }).waitFor({ state: "detached" });
  for (let n = 0; page.workers().length && n < 100; n += 1) await page.waitForTimeout(20);
  assert.equal(page.workers().length, 0);
});

for (const [name, size] of Object.entries(SIZES)) {
  test(`the lamps can be read and say what they stand for, ${name}`, async (t) => {
    const page = await broken(t, { size });
    const lamps = page.getByRole("list", { name: "Promises of Raft" }).getByRole("button");
    assert.equal(await lamps.count(), 8);
    for (const lamp of await lamps.all()) {
      const { width, height } = await lamp.boundingBox();
      assert.ok(width >= 24 && height >= 24, `${width} × ${height}`);
      assert.ok((await lamp.innerText()).replace(/\W/g, "").length > 3, "its name is in sight");
    }
    await button(page, "Election Safety is broken").click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("At most one leader can be elected in a term.").waitFor();
    await dialog.getByText("Figure 3, §5.2").waitFor();
    await dialog.getByText("Term 1 has two leaders").waitFor();
    await page.keyboard.press("Escape");
    await button(page, "One Vote is broken").click();
    await dialog.getByText("A server votes for at most one candidate in a term.").waitFor();
  });
}

/** Opens the panel of the rules. */
async function rules(page) {
  await page.getByRole("tab", { name: "Rules" }).click();
  await page.getByRole("group", { name: "Election Safety" }).waitFor();
}

test("all rules stand in the panel, by what falls, and can be searched", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  await rules(page);
  const boxes = page.locator(".rules [data-rule]");
  const names = await boxes.evaluateAll((all) => all.map(({ dataset }) => dataset.rule));
  assert.equal(new Set(names).size, 57);
  assert.equal(names.length, 57);
  await page.getByLabel("Search").fill("§5.4.2");
  assert.deepEqual(await boxes.evaluateAll((all) => all.map(({ dataset }) => dataset.rule)), ["commitOnlyCurrentTerm"]);
  await page.getByLabel("Search").fill("no rule has this");
  await page.getByText("No rule has these words.").waitFor();
});

test("a rule switched off stands in the recording and in the header, where one click puts it back", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  await rules(page);
  await page.getByRole("checkbox", { name: /votes at most once in a term/ }).uncheck();
  await page.getByRole("checkbox", { name: /commits by counting only/ }).uncheck();
  const { actions } = await call(page, "recording");
  assert.deepEqual(actions.at(-1).action, { setRules: { off: ["oneVotePerTerm", "commitOnlyCurrentTerm"] } });
  const badge = page.getByRole("banner").getByRole("button", { name: /2 rules are off/ });
  assert.match(await badge.getAttribute("title"), /oneVotePerTerm, commitOnlyCurrentTerm/);
  await badge.click();
  await badge.waitFor({ state: "detached" });
  assert.deepEqual((await call(page, "recording")).actions.at(-1).action, { setRules: { off: [] } });
  assert.equal(await page.getByRole("checkbox", { name: /votes at most once in a term/ }).isChecked(), true);
});

test("a shipped recording is shown from its start; played, it stops where the promise falls", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  await rules(page);
  await button(page, "Show me oneVotePerTerm").click();
  await page.getByRole("heading", { name: "What happens without oneVotePerTerm" }).waitFor();
  assert.equal(await events(page), 0);
  await button(page, "Next step").click();
  await page.getByText(/^step 1 of/).waitFor();
  await button(page, "Play").first().click();
  await alarm(page, "One Vote").waitFor();
  await button(page, "Go on anyway").click();
  await alarm(page, "Election Safety").waitFor();
  await button(page, "Repair oneVotePerTerm and replay").click();
  await page.getByText(/refuses its vote.*already voted/).first().waitFor();
});

test("a recording or a list that can't be fetched is told of in a sentence, and asked for again", async (t) => {
  let gone = true;
  const page = await open(t, {
    query: "?seed=7",
    prepare: (page) => page.route("**/broken/**", (route) => (gone ? route.abort() : route.continue())),
    expected: [/broken\//, /Failed to load resource/],
  });
  await page.getByRole("tab", { name: "Rules" }).click();
  await page.getByText(/broken\/index.json could not be fetched \(.+\): check the connection/).waitFor();
  assert.equal(await page.locator(".rules [data-rule]").count(), 57, "rules can be broken all the same");
  gone = false;
  await button(page, "Try again").click();
  await page.getByRole("group", { name: "Election Safety" }).waitFor();
  gone = true;
  const digest = await call(page, "digest");
  await button(page, "Pause").first().click();
  await button(page, "Show me logUpToDate").click();
  await page.getByText(/broken\/logUpToDate.json could not be fetched/).waitFor();
  assert.equal(await page.getByRole("region", { name: "Recording" }).count(), 0, "what ran is there still");
});

test("the panel of rules asks for its list only when it is opened, and once", async (t) => {
  const asked = [];
  const page = await open(t, {
    query: "?seed=7",
    prepare: (page) => page.on("request", (request) => asked.push(new URL(request.url()).pathname)),
  });
  const lists = () => asked.filter((path) => path.includes("broken/")).length;
  assert.equal(lists(), 0);
  await rules(page);
  await page.getByRole("tab", { name: "Feed" }).click();
  await rules(page);
  assert.equal(lists(), 1);
});

test("whoever types into the search of the rules keeps the focus", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  await rules(page);
  await page.getByLabel("Search").focus();
  for (const letter of "snap") await page.keyboard.press(letter);
  assert.equal(await page.getByLabel("Search").inputValue(), "snap");
  await page.waitForFunction(() => document.querySelectorAll(".rules [data-rule]").length < 10);
});

for (const theme of THEMES) {
  test(`axe finds nothing serious where promises break, in the rules, and in the search, ${theme}`, async (t) => {
    const page = await broken(t, { theme });
    const serious = async () => {
      const { violations } = await new AxeBuilder({ page }).analyze();
      const say = ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ target }) => target).join(" | ")}`;
      return violations.filter(({ impact }) => ["serious", "critical"].includes(impact)).map(say);
    };
    await rules(page);
    await page.getByRole("checkbox", { name: /commits by counting only/ }).uncheck();
    assert.deepEqual(await serious(), []);
    await page.getByRole("tab", { name: "Search" }).click();
    await page.getByText("How far").click();
    await page.getByLabel("The goal").fill("leaders >= 2 and rolle(S1) = leader");
    assert.deepEqual(await serious(), []);
    await page.getByLabel("The goal").fill("leaders >= 2");
    await page.locator("[data-do=search]").click();
    await button(page, "Step through it").click();
    await button(page, "Next step").click();
    assert.deepEqual(await serious(), []);
  });
}
