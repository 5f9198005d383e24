// What the dissertation adds, as a person uses it: members, transfers, snapshots, reads, sessions, and
// every option while a run goes on.

import AxeBuilder from "@axe-core/playwright";
import assert from "node:assert/strict";
import { test } from "node:test";
import { SIZES, THEMES, call, harness } from "./lib.mjs";

const { open } = harness();

const state = (page) => call(page, "state");
const runFor = (page, ms) => call(page, "runFor", ms);
const server = (page, id) => page.getByRole("button", { name: new RegExp(`^${id}, `) });
const button = (page, name) => page.getByRole("button", { name });
const label = (page, id, text) =>
  page.waitForFunction(
    ([id, text]) => document.querySelector(`[data-server=${id}]`)?.getAttribute("aria-label").includes(text),
    [id, text],
  );
const count = (page, selector, number) =>
  page.waitForFunction(
    ([selector, number]) => document.querySelectorAll(selector).length === number,
    [selector, number],
  );
const voters = async (page) => (await state(page)).servers[0].configuration.voters.join(" ");

/** A page with an elected leader that has committed its no-op, paused by its own button. */
async function elected(t, { query = "", ...options } = {}) {
  const page = await open(t, { query: `?seed=7&noop=yes${query}`, ...options });
  await button(page, "Pause").first().click();
  await runFor(page, 2000);
  const { leaders } = await state(page);
  assert.equal(leaders.length, 1);
  return { page, leader: leaders[0] };
}

async function write(page, ...texts) {
  for (const text of texts) {
    await page.getByLabel(/^What the client asks/).fill(text);
    await page.keyboard.press("Enter");
  }
  await page.getByLabel(/^What the client asks/).blur();
}

const lastAnswer = async (page) => (await state(page)).clients[0].finished.at(-1)?.outcome;

test("a sixth server is added with the mouse and a seventh by key; they get the log and vote; one leaves", async (t) => {
  const { page } = await elected(t);
  await write(page, "x=1", "y=2");
  await runFor(page, 300);
  await button(page, "Add S6").click();
  await page.getByRole("region", { name: "Details" }).getByRole("heading", { name: "S6" }).waitFor();
  await runFor(page, 500);
  await page.keyboard.press("a");
  await runFor(page, 500);
  assert.equal(await voters(page), "S1 S2 S3 S4 S5 S6 S7");
  const { servers } = await state(page);
  assert.deepEqual(servers[6].store, { x: "1", y: "2" });
  assert.equal(new Set(servers.map(({ log }) => JSON.stringify(log))).size, 1, "all logs are the same");
  await server(page, "S6").click();
  await button(page, "Remove").click();
  await runFor(page, 500);
  assert.equal(await voters(page), "S1 S2 S3 S4 S5 S7");
  await label(page, "S6", "outside the configuration");
  await page.locator("[data-log=S1] .cell.config", { hasText: "−S6" }).waitFor();
});

test("who is added while nobody leads waits outside, and the notice of it goes with the next success", async (t) => {
  const page = await open(t, { query: "?seed=7&noop=yes&election=20000-30000" });
  await button(page, "Pause").first().click();
  await button(page, "Add S6").click();
  const notice = page.locator(".notice", { hasText: "S6 has started and waits outside: nobody leads" });
  await notice.getByText("Choose ‘Add as voter’ at S6 when the leader can.").waitFor();
  await label(page, "S6", "outside the configuration");
  await label(page, "S1", "S1, follower, term");
  await button(page, /^Crash/).click();
  await notice.waitFor({ state: "detached" });
});

test("a learner is added, promoted, and made a learner again", async (t) => {
  const { page } = await elected(t);
  await page.keyboard.press("e");
  await button(page, "Add S6 as learner").click();
  await runFor(page, 300);
  await label(page, "S6", "learner");
  await button(page, "Promote").click();
  await runFor(page, 300);
  assert.equal(await voters(page), "S1 S2 S3 S4 S5 S6");
  await button(page, "Make learner").click();
  await runFor(page, 300);
  assert.equal(await voters(page), "S1 S2 S3 S4 S5");
});

test("leadership is handed over by key, and the arrow shows to whom", async (t) => {
  const { page, leader } = await elected(t);
  const to = leader === "S3" ? "S4" : "S3";
  await page.keyboard.press(to.slice(1));
  await page.keyboard.press("f");
  await label(page, leader, `hands its leadership over to ${to}`);
  await count(page, ".handing", 1);
  await runFor(page, 300);
  assert.deepEqual((await state(page)).leaders, [to]);
  await count(page, ".handing", 0);
});

test("a change by joint consensus shows both majorities until it is left", async (t) => {
  const { page } = await elected(t, { query: "&servers=3" });
  for (const key of "aa") {
    await page.keyboard.press(key);
    await runFor(page, 500);
  }
  assert.equal(await voters(page), "S1 S2 S3 S4 S5");
  await button(page, "Members").click();
  await page.getByLabel("S1 shall be").selectOption("outside");
  await page.getByLabel("S2 shall be").selectOption("learner");
  await page.getByLabel("stay in between").check();
  await button(page, "Ask the leader for this change").click();
  await runFor(page, 300);
  await page.locator(".stage-hint", { hasText: "one of the old {S1, S2, S3, S4, S5} (left bracket)" }).waitFor();
  await count(page, ".servers .bracket.old", 5);
  await count(page, ".servers .bracket.new", 3);
  await page.getByText("S2 still votes in the old configuration; in the new one it is a learner.").waitFor();
  await page.locator(".members tr", { hasText: "S1" }).getByText("voter, old; outside, new").waitFor();
  assert.match(await button(page, "Add S6 as voter").getAttribute("title"), /^A change is under way/);
  const { leaders } = await state(page);
  await page.keyboard.press(leaders[0].slice(1));
  await page.getByText(/^have index \d+ old$/).waitFor();
  await page.getByText(/of 3, needs 2/).first().waitFor();
  await button(page, "Leave joint consensus").click();
  await runFor(page, 500);
  await count(page, ".servers .bracket", 0);
  const { configuration } = (await state(page)).servers[3];
  assert.deepEqual([configuration.voters, configuration.learners], [["S3", "S4", "S5"], ["S2"]]);
});

test("a snapshot takes the place of the log's beginning, and a server that missed it receives it", async (t) => {
  const { page, leader } = await elected(t, { query: "&snapshotChunk=16" });
  const missed = leader === "S5" ? "S4" : "S5";
  await server(page, missed).click();
  await page.keyboard.press("x");
  await write(page, "x=1", "y=2", "z=3");
  await runFor(page, 500);
  await server(page, leader).click();
  await page.getByText("Snapshot, disk and clock").click();
  await button(page, /^Take snapshot/).click();
  await runFor(page, 100);
  await page.locator(`[data-log=${leader}] .compacted`, { hasText: "snapshot 1–4" }).waitFor();
  await page.getByText(/up to index 4, term 1, \d+ bytes/).waitFor();
  await count(page, `[data-log=${leader}] .cell`, 0);
  await server(page, missed).click();
  await page.keyboard.press("x");
  let seen = "";
  for (let n = 0; n < 200 && !seen; n += 1) {
    await runFor(page, 5);
    seen = await page.evaluate((id) => {
      const row = document.querySelector(`[data-server=${id}]`).getAttribute("aria-label");
      return /receives a snapshot/.test(row) ? row : "";
    }, missed);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
  }
  assert.match(seen, /receives a snapshot/);
  await runFor(page, 1500);
  const state5 = (await state(page)).servers.find(({ id }) => id === missed);
  assert.deepEqual([state5.store.z, state5.firstIndex], ["3", 5]);
});

test("an option is switched while the run goes on, and a preset switches many", async (t) => {
  const { page } = await elected(t);
  await page.getByRole("tab", { name: "Options" }).click();
  const preVote = page.getByRole("checkbox", { name: "PreVote" });
  assert.equal(await preVote.isChecked(), false);
  await preVote.check();
  await page.getByLabel("snapshot every … entries").fill("2");
  await page.keyboard.press("Enter");
  const { actions } = await call(page, "recording");
  const { options } = actions.at(-1).action.setOptions;
  assert.equal(options.preVote, true);
  assert.equal(options.snapshotEvery, 2);
  await write(page, "x=1", "x=2", "x=3");
  await runFor(page, 500);
  assert.ok((await state(page)).servers[0].firstIndex > 1, "a snapshot was taken");
  await page.getByLabel("heartbeat, ms").fill("soon");
  await page.keyboard.press("Enter");
  await page.getByText("heartbeat stays as it was: write a time in milliseconds").waitFor();
  await button(page, "Everything on").click();
  await page.waitForFunction(() => document.querySelector("[name=sessions]").checked);
  await page.locator(".options-panel [name=stickiness]").uncheck();
  await page.getByText("Leases need stickiness").waitFor();
});

test("the address and the setup take every option", async (t) => {
  const page = await open(t, { query: "?seed=3&preset=everything&window=9&reads=local" });
  await page.keyboard.press("s");
  const form = page.getByRole("dialog", { name: "Setup" });
  assert.equal(await form.getByLabel("pipelining window").inputValue(), "9");
  assert.equal(await form.getByRole("combobox", { name: "reads" }).inputValue(), "local");
  await form.getByRole("checkbox", { name: "leases" }).uncheck();
  await form.getByRole("button", { name: "Begin this run" }).click();
  await page.waitForFunction(() => location.search.includes("sessions=yes"));
  const query = await page.evaluate(() => location.search);
  assert.match(query, /preVote=yes.*window=9.*reads=local/);
  assert.doesNotMatch(query, /lease=/);
});

test("a read is answered through the log or past it, as it was asked", async (t) => {
  const { page } = await elected(t);
  await write(page, "x=1");
  await runFor(page, 300);
  const length = async () => (await state(page)).servers[0].lastIndex;
  for (const [mode, grows] of [["readIndex", 0], ["lease", 0], ["local", 0], ["log", 1], ["", 1]]) {
    const before = await length();
    await page.getByLabel("How a read is answered").selectOption(mode);
    await write(page, "x?");
    await runFor(page, 500);
    assert.deepEqual(await lastAnswer(page), { done: { value: "1" } }, mode);
    assert.equal((await length()) - before, grows, mode);
  }
});

test("the client's lane shows what was done, what is waited for, and what nobody knows", async (t) => {
  const { page } = await elected(t, { query: "&sessions=yes&clientTimeout=200&clientAttempts=2" });
  await write(page, "x=1");
  await runFor(page, 300);
  for (const key of "1234") {
    await page.keyboard.press(key);
    await page.keyboard.press("z");
  }
  await write(page, "x=2");
  await runFor(page, 1000);
  await write(page, "x=3");
  await page.getByRole("tab", { name: "Clients" }).click();
  const lane = page.getByRole("region", { name: "Client C1" });
  await lane.getByText("session open").waitFor();
  for (const end of ["done", "unknown", "waiting"]) await lane.locator(`[data-end=${end}]`).waitFor();
  await lane.locator(".lane-text", { hasText: "x←3: waits" }).waitFor();
  await lane.getByRole("img").focus();
  await page.keyboard.press("ArrowLeft");
  await lane.locator(".lane-text", { hasText: "x←2: ? outcome unknown" }).waitFor();
  await page.keyboard.press("ArrowLeft");
  await lane.locator(".lane-text", { hasText: "x←1: ✓" }).waitFor();
});

test("what Raft does not claim to survive says so, and what it does not", async (t) => {
  const { page } = await elected(t);
  await page.keyboard.press("4");
  await page.getByText("Snapshot, disk and clock").click();
  assert.match(await button(page, /^Wipe disk/).getAttribute("title"), /inside Raft’s fault model/);
  assert.match(await button(page, /^Disk lies/).getAttribute("title"), /outside Raft’s fault model/);
  await button(page, /^Slow clock/).click();
  await label(page, "S4", "slow clock");
  await button(page, /^Wipe disk/).click();
  await label(page, "S4", "retired");
  await server(page, "S6").waitFor();
  await page.locator("[data-log=S4]", { hasText: "disk lost" }).waitFor();
  assert.equal(await button(page, /^Exact clock/).getAttribute("aria-disabled"), "true");
  assert.equal(await page.getByText("currentTerm").count(), 0);
  await button(page, "Members").click();
  await page.getByText("voter, retired").waitFor();
});

test("one server's disk is slow, has a range of its own, stalls, and is as the others' again", async (t) => {
  const { page } = await elected(t);
  await page.keyboard.press("4");
  await page.getByText("Snapshot, disk and clock").click();
  await button(page, /^Slow disk/).click();
  await label(page, "S4", "slow disk");
  await page.getByText("100 ms to 200 ms, on this disk").waitFor();
  await page.getByText(/the disk will make elections fail/).waitFor();
  const field = page.getByLabel("a write takes, ms");
  await field.fill("0.1");
  await field.press("Enter");
  await label(page, "S4", "fast disk");
  await button(page, /^Stall disk/).click();
  await label(page, "S4", "disk stalls");
  await page.getByText(/no write becomes durable before/).waitFor();
  await button(page, /^Common disk/).click();
  await button(page, /^Slow disk/).waitFor();
  assert.equal(await field.inputValue(), "");
});

for (const theme of THEMES) {
  for (const size of ["wide", "phone"]) {
    test(`axe finds nothing serious in the new panels, and nothing stands out, ${theme}, ${size}`, async (t) => {
      const { page } = await elected(t, { theme, size: SIZES[size], query: "&sessions=yes" });
      await button(page, "Add S6").click();
      await runFor(page, 300);
      const look = async (what) => {
        const { violations } = await new AxeBuilder({ page }).analyze();
        const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
        const say = ({ id, nodes }) => `${what}: ${id}: ${nodes.map(({ target }) => target).join(" | ")}`;
        assert.deepEqual(serious.map(say), []);
        const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(beyond <= 0, `${what}: ${beyond} px stand out`);
      };
      await page.getByText("Snapshot, disk and clock").click();
      await look("a server");
      await button(page, "Members").click();
      await write(page, "x=1");
      await runFor(page, 300);
      await page.getByRole("tab", { name: "Clients" }).click();
      await look("members and clients");
      await page.getByRole("tab", { name: "Options" }).click();
      await look("options");
    });
  }
}
