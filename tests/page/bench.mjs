// Measures the published page in the browser. Each measurement gives lines of figures; a number
// that varies is a median with its least and greatest.
// node bench.mjs DIST

import { launch, started } from "./lib.mjs";
import { serve } from "./serve.mjs";
import { sizes, total } from "./sizes.mjs";

const [dist = "dist"] = process.argv.slice(2);
const RUNS = 7;

/** Each measures something of a fresh page; more are added here. */
const measurements = [
  ["bytes over the wire", bytes],
  ["time from request to running", start],
];

const server = await serve(dist);
const browser = await launch();
for (const [name, measure] of measurements) {
  console.log(`${name}:`);
  for (const line of await measure()) console.log(`  ${line}`);
}
await browser.close();
await server.close();

async function bytes() {
  const { raw, gzip } = total(await sizes(dist));
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

/** Opens the page anew, with an empty cache, for one measurement. */
async function fresh(measure) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  try {
    const page = await context.newPage();
    await page.goto(server.url);
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
