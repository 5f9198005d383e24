// Measures the published page in the browser. Each measurement gives lines of figures; a number
// that varies is a median with its least and greatest.
// node bench.mjs DIST [PART OF A NAME]

import { runs } from "./bench_runs.mjs";
import { launch, started } from "./lib.mjs";
import { serve } from "./serve.mjs";
import { initial, sizes, total } from "./sizes.mjs";

const [dist = "dist", only = ""] = process.argv.slice(2);
const RUNS = 7;

/** Each measures something of a fresh page; more are added here. */
const measurements = [
  ["bytes over the wire", bytes],
  ["time from request to running", start],
  ["simulated seconds per second, five servers, in wasm", simulation],
  ["distinct states per second of a search, in the worker", search],
  ["frames, 9 servers and 200 messages on their way", () => frames({ entries: 0 })],
  ["frames, 9 servers, 200 messages and 200 log entries", () => frames({ entries: 200 })],
  ["diagram of 10,000 events, all in sight, frames while panning and zooming", () => diagram({ zoom: 0 })],
  ["diagram of 10,000 events, zoomed in, frames while panning and zooming", () => diagram({ zoom: 60 })],
  ["frames with the term tape of an hour in sight", tape],
  ...runs({ fresh, spread, quantile }),
];

const server = await serve(dist);
const browser = await launch();
for (const [name, measure] of measurements.filter(([name]) => name.includes(only))) {
  console.log(`${name}:`);
  for (const line of await measure()) console.log(`  ${line}`);
}
await browser.close();
await server.close();

async function bytes() {
  const { raw, gzip } = total(initial(await sizes(dist)));
  return [`${gzip} gzip, ${raw} raw`];
}

async function start() {
  const times = [];
  for (let run = 0; run < RUNS; run += 1) {
    times.push(
      await fresh(async (page) => {
        await started(page);
        return page.evaluate(() => performance.now());
      }),
    );
  }
  return [`${spread(times, 0)} ms over ${RUNS} runs, nothing cached`];
}

/** Each way of running in turn, so that none has the machine at its best. */
async function simulation() {
  const ways = [
    ["heartbeats, no trace", 4000, { trace: false, requests: false }],
    ["heartbeats, with trace", 2000, { trace: true, requests: false }],
    ["10 requests/s, no trace", 2000, { trace: false, requests: true }],
    ["10 requests/s, with trace", 1000, { trace: true, requests: true }],
  ];
  const speeds = ways.map(() => []);
  await fresh(async (page) => {
    await started(page);
    await page.evaluate(() => window.wavetank.pause());
    for (let run = 0; run < RUNS; run += 1) {
      for (const [way, [, seconds, how]] of ways.entries()) {
        const speed = await page.evaluate(([s, how]) => window.wavetank.bench(s, how), [seconds, how]);
        speeds[way].push(speed);
      }
    }
  });
  return ways.map(([name], way) => `${name}: ${spread(speeds[way], 0)} over ${RUNS} runs`);
}

/**
 * What frames cost while a busy picture plays: nine servers, messages that travel for half a second,
 * a heartbeat each 40 ms. Taken from the browser's own trace: the script of a frame is its animation
 * frame with its microtasks; the main thread of a frame is all its tasks up to the next one.
 */
async function frames({ entries }) {
  return fresh(async (page) => {
    await started(page);
    await page.evaluate(async (entries) => {
      const tank = window.wavetank;
      tank.pause();
      tank.runFor(5000);
      for (let entry = 0; entry < entries; entry += 1) {
        const [server] = tank.state().leaders;
        const op = { put: { key: `k${entry % 7}`, value: String(entry) } };
        tank.act({ propose: { server, op } });
      }
      tank.runFor(5000);
      tank.speed(0.05);
      tank.play();
    }, entries);
    await page.waitForTimeout(1000);
    const messages = await page.evaluate(() => window.wavetank.state().messages.length);
    const events = await traced(page, 6000);
    const { script, main, dropped } = perFrame(events);
    return [
      `${messages} messages on their way, ${script.length} frames`,
      `script of a frame: median ${quantile(script, 0.5)} ms, p95 ${quantile(script, 0.95)} ms`,
      `main thread of a frame: median ${quantile(main, 0.5)} ms, p95 ${quantile(main, 0.95)} ms`,
      `frames dropped: ${((100 * dropped) / (script.length + dropped)).toFixed(1)} %`,
    ];
  }, "?servers=9&seed=3&latency=450-550&election=3000-6000&heartbeat=40");
}

/**
 * What a frame of the space-time diagram costs while somebody zooms and pans without a pause: five servers,
 * a request each 100 ms, 10,000 events, nothing folded. Zoomed in by so many steps of the wheel.
 */
async function diagram({ zoom }) {
  return fresh(async (page) => {
    await started(page);
    await page.evaluate(() => {
      const tank = window.wavetank;
      tank.pause();
      while (tank.state().events < 10_000) tank.runFor(500);
    });
    await page.locator('[data-do="diagram"]').click();
    await page.locator('[data-do="diagram-fold"]').click();
    await page.locator('[data-do="diagram-fit"]').click();
    const events = await page.locator(".diagram").getAttribute("data-events");
    const lines = await page.locator(".diagram").getAttribute("data-lines");
    await page.evaluate(moving, zoom);
    await page.waitForTimeout(500);
    const trace = await traced(page, 5000);
    const { script, main, dropped } = perFrame(trace);
    return [
      `${events} events, ${lines} messages, ${script.length} frames`,
      `script of a frame: median ${quantile(script, 0.5)} ms, p95 ${quantile(script, 0.95)} ms`,
      `main thread of a frame: median ${quantile(main, 0.5)} ms, p95 ${quantile(main, 0.95)} ms`,
      `frames dropped: ${((100 * dropped) / (script.length + dropped)).toFixed(1)} %`,
    ];
  }, "?servers=5&seed=3&workload=100");
}

/** In the page: the wheel turns and the canvas is dragged in every frame. */
function moving(zoom) {
  const canvas = document.querySelector(".diagram-canvas");
  const { left, top, width, height } = canvas.getBoundingClientRect();
  const at = { clientX: left + width / 2, clientY: top + height / 2, bubbles: true, cancelable: true };
  const wheel = (deltaX, deltaY) => canvas.dispatchEvent(new WheelEvent("wheel", { ...at, deltaX, deltaY }));
  for (let step = 0; step < zoom; step += 1) wheel(0, -50);
  let frame = 0;
  const move = () => {
    frame += 1;
    const way = Math.floor(frame / 30) % 2 ? 1 : -1;
    wheel(way * 12, frame % 2 ? 10 : -10);
    requestAnimationFrame(move);
  };
  requestAnimationFrame(move);
}

/**
 * What the term tape costs when an hour of five busy servers is in sight, with a crash each minute: frames
 * while time goes by, with the tape and without it; and one step of the tape, painted, from far and near.
 */
async function tape() {
  return fresh(async (page) => {
    await started(page);
    const { events, seconds } = await page.evaluate(async () => {
      const tank = window.wavetank;
      tank.pause();
      const began = performance.now();
      for (let minute = 0; minute < 60; minute += 1) {
        const [server] = tank.state().leaders;
        if (server) {
          tank.act({ crash: { server } });
          tank.runFor(2000);
          tank.act({ restart: { server } });
        }
        tank.runFor(58_000);
        await new Promise((done) => setTimeout(done));
      }
      return { events: tank.state().events, seconds: (performance.now() - began) / 1000 };
    });
    await page.locator('[data-do="zoom-whole"]').click();
    const figures = async (name) => {
      const { script } = perFrame(await traced(page, 4000));
      return `${name}: script of a frame median ${quantile(script, 0.5)} ms, p95 ${quantile(script, 0.95)} ms`;
    };
    await page.evaluate(() => {
      window.wavetank.speed(1);
      window.wavetank.play();
    });
    const frames = [await figures("the whole hour in sight, playing at 1×")];
    await page.locator('[data-do="tape"]').click();
    frames.push(await figures("the same without the tape"));
    await page.locator('[data-do="tape"]').click();
    await page.evaluate(() => window.wavetank.pause());
    await page.locator('[data-do="zoom-whole"]').click();
    for (const zoom of [1, 16, 256]) {
      const times = await page.evaluate(moved, zoom === 1 ? "ArrowRight" : "ArrowLeft");
      frames.push(`moved, ${zoom} times closer: ${quantile(times, 0.5)} ms, p95 ${quantile(times, 0.95)} ms`);
      for (let by = 0; by < 4; by += 1) await page.locator('[data-do="zoom-in"]').click();
    }
    return [`${events} events, played in ${seconds.toFixed(1)} s`, ...frames];
  }, "?servers=5&seed=3&workload=100");
}

/** In the page: moves the tape back and forth by its keys, and takes the time of each, painting included. */
function moved(first) {
  const tape = document.querySelector(".tape-scope");
  return Array.from({ length: 200 }, (_, step) => {
    const key = (step % 16 < 8) === (first === "ArrowRight") ? "ArrowRight" : "ArrowLeft";
    const began = performance.now();
    tape.dispatchEvent(new KeyboardEvent("keydown", { key, shiftKey: true, bubbles: true, cancelable: true }));
    return performance.now() - began;
  });
}

/** As the native bench searches, on one core: gestures of three servers, every state up to names. */
async function search() {
  const wanted = {
    goal: "violated", from: null, servers: 3, rulesOff: [], messages: false,
    terms: 4, entries: 3, restarts: 2, held: 1, steps: 1000, memoryMb: 160,
  };
  const speeds = { "states up to names": [], "every state": [] };
  let counted = {};
  for (let run = 0; run < 3; run += 1) {
    // A goal that names a server has all servers told apart.
    for (const [names, goal] of [["states up to names", "violated"], ["every state", "term(S1) > 99"]]) {
      const { states, seconds } = await fresh(async (page) => {
        await started(page);
        return page.evaluate(searched, JSON.stringify({ search: { ...wanted, goal } }));
      });
      counted[names] = states;
      speeds[names].push(states / seconds);
    }
  }
  return Object.entries(speeds).map(([names, them]) => `${names}: ${spread(them, 0)}, ${counted[names]} states`);
}

/** In the page: does a job in the worker, and says how far its last progress was, and when. */
function searched(job) {
  window.wavetank.pause();
  const address = (name) => new URL(document.querySelector(`meta[name="${name}"]`).content, document.baseURI).href;
  const worker = new Worker("worker.js", { type: "module" });
  return new Promise((resolve, reject) => {
    let first = null;
    let last = null;
    worker.onmessage = ({ data }) => {
      const news = JSON.parse(data);
      const now = performance.now();
      if (news.progress) {
        first ??= now;
        last = { states: news.progress.states, seconds: (now - first) / 1000 };
      } else if (news.notFound) {
        worker.terminate();
        resolve(last);
      } else {
        reject(new Error(data));
      }
    };
    worker.postMessage({ module: address("page-module"), wasm: address("page-wasm"), job });
  });
}

/** The browser's own trace of the page's main thread over so many milliseconds. */
async function traced(page, ms) {
  const session = await page.context().newCDPSession(page);
  const events = [];
  session.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  const done = new Promise((resolve) => session.once("Tracing.tracingComplete", resolve));
  await session.send("Tracing.start", { categories: "devtools.timeline,disabled-by-default-devtools.timeline,toplevel" });
  await page.waitForTimeout(ms);
  await session.send("Tracing.end");
  await done;
  const frame = events.find(({ name }) => name === "FireAnimationFrame");
  return events
    .filter(({ ph, tid, pid }) => ph === "X" && tid === frame?.tid && pid === frame?.pid)
    .sort((one, other) => one.ts - other.ts);
}

/** Milliseconds of script and of the whole main thread, for each frame, and how many were dropped. */
function perFrame(events) {
  const named = (name) => events.filter((event) => event.name === name);
  const starts = named("FireAnimationFrame");
  const [task] = ["RunTask", "ThreadControllerImpl::RunTask"].filter((name) => named(name).length);
  const tasks = named(task);
  const script = starts.map(({ dur }) => dur / 1000);
  const main = [];
  let dropped = 0;
  for (let at = 0; at + 1 < starts.length; at += 1) {
    const [from, to] = [starts[at].ts, starts[at + 1].ts];
    // A task belongs to the frame in which it ends: that of a frame begins just before its script.
    const inside = tasks.filter(({ ts, dur }) => ts + dur > from && ts + dur <= to);
    main.push(inside.reduce((sum, { dur }) => sum + dur, 0) / 1000);
    dropped += Math.max(0, Math.round((to - from) / 16_667) - 1);
  }
  return { script, main, dropped };
}

function quantile(numbers, part) {
  const sorted = [...numbers].sort((one, other) => one - other);
  return (sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN).toFixed(2);
}

/** Opens the page anew, with an empty cache, for one measurement. */
async function fresh(measure, query = "") {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  try {
    const page = await context.newPage();
    await page.goto(server.url + query);
    return await measure(page);
  } finally {
    await context.close();
  }
}

/** The median with the least and the greatest. */
function spread(numbers, digits) {
  const sorted = [...numbers].sort((one, other) => one - other);
  const [least, median, greatest] = [0, sorted.length >> 1, sorted.length - 1].map((at) => sorted[at].toFixed(digits));
  return `${median} (${least} to ${greatest})`;
}
