// The page as a person uses it: mouse, touch and keyboard act; `window.wavetank` only looks, and lets
// virtual time go by where a test would have to wait.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SIZES, call, harness } from "./lib.mjs";

const { open } = harness();

const state = (page) => call(page, "state");
const runFor = (page, ms) => call(page, "runFor", ms);
const server = (page, id) => page.getByRole("button", { name: new RegExp(`^${id}, `) });
const button = (page, name) => page.getByRole("button", { name });

/** A page with an elected leader, paused by its own button. */
async function elected(t, options = {}) {
  const page = await open(t, { query: "?seed=7", ...options });
  await button(page, "Pause").first().click();
  await runFor(page, 2000);
  const { leaders } = await state(page);
  assert.equal(leaders.length, 1);
  return { page, leader: leaders[0] };
}

/** Types a line into the console. */
async function type(page, line) {
  await page.getByRole("tab", { name: "Console" }).click();
  await page.locator("#console-input").fill(line);
  await page.keyboard.press("Enter");
}

async function submitted(page) {
  const { clients } = await state(page);
  return clients[0].finished.at(-1)?.outcome;
}

test("`put x 1` typed into the console commits on all five", async (t) => {
  const { page } = await elected(t);
  await type(page, "put x 1");
  await runFor(page, 1500);
  const { servers } = await state(page);
  assert.deepEqual(servers.map(({ commit }) => commit), [1, 1, 1, 1, 1]);
  assert.deepEqual(servers.map(({ store }) => store.x), ["1", "1", "1", "1", "1"]);
  assert.deepEqual(await submitted(page), { done: "done" });
});

test("the leader is crashed by click; another follows, the write is still there, and it catches up", async (t) => {
  const { page, leader } = await elected(t);
  await type(page, "put x 1");
  await runFor(page, 1500);
  await server(page, leader).click();
  await button(page, /^Crash/).click();
  await runFor(page, 3000);
  const after = await state(page);
  assert.equal(after.leaders.length, 1);
  assert.notEqual(after.leaders[0], leader);
  assert.equal(after.servers.find(({ id }) => id === leader).up, false);
  await type(page, "get x");
  await runFor(page, 2500);
  assert.deepEqual(await submitted(page), { done: { value: "1" } });
  await button(page, /^Restart/).click();
  await runFor(page, 2000);
  const { servers } = await state(page);
  assert.equal(new Set(servers.map(({ log }) => JSON.stringify(log))).size, 1, "all logs are the same");
  assert.equal(await server(page, leader).getAttribute("aria-label").then((label) => /follower/.test(label ?? "")), true);
});

test("the minority's leader stays visible, can't commit, and is deposed on healing", async (t) => {
  const { page, leader } = await elected(t);
  const ids = ["S1", "S2", "S3", "S4", "S5"].filter((id) => id !== leader);
  await type(page, `partition ${leader} ${ids[0]} | ${ids.slice(1).join(" ")}`);
  await type(page, `submit ${leader} "lost"`);
  await runFor(page, 3000);
  const cut = await state(page);
  assert.equal(cut.leaders.length, 2, "two leaders, of different terms");
  assert.ok(cut.leaders.includes(leader));
  const old = cut.servers.find(({ id }) => id === leader);
  assert.equal(old.log.length, 1);
  assert.equal(old.commit, 0);
  assert.deepEqual(cut.violations, []);
  await page.waitForFunction((leader) => {
    const label = [...document.querySelectorAll("[aria-label]")].map((e) => e.getAttribute("aria-label"));
    return label.some((text) => text.startsWith(`${leader}, leader`));
  }, leader);
  await button(page, "Heal").click();
  await runFor(page, 1000);
  const healed = await state(page);
  assert.equal(healed.leaders.length, 1);
  assert.notEqual(healed.leaders[0], leader);
});

test("a server dragged away from the others is cut off, and dragged to one of them it is not", async (t) => {
  const { page, leader } = await elected(t);
  const stage = await page.getByRole("region", { name: "Stage" }).boundingBox();
  const other = ["S3", "S4"].find((id) => id !== leader);
  const drag = async (to) => {
    const now = await server(page, leader).boundingBox();
    await page.mouse.move(now.x + now.width / 2, now.y + Math.min(now.height, now.width) / 2);
    await page.mouse.down();
    await page.mouse.move(to.x, to.y, { steps: 12 });
    await page.mouse.up();
  };
  await drag({ x: stage.x + stage.width - 30, y: stage.y + 30 });
  await page.waitForFunction((id) => (window.wavetank.state().cuts[id] ?? []).length === 4, leader);
  const box = await server(page, other).boundingBox();
  await drag({ x: box.x + box.width / 2, y: box.y - 20 });
  await page.waitForFunction(() => Object.keys(window.wavetank.state().cuts).length === 0);
});

test("a message is dropped, doubled, held and delivered by click", async (t) => {
  const { page, leader } = await elected(t);
  await server(page, leader).click();
  await button(page, /^Heartbeat now/).click();
  const count = async () => (await state(page)).messages.length;
  const first = () => button(page, new RegExp(`^AppendEntries.* from ${leader} to `)).first();
  const before = await count();
  assert.ok(before >= 4, `${before} heartbeats are on their way`);
  await first().click({ force: true });
  await button(page, /^Drop/).click();
  assert.equal(await count(), before - 1);
  await first().click({ force: true });
  await button(page, /^Duplicate/).click();
  assert.equal(await count(), before);
  await button(page, /^Hold/).click();
  assert.equal((await state(page)).messages.filter(({ held }) => held).length, 1);
  await button(page, /^Deliver now/).click();
  assert.equal((await state(page)).messages.filter(({ held }) => held).length, 0);
});

test("with the keyboard alone: pause, step, select, crash, restart, write, ask for the keys", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  await page.waitForFunction(() => window.wavetank.state().leaders.length === 1);
  await page.keyboard.press("Space");
  const { events } = await state(page);
  await page.waitForTimeout(300);
  assert.equal((await state(page)).events, events, "time stands still");
  await page.keyboard.press(".");
  await page.waitForFunction((events) => window.wavetank.state().events === events + 1, events);
  await page.keyboard.press("3");
  await page.keyboard.press("x");
  await page.waitForFunction(() => !window.wavetank.state().servers[2].up);
  await page.keyboard.press("x");
  await page.waitForFunction(() => window.wavetank.state().servers[2].up);
  await page.keyboard.press("c");
  await runFor(page, 2000);
  assert.ok((await state(page)).servers.every(({ commit }) => commit === 1));
  await page.keyboard.press("?");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" }).catch(() => page.getByRole("dialog").waitFor({ state: "hidden" }));
});

test("everything that acts is reached by Tab and pressed by Enter", async (t) => {
  const { page } = await elected(t);
  const reached = new Set();
  for (let press = 0; press < 110; press += 1) {
    await page.keyboard.press("Tab");
    reached.add(await page.evaluate(() => {
      const element = document.activeElement;
      return (element?.getAttribute("aria-label") ?? element?.textContent ?? "").trim();
    }));
  }
  const names = [...reached];
  for (const expected of [/^S1, /, /^S5, /, /^Play/, /^Step/, /^Partition/, /^Reset/, /^Setup/, /^Feed|^Console/]) {
    assert.ok(names.some((name) => expected.test(name)), `${expected} is reached: ${names.join(" | ")}`);
  }
  await server(page, "S4").focus();
  await page.keyboard.press("Enter");
  await button(page, /^Crash/).focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => !window.wavetank.state().servers[3].up);
});

test("controls that would do nothing are disabled and say why", async (t) => {
  const { page } = await elected(t);
  const heal = button(page, "Heal");
  assert.ok(await heal.evaluate((element) => element.disabled || element.getAttribute("aria-disabled") === "true"));
  const why = await heal.evaluate((element) => `${element.title} ${element.getAttribute("aria-description") ?? ""}`);
  assert.match(why, /\w{3,}/, "it says why");
});

test("the dial goes from 1/1000 to 10 times, and stays where it was put", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  const dial = page.getByRole("slider", { name: "speed" });
  await dial.focus();
  await page.keyboard.press("Home");
  await page.getByText("1/1000 ×").waitFor();
  await page.keyboard.press("End");
  await page.getByText("10 ×").waitFor();
  await page.waitForTimeout(1500);
  await page.getByText("10 ×").waitFor();
});

test("a setup from the address is taken; what makes no sense is said, and what is wrong does no harm", async (t) => {
  const page = await open(t, { query: "?servers=3&seed=11&election=200-400&heartbeat=500&latency=5-6" });
  const { servers, seed } = await state(page);
  assert.equal(servers.length, 3);
  assert.equal(seed, "11");
  await button(page, "Setup").click();
  await page.getByText("depose it again and again").first().waitFor();

  const wrong = await open(t, { query: "?servers=99&seed=<b>x</b>&election=300-100" });
  assert.equal((await state(wrong)).servers.length, 5);
  await wrong.getByText("99").first().waitFor();
  assert.equal(await wrong.locator("b", { hasText: "x" }).count(), 0);
});

test("a state typed into the address is opened", async (t) => {
  const page = await open(t, { query: `?state=${encodeURIComponent("S1:L4 1122224 c2 / S2 1113 / S3 11222 / S4:x 1")}` });
  await button(page, "Pause").first().click();
  const { servers } = await state(page);
  assert.deepEqual(servers.map(({ up }) => up), [true, true, true, false]);
  assert.equal(servers[3].log.length, 1);
  assert.equal(servers.length, 4);
});

test("a recording file dropped onto the page is done again; a wrong one is refused in a sentence", async (t) => {
  const { page, leader } = await elected(t);
  await server(page, leader).click();
  await button(page, /^Crash/).click();
  await runFor(page, 1000);
  const recording = JSON.stringify(await call(page, "recording"));
  const digest = await call(page, "digest");
  const drop = (text) => page.evaluate((text) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], "run.wavetank.json", { type: "application/json" }));
    const target = document.querySelector("main");
    for (const type of ["dragenter", "dragover", "drop"]) {
      target.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: transfer }));
    }
  }, text);
  await button(page, "Reset").click();
  await page.waitForFunction((digest) => window.wavetank.digest() !== digest, digest);
  await drop(recording);
  await page.waitForFunction((digest) => window.wavetank.digest() === digest, digest);
  await drop(recording.slice(0, recording.length / 2));
  await page.getByText("may have been cut off").first().waitFor();
  assert.equal(await call(page, "digest"), digest, "what ran is untouched");
  await drop(JSON.stringify({ ...JSON.parse(recording), format: 7 }));
  await page.getByText("newer than this page").first().waitFor();
  assert.equal(await call(page, "digest"), digest);
});

test("a rule switched off in the console breaks a promise, and the page says which", async (t) => {
  const { page } = await elected(t);
  // From the start, so that the run does not depend on when the page was paused.
  const recording = await call(page, "recording");
  await call(page, "load", { ...recording, actions: [], end: { atUs: 0, k: 0 } });
  await runFor(page, 1000);
  const { leaders, servers } = await state(page);
  const [one, other] = servers.map(({ id }) => id).filter((id) => id !== leaders[0]);
  await type(page, "rule oneVotePerTerm off");
  await type(page, `timeout ${one} ${other}`);
  // The run stops at each promise that falls.
  for (const property of ["oneVote", "electionSafety"]) {
    await runFor(page, 500);
    assert.equal((await state(page)).violations.at(-1)?.property, property);
  }
  await page.getByText("Election Safety", { exact: false }).first().waitFor();
  await page.getByText("A promise of Raft is broken").waitFor();
});

test("on a phone, by touch: crash, partition and write are in reach", async (t) => {
  const { page, leader } = await elected(t, { size: SIZES.phone, touch: true });
  await server(page, leader).tap();
  await button(page, /^Crash/).tap();
  await page.waitForFunction((id) => !window.wavetank.state().servers.find((s) => s.id === id).up, leader);
  const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(beyond <= 0, `${beyond} px stand out`);
});

test("on a phone, a finger drags a server away", async (t) => {
  const { page } = await elected(t, { size: SIZES.phone, touch: true });
  const box = await server(page, "S3").boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.width / 2 - 8];
  const finger = await page.context().newCDPSession(page);
  const touch = (type, ...touchPoints) => finger.send("Input.dispatchTouchEvent", { type, touchPoints });
  await touch("touchStart", { x, y });
  for (let step = 1; step <= 15; step += 1) await touch("touchMove", { x: x + 3 * step, y: y + 6 * step });
  await touch("touchEnd");
  await page.waitForFunction(() => window.wavetank.state().cuts.S3?.length === 4);
});

test("with reduced motion nothing travels: messages stand at steps of their way", async (t) => {
  const page = await open(t, { query: "?seed=7", reducedMotion: true });
  await page.waitForFunction(() => window.wavetank.state().messages.length > 0);
  const places = await page.evaluate(async () => {
    const seen = new Set();
    const until = performance.now() + 1500;
    while (performance.now() < until) {
      const message = document.querySelector('[aria-label^="AppendEntries"], [aria-label^="RequestVote"]');
      if (message) seen.add(message.closest("[transform]")?.getAttribute("transform"));
      await new Promise((done) => requestAnimationFrame(done));
    }
    return [...seen].length;
  });
  assert.ok(places < 45, `${places} different places in 1.5 s: that is travel, not steps`);
});
