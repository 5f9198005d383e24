// `window.wavetank`: the page for programs. It looks and acts as the page does, and its errors say
// what was wrong.

import assert from "node:assert/strict";
import { test } from "node:test";
import { call, harness } from "./lib.mjs";

const { open } = harness();

/** The error that a call ends in, as plain data. */
function failure(page, name, ...values) {
  return page.evaluate(
    ([name, values]) => {
      try {
        window.wavetank[name](...values);
        return null;
      } catch (error) {
        return { isError: error instanceof Error, name: error.name, code: error.code, message: error.message };
      }
    },
    [name, values],
  );
}

/** Pauses the page and lets a leader be elected. */
async function elect(page) {
  await call(page, "pause");
  await call(page, "runFor", 3000);
  const { leaders, servers } = await call(page, "state");
  assert.equal(leaders.length, 1);
  return { leader: leaders[0], servers };
}

test("within a second of loading, five servers have elected a leader", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  await page.waitForFunction(() => window.wavetank.state().leaders.length === 1, null, { timeout: 1000, polling: 20 });
  const { servers } = await call(page, "state");
  assert.equal(servers.length, 5);
});

test("a command put to the cluster is committed and applied everywhere", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  await elect(page);
  await call(page, "act", { submit: { op: { put: { key: "x", value: "1" } } } });
  await call(page, "runFor", 1000);
  const { servers, clients } = await call(page, "state");
  for (const server of servers) {
    assert.equal(server.commit, 1, server.id);
    assert.deepEqual(server.store, { x: "1" });
  }
  assert.deepEqual(clients[0].finished.at(-1).outcome, { done: "done" });
});

test("when the leader crashes another follows, and the write is still there", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  const { leader } = await elect(page);
  await call(page, "act", { submit: { op: { put: { key: "x", value: "1" } } } });
  await call(page, "runFor", 1000);
  await call(page, "act", { crash: { server: leader } });
  await call(page, "runFor", 3000);
  const { leaders, servers, violations } = await call(page, "state");
  assert.equal(leaders.length, 1);
  assert.notEqual(leaders[0], leader);
  const next = servers.find(({ id }) => id === leaders[0]);
  assert.deepEqual(next.log.map(({ command }) => command), ["x←1"]);
  assert.deepEqual(violations, []);
});

test("a recording does the same run again, from an object or from its text", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  const { leader } = await elect(page);
  await call(page, "act", { pause: { server: leader } });
  await call(page, "runFor", 2000);
  const digest = await call(page, "digest");
  const recording = await call(page, "recording");
  for (const form of [recording, JSON.stringify(recording)]) {
    await call(page, "act", { crash: { server: leader } });
    await call(page, "runFor", 500);
    assert.notEqual(await call(page, "digest"), digest);
    await call(page, "load", form);
    assert.equal(await call(page, "digest"), digest);
  }
});

test("what can't be done is an error with a code and a sentence, and changes nothing", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  await elect(page);
  const state = await call(page, "state");
  const table = [
    ["act", [{ restart: { server: "S1" } }], "REFUSED", /S1 is running already/],
    ["act", [{ crash: { server: "S7" } }], "REFUSED", /there is no S7/],
    ["act", [{ explode: {} }], "BAD_ARGUMENT", /not an action/],
    ["act", [{ crash: { server: "<b>" } }], "BAD_ARGUMENT", /not a server/],
    ["act", [null], "BAD_ARGUMENT", /not an action/],
    ["runFor", [-1], "BAD_ARGUMENT", /number from 0/],
    ["runFor", ["x"], "BAD_ARGUMENT", /number from 0/],
    ["speed", [1e9], "BAD_ARGUMENT", /number from/],
  ];
  for (const [name, values, code, message] of table) {
    const error = await failure(page, name, ...values);
    assert.ok(error?.isError, `${name} ${JSON.stringify(values)}`);
    assert.equal(error.code, code);
    assert.match(error.message, message);
  }
  assert.deepEqual((await call(page, "state")).servers, state.servers);
});

test("a recording that can't be used is refused with a sentence, and what ran goes on", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  await elect(page);
  const recording = await call(page, "recording");
  const digest = await call(page, "digest");
  const text = JSON.stringify(recording);
  const crash = { when: { atUs: 0, k: 0 }, action: { crash: { server: "S1" } } };
  const table = [
    [text.slice(0, -20), /may have been cut off/],
    ["", /not a whole Wavetank recording/],
    ["[1,2,3]", /not a valid Wavetank recording/],
    [{ ...recording, format: 99 }, /newer/],
    [{ ...recording, semantics: 3 }, /later version, which simulates differently: its semantics is 3/],
    [JSON.stringify({ ...recording, format: 99, what: "ever" }), /newer/],
    [{ ...recording, setup: { ...recording.setup, servers: 40 } }, /40 servers/],
    [{ ...recording, end: { atUs: 9e15, k: 0 } }, /run/],
    [{ ...recording, actions: [{ ...crash, when: { atUs: 9, k: 0 } }, crash] }, /before/],
    [{ ...recording, actions: new Array(100_001).fill(crash) }, /100000 actions/],
  ];
  for (const [bad, message] of table) {
    const error = await failure(page, "load", bad);
    assert.equal(error?.code, "BAD_RECORDING", `${JSON.stringify(bad).slice(0, 80)}`);
    assert.match(error.message, message);
    assert.equal(await call(page, "digest"), digest);
  }
});

test("the page goes to any moment and back, and gives the run with its branches", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  const { leader } = await elect(page);
  const crash = await call(page, "act", { crash: leader });
  await call(page, "runFor", 2000);
  const digest = await call(page, "digest");
  await call(page, "seek", { event: crash - 1 });
  assert.equal((await call(page, "state")).events, crash);
  assert.deepEqual((await call(page, "state")).leaders, [leader]);
  await call(page, "seek", "end");
  assert.equal(await call(page, "digest"), digest);
  assert.equal(await call(page, "seek", { ms: 100 }), 100);
  assert.equal((await failure(page, "seek", { ms: 1e6 })).code, "REFUSED");
  assert.equal((await failure(page, "seek", "middle")).code, "BAD_ARGUMENT");
  // To act in the past is a branch of its own.
  await call(page, "act", { pause: "S1" });
  const { branches } = await call(page, "document");
  assert.deepEqual(branches.map(({ recording }) => recording.actions.length), [1, 1]);
});

test("a server that is not there and markup in a value do no harm in a recording", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  await elect(page);
  const recording = await call(page, "recording");
  const markup = "<img src=x onerror=alert(1)>";
  const when = recording.end;
  recording.actions.push({ when, action: { crash: { server: "S9" } } });
  recording.actions.push({ when, action: { submit: { op: { put: { key: "x", value: markup } } } } });
  recording.end = { atUs: when.atUs + 2_000_000, k: 0 };
  await call(page, "load", recording);
  const { servers } = await call(page, "state");
  assert.equal(servers[0].store.x, markup);
  assert.equal(await page.locator("img").count(), 0);
});

for (const servers of [1, 2, 9]) {
  test(`${servers} servers elect a leader and commit`, async (t) => {
    const page = await open(t, { query: `?servers=${servers}&seed=3` });
    await elect(page);
    await call(page, "act", { submit: { op: { set: { value: "5" } } } });
    await call(page, "runFor", 2000);
    const state = await call(page, "state");
    assert.equal(state.servers.length, servers);
    for (const server of state.servers) assert.equal(server.commit, 1, server.id);
  });
}
