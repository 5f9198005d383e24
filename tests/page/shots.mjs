// Takes a picture of each moment, in each size and each theme: FOLDER/moment-size-theme.png.
// node shots.mjs DIST FOLDER [MOMENT…]

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { SIZES, THEMES, launch, started, watch } from "./lib.mjs";
import { moments } from "./moments.mjs";
import { serve } from "./serve.mjs";

const [dist = "dist", folder = "shots", ...names] = process.argv.slice(2);
const chosen = names.length ? moments.filter(({ name }) => names.includes(name)) : moments;

await mkdir(folder, { recursive: true });
const server = await serve(dist);
const browser = await launch();
let faulty = 0;
for (const moment of chosen) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const theme of THEMES) faulty += await take(moment, size, viewport, theme);
  }
}
await browser.close();
await server.close();
process.exitCode = faulty ? 1 : 0;

/** Takes one picture; 1 if it could not be taken or something went wrong on the way, else 0. */
async function take(moment, size, viewport, theme) {
  const name = `${moment.name}-${size}-${theme}`;
  const context = await browser.newContext({ viewport, colorScheme: theme });
  const page = await context.newPage();
  const troubles = watch(page, server.url);
  try {
    await page.goto(server.url + (moment.query ?? ""));
    await started(page);
    await moment.prepare(page);
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: moment.fullPage ?? false });
  } catch (error) {
    troubles.push(error.message);
  } finally {
    await context.close();
  }
  console.log(troubles.length ? `${name}: ${troubles.join("; ")}` : `${name}.png`);
  return troubles.length ? 1 : 0;
}
