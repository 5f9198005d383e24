// The published schema of runs, held against what the program accepts and refuses (a list that
// tests/schema.rs makes) and against every run that lies in this repository. No browser is needed.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import Ajv from "ajv/dist/2020.js";

const file = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const schema = JSON.parse(file("docs/wavetank.schema.json"));
// Strict: a misspelled keyword in the schema is an error. The properties of one object may be told in
// two places, and a cas expects a text or nothing.
const ajv = new Ajv({ strict: true, allErrors: false, allowUnionTypes: true });
const isRun = ajv.compile(schema);
const isAction = ajv.compile({ ...schema, oneOf: undefined, $ref: "#/$defs/action" });

/** The value with one change, as tests/schema.rs writes it. */
function changed(base, { at, put, rename }) {
  const value = structuredClone(base);
  const steps = at.split("/").slice(1);
  const last = steps.pop();
  const place = steps.reduce((here, step) => here[step], value);
  const old = place[last];
  if (put !== undefined) place[last] = put;
  else delete place[last];
  if (rename !== undefined) place[rename] = old;
  return value;
}

const cases = file("tests/golden/schema.ndjson").trim().split("\n").map((line) => JSON.parse(line));
const base = cases.find((one) => one.base)?.base;

/** What both say of a case, for messages. */
function judge(one) {
  if (one.action !== undefined) return [isAction(one.action), isAction.errors];
  return [isRun(one.base ?? changed(base, one.change)), isRun.errors];
}

test("the schema takes what the program takes, and refuses what it refuses", () => {
  const disagreements = [];
  for (const one of cases) {
    const [valid, errors] = judge(one);
    if (valid !== one.valid) disagreements.push(`${JSON.stringify(one.change ?? one.action)}: program ${one.valid}, schema ${valid} ${JSON.stringify(errors?.at(-1)?.message)}`);
  }
  assert.deepEqual(disagreements, []);
  assert.ok(cases.filter((one) => one.valid).length > 80);
  assert.ok(cases.filter((one) => !one.valid).length > 300);
});

test("every run in this repository is as the schema says", () => {
  const runs = readdirSync(new URL("../../static/broken", import.meta.url))
    .filter((name) => name !== "index.json")
    .map((name) => [name, file(`static/broken/${name}`)]);
  assert.ok(runs.length > 50);
  runs.push(["run.json", file("tests/golden/run.json")]);
  const examples = [...file("docs/formats.md").matchAll(/<!-- example: (recording|document) -->\n```json\n([^]*?)\n```/g)];
  assert.deepEqual(examples.map((match) => match[1]), ["recording", "document"]);
  runs.push(...examples.map((match) => [`docs/formats.md, ${match[1]}`, match[2]]));
  for (const [name, text] of runs) {
    assert.ok(isRun(JSON.parse(text)), `${name}: ${JSON.stringify(isRun.errors)}`);
  }
});

test("what is no run is refused", () => {
  for (const value of [{}, [], null, "run", 1, { wavetank: 1 }, { format: 1 }, { ...base, format: 1 }, JSON.parse(file("static/broken/index.json"))]) {
    assert.ok(!isRun(value), JSON.stringify(value));
  }
});
