// The package in a browser: the import alone makes it ready, and a recording runs as it does in Node.

import assert from "node:assert/strict";
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch, watch } from "../page/lib.mjs";
import { serve } from "../page/serve.mjs";
import { PACKAGE, installed, load, read } from "./lib.mjs";

const PAGE = `<!doctype html><meta charset="utf-8"><title>Wavetank for programs</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; img-src data:">
<link rel="icon" href="data:,"><script type="module" src="program.js"></script>`;

const PROGRAM = `import { Simulation, WavetankError } from "./wavetank/browser.js";
new Simulation();
window.library = { Simulation, WavetankError };`;

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

test("a page imports the package, elects, breaks, rewinds, and gets errors with codes", async (t) => {
  const folder = installed(t);
  cpSync(PACKAGE, join(folder, "wavetank"), { recursive: true });
  writeFileSync(join(folder, "index.html"), PAGE);
  writeFileSync(join(folder, "program.js"), PROGRAM);
  const server = await serve(folder);
  t.after(() => server.close());
  const page = await browser.newPage();
  const troubles = watch(page, server.url);
  await page.goto(server.url);
  await page.waitForFunction(() => window.library);
  const recording = read("static/broken/commitAfterQuorum.json");
  const seen = await page.evaluate((recording) => {
    const { Simulation, WavetankError } = window.library;
    const run = new Simulation({ seed: 7n });
    const elected = run.runUntil("leaders = 1");
    run.runFor(1000);
    const digest = run.digest();
    const broken = Simulation.from(recording);
    const back = [run.rewind(500), run.runFor(500), run.digest() === digest];
    const error = (() => {
      try {
        return run.act({ explode: "S1" });
      } catch (error) {
        return [error instanceof WavetankError, error.code];
      }
    })();
    return { elected, digest, broken: [broken.digest(), broken.check()[0].property], back: back[2], error };
  }, recording);

  const { Simulation } = await load("node.js");
  const run = new Simulation({ seed: 7n });
  run.runUntil("leaders = 1");
  run.runFor(1000);
  const broken = Simulation.from(recording);
  assert.deepEqual(seen, {
    elected: true,
    digest: run.digest(),
    broken: [broken.digest(), broken.check()[0].property],
    back: true,
    error: [true, "BAD_ARGUMENT"],
  });
  assert.deepEqual(troubles, []);
});
