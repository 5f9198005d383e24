// What is recorded runs here as it does natively: tests/broken_digests.rs holds the same list against the
// native program.

import assert from "node:assert/strict";
import { test } from "node:test";
import { load, read } from "./lib.mjs";

const { Simulation } = await load("node.js");

test("the recordings of broken rules have the digests that they have natively, and break what they break", () => {
  const lines = read("tests/golden/broken_digests.txt").trim().split("\n");
  assert.ok(lines.length > 50);
  for (const line of lines) {
    const [name, digest, property] = line.split(" ");
    const run = Simulation.from(read(`static/broken/${name}.json`));
    assert.equal(run.digest(), digest, name);
    assert.equal(run.check()[0]?.property ?? "none", property, name);
  }
});
