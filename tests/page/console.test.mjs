// The console as a person uses it: typed, with history and completion, and everything it says is text.

import AxeBuilder from "@axe-core/playwright";
import assert from "node:assert/strict";
import { test } from "node:test";
import { SIZES, THEMES, harness } from "./lib.mjs";

const { open } = harness();

/** Goes to the console by its key, from wherever the page is. */
async function go(page) {
  await page.getByRole("tab", { name: "Console" }).waitFor();
  await page.keyboard.press("/");
  await page.waitForFunction(() => document.activeElement?.id === "console-input");
}

/** Types lines. */
async function type(page, ...lines) {
  await go(page);
  for (const line of lines) {
    await page.locator("#console-input").fill(line);
    await page.keyboard.press("Enter");
  }
}

const output = (page) => page.locator(".console-output");
const typed = (page) => page.locator("#console-input").inputValue();

/** Waits until a line of the console contains the text. */
const says = (page, text) => output(page).getByText(text).first().waitFor({ timeout: 10_000 });

test("the key / goes to the console, and help shows every command", async (t) => {
  const page = await open(t);
  await go(page);
  assert.equal(await typed(page), "", "the key itself is not typed");
  await page.keyboard.type("a/b");
  assert.equal(await typed(page), "a/b", "there it is a letter");
  await type(page, "help");
  await says(page, "partition S1 S2 | S3 S4 S5");
});

test("a value is put, answered when it is committed, and read again; markup stays text", async (t) => {
  const page = await open(t, { query: "?seed=1" });
  await type(page, "state S3 leader", "put x <img src=x onerror=alert(1)>", 'put x "<b>1</b>"', "get x");
  await says(page, "S3 leads in term");
  await says(page, "Text with spaces goes in quotes");
  await says(page, "get x – done after");
  assert.match(await output(page).innerText(), /get x – done after [\d.]+ ms: <b>1<\/b>/);
  assert.equal(await output(page).locator("b, img").count(), 0);
});

test("status is a table with a row for each server", async (t) => {
  const page = await open(t);
  await type(page, "kill S2", "STATUS");
  const table = output(page).locator("table");
  await table.waitFor();
  assert.deepEqual(await table.locator("thead th").allInnerTexts(), [
    "Server", "State", "Term", "Active", "Last heard from", "Current leader",
  ]);
  assert.equal(await table.locator("tbody tr").count(), 5);
  assert.match(await table.locator("tbody tr").nth(1).innerText(), /S2\s+–\s+\d+\s+down/);
});

test("what is no command is answered with a sentence", async (t) => {
  const page = await open(t);
  await type(page, "stauts", "kill S9", "<script>alert(1)</script>");
  await says(page, "There is no command ‘stauts’. Did you mean ‘status’?");
  await says(page, "there is no S9: this cluster has S1 to S5");
  await says(page, "There is no command ‘<script>alert(1)</script>’.");
});

test("up and down walk through what was typed, Tab completes, Escape empties the line, clear empties all", async (t) => {
  const page = await open(t);
  await type(page, "status", "heal");
  await page.keyboard.type("put");
  await page.keyboard.press("ArrowUp");
  assert.equal(await typed(page), "heal");
  await page.keyboard.press("ArrowUp");
  assert.equal(await typed(page), "status");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  assert.equal(await typed(page), "put", "and what was being typed is still there");
  await page.keyboard.press("Escape");
  assert.equal(await typed(page), "");
  await page.keyboard.type("parti");
  await page.keyboard.press("Tab");
  assert.equal(await typed(page), "partition ");
  await page.keyboard.type("s");
  await page.keyboard.press("Tab");
  assert.match(await page.locator(".console-offers").innerText(), /S1\s+S2\s+S3\s+S4\s+S5/);
  await type(page, "clear");
  await output(page).locator("p").first().waitFor({ state: "detached" });
  await page.keyboard.press("Tab");
  assert.notEqual(await page.evaluate(() => document.activeElement.id), "console-input", "Tab is no trap");
});

test("what was said is still there after a look at another panel, and so is what was typed", async (t) => {
  const page = await open(t);
  await type(page, "rules");
  await page.getByRole("tab", { name: "State" }).click();
  await output(page).waitFor({ state: "detached" });
  await go(page);
  await says(page, "commitOnlyCurrentTerm");
  await page.keyboard.press("ArrowUp");
  assert.equal(await typed(page), "rules");
});

for (const theme of THEMES) {
  test(`axe finds nothing serious in tables, answers and errors, ${theme}`, async (t) => {
    const page = await open(t, { theme, size: SIZES.phone });
    await type(page, "status", "show_log", "stauts", "help", "kill S1", "S");
    const { violations } = await new AxeBuilder({ page }).analyze();
    const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
    assert.deepEqual(serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target)}`), []);
  });
}
