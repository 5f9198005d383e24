// The package in Node: a run elects, breaks, is checked, goes back, and is done again.

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./lib.mjs";

const { Simulation, WavetankError } = await load("node.js");

/** A run with a leader, and who that is. */
function led(setup) {
  const run = new Simulation(setup);
  assert.ok(run.runUntil("leaders = 1"));
  return { run, leader: run.state().leaders[0] };
}

/** The error that this ends in. */
function failure(work, what = "it") {
  try {
    work();
  } catch (error) {
    return error;
  }
  return assert.fail(`${what} throws nothing`);
}

test("five servers elect a leader, and another one when it crashes", () => {
  const { run, leader } = led({ servers: 5, seed: 7n });
  const event = run.act({ crash: leader });
  assert.equal(run.events({ from: event, limit: 1 })[0].what.acted.action.crash.server, leader);
  assert.ok(run.runUntil(() => run.state().leaders.some((id) => id !== leader)));
  assert.equal(run.state().servers.length, 5);
  assert.deepEqual(run.check(), []);
});

test("a command is committed and applied everywhere", () => {
  const { run } = led({ seed: 7n });
  run.act({ submit: { put: { key: "x", value: "1" } } });
  assert.ok(run.runUntil("all s: applied(s) = 1", { withinMs: 1000 }));
  for (const server of run.state().servers) assert.deepEqual(server.store, { x: "1" });
});

test("with a rule off a promise falls, and the check says which and through which events", () => {
  const { run, leader } = led({ servers: 3, rulesOff: ["commitAfterQuorum"] });
  for (const to of ["S1", "S2", "S3"]) if (to !== leader) run.act({ cut: [leader, to] });
  run.act({ submit: { op: { put: { key: "x", value: "1" } }, to: leader } });
  assert.ok(run.runUntil("violated", { withinMs: 5000 }));
  const [violation] = run.check();
  assert.equal(violation.property, "durableCommit");
  assert.equal(violation.event, run.eventCount - 1);
  assert.match(run.explain(violation.event), /a rule is off here/);
  // With the rule on the same actions break nothing.
  const recording = run.recording();
  recording.setup.rulesOff = [];
  assert.deepEqual(Simulation.from(recording).check(), []);
});

test("a run may start in any state, and says what speaks against it", () => {
  const state = "S1:F3 1122 / S2:F3 113 / S3:F3 11223";
  const run = new Simulation({ start: state });
  const [why, ...more] = run.objections();
  assert.match(why, /^The entries of term 3 begin at index 3 on S2 and at index 5 on S3: .* \(§5\.3\)\.$/);
  assert.deepEqual(more, []);
  // It is about the start, whatever has happened since, and travels with the run.
  run.runFor(5000);
  assert.deepEqual(run.objections(), [why]);
  assert.deepEqual(Simulation.from(run.recording()).objections(), [why]);
  for (const start of ["empty", { state: "S1:L1 / S2:F1 / S3:F0" }]) {
    assert.deepEqual(new Simulation({ servers: 3, start }).objections(), []);
  }
});

test("a run that leads to a state is looked for, within bounds", () => {
  const { recording, steps, objections, sentence } = Simulation.reach("S1:F3 1 / S2:F2 112 / S3:F3 113");
  assert.deepEqual(objections, []);
  assert.match(sentence, /put together/);
  assert.equal(steps.length, 16);
  const servers = Simulation.from(recording).state().servers;
  assert.deepEqual(servers.map(({ term }) => term), [3, 2, 3]);
  assert.deepEqual(servers.map(({ log }) => log.map(({ term }) => term)), [[1], [1, 1, 2], [1, 1, 3]]);
  const against = Simulation.reach("S1:L2 / S2:L2 / S3:F2");
  assert.equal(against.recording, null);
  assert.match(against.objections[0], /^Two leaders in term 2/);
  const none = Simulation.reach("S1:F0 / S2:F2 1 / S3:F2 1 c1", { states: 1 });
  assert.deepEqual([none.recording, none.objections, none.steps], [null, [], []]);
  assert.match(none.sentence, /A longer run may/);
});

test("as many events as one call gives can be asked for, and no more", () => {
  const run = new Simulation();
  assert.deepEqual(run.events({ limit: 20_000 }), run.events());
  const { code, message } = failure(() => run.events({ limit: 20_001 }));
  assert.equal(code, "BAD_ARGUMENT");
  assert.match(message, /limit has to be a number from 0 to 20000/);
});

test("time goes by as asked, in steps, spans, and up to a goal", () => {
  const run = new Simulation();
  assert.equal(run.nowMs, 0);
  assert.equal(run.runFor(12.5), 12.5);
  assert.equal(run.nowMs, 12.5);
  const event = run.step();
  assert.equal(event, run.eventCount - 1);
  assert.equal(run.events({ from: event })[0].atUs / 1000, run.nowMs);
  assert.equal(run.runUntil("leaders = 9", { withinMs: 100 }), false);
  assert.equal(run.runUntil(() => false, { withinMs: 100 }), false);
  const now = run.nowMs;
  assert.equal(run.runUntil("servers = 5"), true);
  assert.equal(run.nowMs, now, "what holds already takes no time");
  run.act({ manual: true });
  while (run.step() !== null);
  assert.equal(run.step(), null, "in manual mode nothing happens by itself");
});

test("what a goal function throws comes through, and the run goes on", () => {
  const run = new Simulation();
  const thrown = new Error("mine");
  assert.equal(failure(() => run.runUntil(() => { throw thrown; })), thrown);
  run.runFor(1);
});

test("events come by number, as many as asked", () => {
  const run = new Simulation({ seed: 3 });
  run.runFor(60_000);
  assert.ok(run.eventCount > 2000);
  assert.equal(run.events().length, 1000);
  assert.deepEqual(run.events({ from: 1500, limit: 3 }).map(({ id }) => id), [1500, 1501, 1502]);
  assert.deepEqual(run.events({ from: run.eventCount }), []);
  assert.match(run.explain(0), /\(.*§/);
});

test("what a sentence claims is given as data", () => {
  const run = new Simulation({ servers: 3, seed: 1n });
  run.runUntil("leaders = 1");
  const won = run.eventCount - 1;
  assert.equal(run.explain(won), "S2 has the votes of S1 and S2, a majority of three: it leads in term 1 (§5.2).");
  assert.deepEqual(run.claims(won), [
    { claim: "votes", candidate: "S2", voters: ["S1", "S2"], stale: [], counted: 2, majority: true, pre: false },
    { claim: "role", server: "S2", role: "leader", term: 1, because: { why: "votes" } },
  ]);
});

test("a run goes back to any moment, and forth again to the same", () => {
  const { run, leader } = led({ seed: 7n });
  const early = { ms: run.nowMs, digest: run.digest() };
  run.runFor(1000);
  const crash = run.act({ crash: leader });
  run.runFor(2000);
  const late = { ms: run.nowMs, digest: run.digest(), state: run.state() };
  assert.equal(run.seek({ ms: early.ms }), early.ms);
  assert.equal(run.digest(), early.digest);
  assert.ok(run.state().servers.every(({ up }) => up));
  run.seek({ event: crash });
  assert.equal(run.eventCount, crash + 1);
  assert.ok(run.state().servers.some(({ up }) => !up));
  // What was recorded happens again.
  run.seek("start");
  assert.deepEqual([run.nowMs, run.eventCount], [0, 0]);
  run.runFor(late.ms);
  assert.deepEqual({ ms: run.nowMs, digest: run.digest(), state: run.state() }, late);
  assert.equal(run.rewind(500), late.ms - 500);
  assert.equal(run.rewind(1e6), 0);
  assert.equal(run.seek("end"), late.ms);
  assert.equal(run.digest(), late.digest);
});

test("to act in the past goes another way from there", () => {
  const { run, leader } = led({ seed: 7n });
  const crash = run.act({ crash: leader });
  run.runFor(2000);
  assert.ok(!run.state().leaders.includes(leader));
  run.seek({ event: crash - 1 });
  run.act({ submit: { put: { key: "y", value: "2" } } });
  run.runFor(2000);
  assert.deepEqual(run.state().leaders, [leader]);
  const names = run.recording().actions.map(({ action }) => Object.keys(action)[0]);
  assert.deepEqual(names, ["submit"]);
});

test("a branch goes its own way and leaves the run as it is", () => {
  const { run, leader } = led({ seed: 7n });
  const crash = run.act({ crash: leader });
  run.runFor(2000);
  const digest = run.digest();
  run.seek({ event: crash - 1 });
  const calm = run.branch();
  calm.runFor(2000);
  assert.deepEqual(calm.state().leaders, [leader], "what was done later does not happen in it");
  calm.free();
  run.seek("end");
  assert.equal(run.digest(), digest);
});

test("a recording, its text and a link do the same run again", () => {
  const { run, leader } = led({ seed: 2n ** 64n - 1n });
  run.act({ pause: leader });
  run.runFor(2000);
  for (const source of [run.recording(), JSON.stringify(run.recording()), run.link(), `https://example.org/#${run.link()}`]) {
    const again = Simulation.from(source);
    assert.equal(again.digest(), run.digest());
    assert.deepEqual(again.state(), run.state());
  }
});

test("a file with branches opens at the moment that it says", () => {
  const { run } = led({ seed: 7n });
  run.runFor(1000);
  const recording = run.recording();
  const file = { wavetank: 1, branches: [{ recording }], open: { events: 10 } };
  assert.equal(Simulation.from(file).eventCount, 10);
  assert.equal(Simulation.from(JSON.stringify({ ...file, open: {} })).digest(), run.digest());
});

test("a run of an earlier meaning runs by this one, and says so where it differs", () => {
  const { run } = led({ seed: 7n });
  run.runFor(1000);
  const file = (semantics, ...marks) => ({ wavetank: 1, branches: [{ recording: { ...run.recording(), semantics }, marks }] });
  const end = { events: run.eventCount, digest: run.digest() };
  const other = { events: 10, digest: "0000000000000000" };
  for (const source of [file(1, end), file(2, end), run.recording()]) {
    assert.equal(Simulation.from(source).differs(), null);
  }
  const differs = Simulation.from(file(1, other, end)).differs();
  assert.deepEqual([differs.semantics, differs.sameUntil.events, differs.by.events], [1, 0, 10]);
  assert.match(differs.sentence, /other by event 10 \(.*An earlier version made it/);
  const unmarked = Simulation.from(file(1));
  assert.match(unmarked.differs().sentence, /no digests in it to compare with/);
  assert.equal(unmarked.differs().by, undefined);
  assert.equal(unmarked.branch().differs().semantics, 1);
  assert.equal(unmarked.recording().semantics, 2, "what runs here runs by this meaning");
});

test("a seed is a bigint, a number or a text, and equal seeds give equal runs", () => {
  const digest = (seed) => {
    const run = new Simulation({ seed });
    run.runFor(1000);
    return run.digest();
  };
  assert.equal(digest(7n), digest("7"));
  assert.equal(digest(7n), digest(7));
  assert.notEqual(digest(7n), digest(8n));
  assert.equal(digest(undefined), digest(1));
});

test("a start in shorthand is the state that it says", () => {
  const run = new Simulation({ start: "S1:L4 1122224 c2 / S2:F4 1113 / S3:x2 11222" });
  const { servers, leaders } = run.state();
  assert.deepEqual(leaders, ["S1"]);
  assert.deepEqual(servers[0].log.map(({ term }) => term), [1, 1, 2, 2, 2, 2, 4]);
  assert.equal(servers[2].up, false);
});

test("options change in what is named alone", () => {
  const run = new Simulation({ options: { link: { lossPpm: 1000 }, heartbeatUs: 40_000 } });
  run.act({ setOptions: { link: { lossPpm: 0 }, noop: true } });
  const [{ action }] = run.recording().actions;
  const { options } = action.setOptions;
  assert.deepEqual([options.link.lossPpm, options.link.latency.minUs], [0, 10_000]);
  assert.deepEqual([options.noop, options.heartbeatUs], [true, 40_000]);
});

test("what can't be done is an error with a code and a sentence, and changes nothing", () => {
  const { run } = led({ seed: 7n });
  const before = run.digest();
  const table = [
    [() => run.act({ restart: "S1" }), "REFUSED", /S1 is running already/],
    [() => run.act({ explode: {} }), "BAD_ARGUMENT", /not an action: unknown variant `explode`/],
    [() => run.act({ crash: "<b>" }), "BAD_ARGUMENT", /not a server/],
    [() => run.act({ crash: "S1", pause: "S2" }), "BAD_ARGUMENT", /names crash and pause/],
    [() => run.act(), "BAD_ARGUMENT", /not an action/],
    [() => run.act(() => 0), "BAD_ARGUMENT", /not an action/],
    [() => run.act({ get crash() { throw new Error("no"); } }), "BAD_ARGUMENT", /not an action/],
    [() => run.runFor(-1), "BAD_ARGUMENT", /number from 0/],
    [() => run.runFor("x"), "BAD_ARGUMENT", /number from 0/],
    [() => run.runFor(NaN), "BAD_ARGUMENT", /number from 0/],
    [() => run.runFor(7_200_000), "REFUSED", /7200000 ms at most/],
    [() => run.runUntil("leaders ="), "BAD_ARGUMENT", /no goal: column 10/],
    [() => run.runUntil("up(S8)"), "BAD_ARGUMENT", /no S8/],
    [() => run.runUntil(5), "BAD_ARGUMENT", /A goal is a text/],
    [() => run.runUntil("violated", { withinMs: -1 }), "BAD_ARGUMENT", /withinMs has to be/],
    [() => run.runUntil(() => false, { withinMs: "1" }), "BAD_ARGUMENT", /withinMs has to be/],
    [() => run.explain(1e6), "BAD_ARGUMENT", /no event 1000000/],
    [() => run.explain("1"), "BAD_ARGUMENT", /number/],
    [() => run.claims(1e6), "BAD_ARGUMENT", /no event 1000000/],
    [() => run.events({ from: -1 }), "BAD_ARGUMENT", /from has to be/],
    [() => run.events({ limit: 1e9 }), "BAD_ARGUMENT", /limit has to be/],
    [() => Simulation.reach(), "BAD_ARGUMENT", /A state is a text/],
    [() => Simulation.reach("S2"), "BAD_ARGUMENT", /S1 is next/],
    [() => Simulation.reach("S1", { trems: 1 }), "BAD_ARGUMENT", /unknown field `trems`/],
    [() => run.seek({ ms: 1e6 }), "REFUSED", /The run ends at/],
    [() => run.seek({ event: 1e6 }), "REFUSED", /no event 1000000 yet/],
    [() => run.seek({}), "BAD_ARGUMENT", /seek takes/],
    [() => run.seek(), "BAD_ARGUMENT", /seek takes/],
    [() => run.seek({ ms: 1, event: 1 }), "BAD_ARGUMENT", /seek takes/],
    [() => run.rewind(-5), "BAD_ARGUMENT", /number from 0/],
    [() => new Simulation({ sevrers: 5 }), "BAD_ARGUMENT", /unknown field `sevrers`/],
    [() => new Simulation({ servers: 40 }), "BAD_ARGUMENT", /40 servers/],
    [() => new Simulation({ seed: -1n }), "BAD_ARGUMENT", /not a seed/],
    [() => new Simulation({ seed: 2 ** 53 }), "BAD_ARGUMENT", /bigint/],
    [() => new Simulation({ start: "S1:Q" }), "BAD_ARGUMENT", /starting state/],
    [() => new Simulation(null), "BAD_ARGUMENT", /no setup/],
    [() => Simulation.from("hello"), "BAD_RECORDING", /./],
    [() => Simulation.from({}), "BAD_RECORDING", /./],
    [() => Simulation.from({ ...run.recording(), format: 99 }), "BAD_RECORDING", /format 99, which is newer/],
    [() => Simulation.from({ ...run.recording(), semantics: 3 }), "BAD_RECORDING", /its semantics is 3/],
    [() => Simulation.from({ ...run.recording(), semantics: 0 }), "BAD_RECORDING", /never a semantics 0/],
    [() => Simulation.from(run.link().slice(0, -9)), "BAD_RECORDING", /link/],
  ];
  for (const [work, code, message] of table) {
    const error = failure(work, `${work}`);
    assert.ok(error instanceof WavetankError && error instanceof Error, `${work}: ${error}`);
    assert.equal(error.name, "WavetankError");
    assert.equal(error.code, code, `${work}: ${error}`);
    assert.match(error.message, message);
  }
  // The attempt to restart a running server stands in the recording; nothing else came of all that.
  const tried = new Simulation({ seed: 7n });
  tried.runUntil("leaders = 1");
  assert.equal(before, tried.digest());
  assert.equal(failure(() => tried.act({ restart: "S1" })).code, "REFUSED");
  assert.equal(run.digest(), tried.digest());
});

test("a simulation that was freed says so", () => {
  const run = new Simulation();
  run.free();
  run.free();
  for (const work of [() => run.state(), () => run.nowMs, () => run.act({ crash: "S1" }), () => run.branch()]) {
    assert.equal(failure(work).code, "FREED");
  }
  const disposed = new Simulation();
  disposed[Symbol.dispose]();
  assert.equal(failure(() => disposed.runFor(1)).code, "FREED");
});

test("when the library fails, the caller gets an error with a code and the recording that leads there", async () => {
  const { Core } = await load("core.js");
  const bystander = new Simulation({ seed: 5n });
  // The first failure is a panic, whose words are told; later ones can only be traps.
  for (const words of [/it was asked to/, /Wavetank has failed/]) {
    const core = new Core({ seed: 7n });
    core.step = () => core.fail();
    const run = new Simulation(core);
    run.runFor(1000);
    run.act({ crash: "S1" });
    run.runFor(200);
    const digest = run.digest();
    const error = failure(() => run.step());
    assert.ok(error instanceof WavetankError);
    assert.equal(error.code, "PANIC");
    assert.match(error.message, words);
    assert.equal(Simulation.from(error.recording).digest(), digest);
    // It is not touched again, whatever is asked of it.
    assert.equal(failure(() => run.state()), error);
    run.free();
    assert.equal(failure(() => run.state()), error);
  }
  assert.ok(bystander.runUntil("leaders = 1"), "others go on");
});

test("memory is given back", async () => {
  const { initSync } = await load("core.js");
  const { memory } = initSync();
  const use = (times) => {
    for (let n = 0; n < times; n += 1) {
      const run = new Simulation({ seed: n, options: { workloadEveryUs: 50_000 } });
      run.runFor(20_000);
      run.free();
    }
    return memory.buffer.byteLength;
  };
  const first = use(3);
  assert.ok(use(30) < first * 2, "thirty runs take no more room than three");
});
