// Every example of docs/npm.md is a program that prints what stands below it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { installed, read } from "./lib.mjs";

const text = read("docs/npm.md");
const examples = [...text.matchAll(/```js\n([^]*?)```\n\n```text\n([^]*?)```/g)];

test("every example is followed by what it prints", () => {
  assert.ok(examples.length >= 5);
  assert.equal(examples.length, text.split("```js\n").length - 1);
});

examples.forEach(([, program, prints], n) => {
  const section = text.slice(0, text.indexOf(program)).split("\n## ").at(-1).split("\n")[0];
  test(`example ${n + 1}, ${section}`, (t) => {
    const file = join(installed(t), "example.mjs");
    writeFileSync(file, program);
    assert.equal(execFileSync(process.execPath, [file], { encoding: "utf8" }), prints);
  });
});
