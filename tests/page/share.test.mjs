// The run as a link and as a file: copied, opened by somebody else, and what is said of broken ones.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { call, harness, started } from "./lib.mjs";

const { open, server } = harness();
const golden = readFileSync(new URL("../golden/links.txt", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => line.split("\t"))
  .map(([digest, events, name, link]) => ({ digest, events: Number(events), name, link }));

/** What links of an earlier meaning come to by this one. */
const earlier = new Map(
  readFileSync(new URL("../golden/links_of_earlier_meanings.txt", import.meta.url), "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split("\t"))
    .map(([name, verdict, end]) => [name, { verdict, digest: end.split(" ")[0], events: Number(end.split(" ")[1]) }]),
);

const notices = (page) => page.locator(".notices");
const shownEvents = (page) => page.evaluate(() => window.wavetank.state().events);

/** A run with something in it, paused. */
async function busy(page) {
  await call(page, "pause");
  await call(page, "runFor", 1500);
  await call(page, "act", { submit: { op: { put: { key: "x", value: "<b>1</b>" } } } });
  await call(page, "runFor", 300);
  await call(page, "act", { crash: { server: "S2" } });
  await call(page, "runFor", 700);
  return { digest: await call(page, "digest"), events: await shownEvents(page) };
}

/** Opens the dialog and gives the link that stands in it. */
async function shared(page, ...choices) {
  await page.click('[data-do="share"]');
  for (const choice of choices) await page.getByLabel(choice).check();
  await page.waitForSelector(".share-link input");
  // Another choice is packed anew.
  await page.waitForTimeout(150);
  return page.inputValue(".share-link input");
}

/** Waits until the run is where it was to be opened. */
const arrived = (page, events) =>
  page.waitForFunction((events) => window.wavetank.state().events === events, events, { timeout: 5000 });

test("a copied link opens the same run in a browser that has never seen it", async (t) => {
  const page = await open(t, { query: "?seed=7&servers=3", permissions: ["clipboard-read", "clipboard-write"] });
  const { digest, events } = await busy(page);
  await shared(page);
  await page.click('[data-do="share-copy"]');
  await page.waitForFunction(() => /Copied/.test(document.querySelector(".share-said").textContent));
  const link = await page.evaluate(() => navigator.clipboard.readText());
  const { url } = await server();
  assert.ok(link.startsWith(`${url}#w1.`), link.slice(0, 80));
  const other = await open(t, { query: link.slice(url.length) });
  await arrived(other, events);
  assert.equal(await call(other, "digest"), digest);
  const { servers } = await call(other, "state");
  assert.equal(servers.length, 3);
  assert.match(await notices(other).textContent(), /came with the link/);
});

test("a link opens where it was said, and plays if it was said", async (t) => {
  const page = await open(t, { query: "?seed=8" });
  const { digest, events } = await busy(page);
  const { url } = await server();
  const fresh = async (...choices) => {
    const link = await shared(page, ...choices);
    await page.keyboard.press("Escape");
    return open(t, { query: link.slice(url.length) });
  };
  const atStart = await fresh("from the start", "paused");
  await arrived(atStart, 0);
  await atStart.waitForTimeout(400);
  assert.equal(await shownEvents(atStart), 0, "it is paused");
  const playing = await fresh("from the start", "playing");
  await playing.waitForFunction(() => window.wavetank.state().events > 0, null, { timeout: 10_000 });
  // Somewhere in the middle: what comes after is in the link as well.
  const before = await page.evaluate(() => window.wavetank.events(0).find(({ what }) => what.acted)?.id);
  assert.ok(before > 0 && before < events);
  await page.keyboard.press("Escape");
  const inMiddle = await open(t, { query: (await shared(page, "at its end", "paused")).slice(url.length) });
  await arrived(inMiddle, events);
  assert.equal(await call(inMiddle, "digest"), digest);
});

test("a link that comes into the address of an open page is opened, and then followed by others", async (t) => {
  const page = await open(t, { query: "?seed=9" });
  for (const one of [golden[5], golden[6]]) {
    await page.evaluate((link) => { location.hash = link; }, one.link);
    await arrived(page, one.events);
    assert.equal(await call(page, "digest"), one.digest, one.name);
  }
  // A run that is begun anew is named by the address, and the link is gone from it.
  await page.keyboard.press("0");
  assert.match(await page.evaluate(() => location.search + location.hash), /^\?servers=5&seed=\d+$/);
});

test("a link that is pasted onto the page is opened, and one that is pasted into a field is not", async (t) => {
  const page = await open(t, { query: "?seed=9" });
  await call(page, "pause");
  const { link, events, digest } = golden[5];
  const paste = (selector) => page.evaluate(([selector, text]) => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    document.querySelector(selector).dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }, [selector, `See <https://wavetank.example/app/#${link}>.`]);
  await paste("main input.field");
  await page.waitForTimeout(300);
  assert.notEqual(await call(page, "digest"), digest);
  await paste("main");
  await arrived(page, events);
  assert.equal(await call(page, "digest"), digest);
});

test("every golden link opens on the page and comes to what it always did, or says that it differs", async (t) => {
  const page = await open(t, { query: `?seed=9` });
  for (const { name, link, ...made } of golden) {
    if (name.startsWith("a branch with captions")) continue;
    const { digest, events, verdict } = earlier.get(name) ?? { ...made, verdict: "same" };
    await page.evaluate((link) => { location.hash = link; }, link);
    await arrived(page, events);
    assert.equal(await call(page, "digest"), digest, name);
    if (verdict === "same") continue;
    const notice = notices(page).getByText("An earlier version made it").last();
    const [from] = verdict.match(/\d+/);
    assert.match(await notice.textContent(), new RegExp(`the same up to event ${from} |^(?!.*the same up to)`), name);
  }
});

test("a broken link says what is wrong, and the run of the address begins", async (t) => {
  const link = golden[5].link;
  const broken = [
    [link.slice(0, -30), /cut off: its end is missing/],
    [link.replace("w1.", "w7."), /version 7, which is newer/],
    [`${link.slice(0, 99)}!${link.slice(100)}`, /Character 100 of the link is ‘!’/],
    [`w1.${"A".repeat(40_000)}`, /40003 characters; 32000 are the most/],
    ["w1.eJyrVkrOSCwqTs1RslKKjrWtBQAtfwVn", /changed on its way|cut off/],
    ["w1", /cut off/],
  ];
  for (const [text, words] of broken) {
    const page = await open(t, { query: `?seed=11&servers=3#${text}` });
    assert.match(await notices(page).textContent(), words, text.slice(0, 60));
    const { seed, servers } = await call(page, "state");
    assert.equal(seed, "11");
    assert.equal(servers.length, 3);
    assert.equal(await page.evaluate(() => location.hash), `#${text}`, "it can still be mended");
    await page.context().close();
  }
});

test("a hash that is no link is left alone", async (t) => {
  const page = await open(t, { query: "?seed=11#main" });
  assert.equal(await notices(page).textContent(), "");
  assert.equal(await page.evaluate(() => location.hash), "#main");
});

test("without a clipboard the link is selected, and the page says so", async (t) => {
  const page = await open(t, {
    query: "?seed=7",
    prepare: (page) => page.addInitScript(() => {
      navigator.clipboard.writeText = () => Promise.reject(new DOMException("no", "NotAllowedError"));
    }),
  });
  await busy(page);
  const link = await shared(page);
  await page.click('[data-do="share-copy"]');
  await page.waitForFunction(() => /did not allow the clipboard/.test(document.querySelector(".share-said").textContent));
  const selected = await page.evaluate(() => {
    const { value, selectionStart, selectionEnd } = document.activeElement;
    return value.slice(selectionStart, selectionEnd);
  });
  assert.equal(selected, link);
});

test("a run that is too long for a link says so and is saved as a file, which opens again", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  await call(page, "pause");
  // Chance can't be packed.
  await page.evaluate(() => {
    let seed = 5;
    const next = () => (seed = (seed * 16807) % 2147483647).toString(36);
    for (let n = 0; n < 900; n += 1) {
      const value = Array.from({ length: 12 }, next).join("");
      window.wavetank.act({ submit: { op: { put: { key: `k${n}`, value } } } });
    }
  });
  await page.click('[data-do="share"]');
  await page.waitForSelector(".share .trouble");
  assert.match(await page.textContent(".share .trouble"), /too long for a link: the link would have \d+ characters, and 32000 are the most/);
  assert.equal(await page.locator(".share-link").count(), 0);
  const [download] = await Promise.all([page.waitForEvent("download"), page.click('[data-do="share-save"]')]);
  assert.match(download.suggestedFilename(), /\.wavetank\.json$/);
  const text = await readFile(await download.path(), "utf8");
  const digest = await call(page, "digest");
  const events = await shownEvents(page);
  const other = await open(t, { query: "?seed=1" });
  await other.setInputFiles('input[type="file"]', { name: "run.wavetank.json", mimeType: "application/json", buffer: Buffer.from(text) });
  await arrived(other, events);
  assert.equal(await call(other, "digest"), digest);
});

test("a saved file has all branches, and is opened where it was saved", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  const { digest, events } = await busy(page);
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save", exact: true }).click()]);
  const text = await readFile(await download.path(), "utf8");
  const saved = JSON.parse(text);
  assert.equal(saved.wavetank, 1);
  assert.equal(saved.branches[0].recording.actions.length, 2);
  assert.equal(saved.branches[0].marks.at(-1).digest, digest);
  // Opened at another moment, as it may be written by hand.
  saved.open = { events: 40, playing: false };
  const other = await open(t, { query: "?seed=1" });
  const drop = (text) => other.setInputFiles('input[type="file"]', { name: "run.json", mimeType: "application/json", buffer: Buffer.from(text) });
  await drop(JSON.stringify(saved));
  await arrived(other, 40);
  await drop(text);
  await arrived(other, events);
  assert.equal(await call(other, "digest"), digest);
  assert.match(await other.evaluate(() => location.search), /seed=7/);
});

test("a wrong file says what is wrong, and what runs goes on", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  const { digest } = await busy(page);
  const wrong = [
    ["picture.png", Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 3]), /This is no Wavetank run/],
    ["package.json", Buffer.from('{"name":"x","version":"1.0.0"}'), /This is no Wavetank run/],
    ["empty.json", Buffer.from(""), /This is no Wavetank run/],
    ["cut.json", Buffer.from('{"wavetank":1,"branches":[{"recording":{"format":1'), /not a whole Wavetank run \(EOF while parsing/],
    ["newer.json", Buffer.from('{"wavetank":2}'), /version 2, which is newer/],
    ["markup.json", Buffer.from('{"wavetank":1,"branches":[{"<img src=x onerror=alert(1)>":1}]}'), /unknown field `<img src=x onerror=alert\(1\)>`/],
  ];
  for (const [name, buffer, words] of wrong) {
    await page.setInputFiles('input[type="file"]', { name, mimeType: "application/octet-stream", buffer });
    await page.waitForFunction((words) => new RegExp(words).test(document.querySelector(".notices").textContent), words.source, { timeout: 3000 }).catch(async () => assert.match(await notices(page).textContent(), words, name));
    assert.equal(await page.locator(".notices img").count(), 0);
    assert.equal(await call(page, "digest"), digest);
  }
});

test("the dialog can be read by a machine, fits a phone, and has large enough targets", async (t) => {
  const { AxeBuilder } = await import("@axe-core/playwright");
  for (const theme of ["dark", "light"]) {
    const page = await open(t, { query: "?seed=7", size: { width: 390, height: 844 }, theme });
    await busy(page);
    await shared(page);
    const { violations } = await new AxeBuilder({ page }).include(".share").analyze();
    assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes[0].html]), []);
    const small = await page.evaluate(() => [...document.querySelectorAll(".share button, .share label")].filter((one) => one.getBoundingClientRect().height < 24).map((one) => one.textContent));
    assert.deepEqual(small, []);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    assert.ok(await page.evaluate(() => document.querySelector("dialog[open]").scrollWidth <= document.querySelector("dialog[open]").clientWidth));
  }
});
