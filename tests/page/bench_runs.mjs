// Measurements of a run as data, on the published page: seeking, memory, links.
// `bench.mjs` runs them.

import { deflateSync } from "node:zlib";
import { started } from "./lib.mjs";

const MINUTE_MS = 60_000;
const MB = 1 << 20;
/** Seeks of one measurement. */
const SEEKS = 400;
/** Actions in the link. */
const ACTIONS = 500;
const RUNS = 7;

/** Ten requests a second, on five servers. */
const BUSY = { setOptions: { workloadEveryUs: 100_000 } };

/** The measurements, made with what `bench.mjs` has for all. */
export function runs({ fresh, spread, quantile }) {
  /** The 95th of a hundred, and the ends. */
  const told = (times) => `p50 ${quantile(times, 0.5)} ms, p95 ${quantile(times, 0.95)} ms, most ${Math.max(...times).toFixed(2)} ms`;

  /** Ten minutes of a busy cluster: how far it is from one moment to any other, and what they weigh. */
  async function tenMinutes() {
    return fresh(async (page) => {
      const before = await begun(page);
      await runFor(page, 10 * MINUTE_MS);
      const after = await memory(page);
      const { events } = await page.evaluate(() => window.wavetank.state());
      const [near, far, back] = await page.evaluate(seeks, [SEEKS, events]);
      const sought = await memory(page);
      const painted = await page.evaluate(seeksPainted, [60, 10 * MINUTE_MS]);
      return [
        `${events} events`,
        `seek anywhere, ${far.length} of them: ${told(far)}`,
        `seek within 500 events: ${told(near)}`,
        `back by one event: ${told(back)}`,
        `seek anywhere until the picture is there: ${told(painted)}`,
        `memory a simulated minute: ${((after.all - before.all) / 10 / MB).toFixed(2)} MB; ${weight(before)} at first, ${weight(after)} then, ${weight(sought)} after seeking`,
      ];
    });
  }

  /** An hour, and then some seconds at ten times the speed of life. */
  async function hour() {
    return fresh(async (page) => {
      await begun(page);
      for (let minute = 0; minute < 60; minute += 10) await runFor(page, 10 * MINUTE_MS);
      const after = await memory(page);
      const { events } = await page.evaluate(() => window.wavetank.state());
      const [near, far, back] = await page.evaluate(seeks, [SEEKS / 4, events]);
      await page.evaluate(() => {
        window.wavetank.seek("end");
        window.wavetank.speed(10);
        window.wavetank.play();
      });
      await page.waitForTimeout(10_000);
      await page.evaluate(() => window.wavetank.pause());
      const played = await memory(page);
      return [
        `${events} events`,
        `memory: ${weight(after)}; after seeking and 10 s at 10×: ${weight(played)}`,
        `seek anywhere, ${far.length} of them: ${told(far)}`,
        `seek within 500 events: ${told(near)}`,
        `back by one event: ${told(back)}`,
      ];
    });
  }

  /** A link of so many actions: in a page that is open, and in one that is not. */
  async function link() {
    const made = await fresh(async (page) => {
      await begun(page);
      return page.evaluate(busyHands, ACTIONS);
    });
    const hash = `#w1.${deflateSync(JSON.stringify(made.document), { level: 9 }).toString("base64url")}`;
    const [alone, opening, cold] = [[], [], []];
    for (let run = 0; run < RUNS; run += 1) {
      await fresh(async (page) => {
        await started(page);
        alone.push(await page.evaluate(() => performance.now()));
        opening.push(await page.evaluate(until, [made.digest, hash]));
      });
      cold.push(
        await fresh(async (page) => {
          await started(page);
          return page.evaluate(until, [made.digest]);
        }, hash),
      );
    }
    return [
      `${hash.length} characters, ${made.document.branches[0].recording.actions.length} actions, ${made.events} events`,
      `in a page that is open, until the run is there: ${spread(opening, 0)} ms over ${RUNS} runs`,
      `in a new page, from the request: ${spread(cold, 0)} ms; the page without a link: ${spread(alone, 0)} ms`,
    ];
  }

  return [
    ["ten minutes of five busy servers", tenMinutes],
    ["one hour of five busy servers", hour],
    ["a link of 500 actions", link],
  ];
}

/** Starts the page with a busy cluster, paused at its beginning; gives what it weighs then. */
async function begun(page) {
  await started(page);
  await page.evaluate((busy) => {
    window.wavetank.pause();
    window.wavetank.act(busy);
  }, BUSY);
  return memory(page);
}

/** Lets virtual time go by, in pieces that a page bears. */
async function runFor(page, ms) {
  for (let done = 0; done < ms; done += MINUTE_MS) {
    await page.evaluate((ms) => window.wavetank.runFor(ms), MINUTE_MS);
  }
}

/** Bytes of the module's memory, of the JavaScript heap, and of both. */
async function memory(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const evaluated = await session.send("Runtime.evaluate", { expression: "WebAssembly.Memory.prototype" });
  const prototypeObjectId = evaluated.result.objectId;
  const { objects } = await session.send("Runtime.queryObjects", { prototypeObjectId });
  const sum = "function () { return this.reduce((bytes, memory) => bytes + memory.buffer.byteLength, 0); }";
  const { result } = await session.send("Runtime.callFunctionOn", {
    objectId: objects.objectId, functionDeclaration: sum, returnByValue: true,
  });
  const heap = await session.send("Runtime.getHeapUsage");
  await session.detach();
  const js = heap.usedSize + (heap.embedderHeapUsedSize ?? 0);
  return { wasm: result.value, js, all: result.value + js };
}

function weight({ wasm, js, all }) {
  const megabytes = (bytes) => (bytes / MB).toFixed(1);
  return `${megabytes(all)} MB (module ${megabytes(wasm)}, JavaScript ${megabytes(js)})`;
}

// In the page.

/** Milliseconds of seeks in a run of so many events: a little way, anywhere, and back by one event from there. */
function seeks([count, events]) {
  let chance = 1;
  const below = (most) => {
    chance = (Math.imul(chance, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return Math.floor((chance / 0x8000_0000) * most);
  };
  const timed = (event) => {
    const from = performance.now();
    window.wavetank.seek({ event: Math.min(events - 1, Math.max(0, event)) });
    return performance.now() - from;
  };
  const [near, far, back] = [[], [], []];
  for (let n = 0; n < count; n += 1) {
    const event = below(events);
    far.push(timed(event));
    back.push(timed(event - 1));
    near.push(timed(event + below(1000) - 500));
  }
  window.wavetank.seek("end");
  return [near, far, back];
}

/** Milliseconds of seeks anywhere, until the frame after the one that shows them begins. */
async function seeksPainted([count, end]) {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const times = [];
  for (let n = 0; n < count; n += 1) {
    await frame();
    const from = performance.now();
    window.wavetank.seek({ ms: ((n * 7919) % count) * (end / count) });
    await frame();
    await frame();
    times.push(performance.now() - from);
  }
  return times;
}

/** Does so many things to the run, one every 100 ms; gives it as data. */
function busyHands(actions) {
  const { wavetank } = window;
  const servers = ["S1", "S2", "S3", "S4", "S5"];
  const did = () => wavetank.recording().actions.length;
  for (let n = 0; did() < actions; n += 1) {
    const [one, other] = [servers[n % 5], servers[(n * 3 + 1) % 5]];
    const kinds = [
      { submit: { put: { key: `k${n % 9}`, value: String(n) } } }, { crash: one }, { submit: { increment: { key: "n" } } },
      { restart: one }, { cut: [one, other] }, { mend: [one, other] }, { fire: other },
    ];
    try {
      wavetank.act(kinds[n % kinds.length]);
    } catch {
      // What would do nothing is not worth a place in the link.
    }
    wavetank.runFor(100);
  }
  const document = wavetank.document();
  return { document, digest: wavetank.digest(), events: wavetank.state().events };
}

/** Milliseconds from the page's request until the run has this digest, or from a new address if there is one. */
async function until([digest, hash]) {
  const from = hash ? performance.now() : 0;
  if (hash) location.hash = hash;
  while (window.wavetank.digest() !== digest) {
    if (performance.now() - from > 60_000) throw new Error("the link was not opened");
    await new Promise((done) => setTimeout(done));
  }
  return performance.now() - from;
}
