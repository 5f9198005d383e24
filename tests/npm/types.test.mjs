// The types say what is really there: what runs of all kinds give is checked against them by TypeScript
// itself, field by field, and so are the example of docs/npm.md and what must not pass.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT, installed, load, read } from "./lib.mjs";

const { Simulation } = await load("node.js");
const TSC = createRequire(import.meta.url).resolve("typescript/bin/tsc");
const STRICT = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--skipDefaultLibCheck"];
const TARGET = ["--target", "esnext", "--lib", "esnext", "--module", "nodenext"];

/** What TypeScript says of a program; nothing if it is content. */
function complaints(t, program) {
  const folder = installed(t);
  writeFileSync(join(folder, "program.mts"), program);
  const { stdout } = spawnSync(process.execPath, [TSC, ...STRICT, ...TARGET, "program.mts"], { cwd: folder, encoding: "utf8" });
  return stdout.trim();
}

/** What kind of value it is: which fields it has and of which kinds they are, in a list each kind once. */
function kind(value) {
  if (Array.isArray(value)) return `[${[...new Set(value.map(kind))].sort()}]`;
  if (typeof value === "string" && /^[a-z][A-Za-z]+$/.test(value)) return value;
  if (value === null || typeof value !== "object") return value === null ? "null" : typeof value;
  const fields = Object.entries(value).map(([name, field]) => `${/^S\d$/.test(name) ? "S" : name}:${kind(field)}`);
  return `{${[...new Set(fields)].sort()}}`;
}

/** Of many values those of different kinds. */
class Kinds {
  #kinds = new Map();

  add(value) {
    const shape = kind(value);
    if (!this.#kinds.has(shape)) this.#kinds.set(shape, value);
  }

  get size() {
    return this.#kinds.size;
  }

  toString() {
    return JSON.stringify([...this.#kinds.values()], null, 1);
  }
}

test("what is looked for is given as the types say", (t) => {
  const found = ["S1:F3 1 / S2:F2 112 / S3:F3 113", "S1:L2 / S2:L2 / S3:F2"].map((state) => Simulation.reach(state));
  const program = `
    import type { Reached } from "wavetank";
    export const found: Reached[] = ${JSON.stringify(found)};`;
  assert.equal(complaints(t, program), "");
});

test("events, claims, states, violations and recordings are as the types say", (t) => {
  const [events, claims, states] = [new Kinds(), new Kinds(), new Kinds()];
  const [violations, recordings] = [new Kinds(), new Kinds()];
  const look = (run) => {
    for (let from = 0; from < run.eventCount; from += 1000) run.events({ from }).forEach((event) => events.add(event));
    for (let id = 0; id < Math.min(run.eventCount, 300); id += 1) run.claims(id).forEach((claim) => claims.add(claim));
    run.check().forEach((violation) => violations.add(violation));
    recordings.add(run.recording());
    // The log is the same in all states, and long.
    for (const part of [0.2, 0.6, 1]) {
      run.seek({ event: Math.floor(part * (run.eventCount - 1)) });
      states.add(run.state());
      run.seek("end");
    }
  };
  const names = readdirSync(join(ROOT, "static/broken")).filter((name) => name !== "index.json");
  for (const name of names) look(Simulation.from(read(`static/broken/${name}`)));
  look(everything());
  assert.ok(claims.size > 20, `${claims.size}`);
  assert.ok(events.size > 150 && states.size > 20 && violations.size > 1, `${events.size} ${states.size} ${violations.size}`);
  const program = `
    import type { Claim, Recording, SimulationEvent, State, Violation } from "wavetank";
    export const claims: Claim[] = ${claims};
    export const events: SimulationEvent[] = ${events};
    export const states: State[] = ${states};
    export const violations: Violation[] = ${violations};
    export const recordings: Recording[] = ${recordings};`;
  assert.equal(complaints(t, program), "");
});

/** A run with every option on, and an attempt at every action. */
function everything() {
  const run = new Simulation({
    seed: 4n,
    options: {
      noop: true, window: 8, preVote: true, checkQuorum: true, stickiness: true, lease: true, driftPpm: 100,
      catchUpRounds: 3, handOverOnRemoval: true, snapshotEvery: 20, snapshotChunk: 64, sessions: true, sessionLife: 100, reads: "readIndex",
      workloadEveryUs: 30_000, backtracking: "conflictHints", link: { lossPpm: 20_000, duplicatePpm: 20_000 },
    },
  });
  for (let round = 0; round < 3; round += 1) {
    for (const action of ACTIONS) {
      const { messages } = run.state();
      try {
        run.act(JSON.parse(JSON.stringify(action).replace("MESSAGE", messages[0]?.name ?? "S1>S2@1")));
      } catch (error) {
        assert.equal(error.code, "REFUSED", JSON.stringify(action));
      }
      run.runFor(150);
    }
  }
  return run;
}

const ACTIONS = [
  { pause: "S1" }, { resume: "S1" }, { crash: "S2" }, { restart: "S2" }, { fire: "S3" }, { stepDown: "S3" },
  { send: ["S1", "S2"] }, { send: { from: "S2", to: "S1", empty: true } }, { hold: "MESSAGE" }, { release: "MESSAGE" }, { duplicate: "MESSAGE" },
  { deliver: "MESSAGE" }, { drop: "MESSAGE" }, { cut: ["S1", "S2"] }, { mend: ["S1", "S2"] },
  { partition: [["S1", "S2"], ["S3", "S4", "S5"]] }, { linkPreset: "bridge" }, { heal: true },
  { schedule: { fault: "pause", everyUs: 100_000, forUs: 50_000 } }, { schedule: { fault: { links: "ring" }, everyUs: 70_000 } }, { calm: true }, { heal: true },
  { workload: { clients: 3, everyUs: 50_000, readsPpm: 500_000, hotPpm: 800_000, mode: "readIndex" } }, { workload: { clients: 0 } },
  { setLink: { from: "S1", to: "S2", link: { lossPpm: 5 } } }, { mislead: { leader: "S1", follower: "S2", next: 1 } },
  { setOptions: { noop: true } }, { setRules: [] }, { propose: { server: "S1", op: { set: { value: "1" } } } },
  { submit: { cas: { key: "x", expect: null, value: "1" } } }, { submit: { op: { get: { key: "x" } }, mode: "lease" } },
  { submit: { increment: { key: "n" } } }, { boot: "S6" }, { change: { learner: "S6" } }, { change: { add: "S6" } },
  { change: { joint: { voters: ["S1", "S2", "S3", "S4", "S5"], manual: true } } }, { change: "leave" },
  { transfer: "S4" }, { snapshot: "S1" }, { tear: "S5" }, { restart: "S5" }, { setClock: { server: "S1", ppm: 100 } },
  { setDisk: { server: "S1", lies: false } }, { setDisk: { server: "S1", lies: false, fsync: { minUs: 5, maxUs: 90_000 } } },
  { stallDisk: { server: "S2", forUs: 100_000 } }, { manual: true }, { manual: false }, { wipe: "S5" }, { boot: "S7" },
];

test("every action that is tried here is one by the types, in short and in full", (t) => {
  const full = everything().recording().actions.map(({ action }) => action);
  const program = `
    import type { Action, ActionInput } from "wavetank";
    export const short: ActionInput[] = ${JSON.stringify(ACTIONS).replaceAll("MESSAGE", "S1>S2@1")};
    export const full: Action[] = ${JSON.stringify(full)};`;
  assert.equal(complaints(t, program), "");
});

test("the example in TypeScript is right, and so are all uses of the class", (t) => {
  const [, example] = read("docs/npm.md").match(/```ts\n([^]*?)```/);
  const program = `${example}
    import type { Differs, Reached } from "wavetank";
    const run: Simulation = new Simulation();
    const numbers: number[] = [run.nowMs, run.eventCount, run.act({ crash: "S1" }), run.runFor(1), run.rewind(1),
      run.seek("start"), run.seek({ ms: 1 }), run.seek({ event: 1 })];
    const differs: Differs | null = run.differs();
    const from: number | undefined = differs?.sameUntil?.events ?? differs?.by?.ms;
    const next: number | null = run.step();
    const found: boolean = run.runUntil((run) => run.state().leaders.length > 1, { withinMs: 5 });
    const texts: string[] = [run.explain(1), run.digest(), run.link()];
    const again: Simulation = Simulation.from(run.recording());
    const { recording, steps, objections, sentence }: Reached = Simulation.reach("S1", { terms: 1, logs: 1, restarts: 0, messages: 0, states: 9 });
    texts.push(...run.objections(), ...steps, ...objections, sentence);
    if (recording) Simulation.from(recording);
    export { again, differs, firstViolation, found, from, next, numbers, texts };`;
  assert.equal(complaints(t, program), "");
});

test("what the library refuses does not pass the types either", (t) => {
  const wrong = [
    'new Simulation({ sevrers: 5 })', 'new Simulation({ rulesOff: ["nosuchrule"] })', 'run.act({ explode: "S1" })',
    'run.act({ crash: "T1" })', 'run.runFor("1")', 'run.seek({})', 'run.events({ to: 5 })', 'run.nowMs = 5',
    'run.state().servers[0]!.trem', 'Simulation.reach(5)', 'Simulation.reach("S1", { trems: 5 })', 'run.seek("middle")',
  ];
  const program = `import { Simulation } from "wavetank";
    const run = new Simulation();
    ${wrong.map((line) => `// @ts-expect-error\n${line};`).join("\n")}`;
  assert.equal(complaints(t, program), "");
});
