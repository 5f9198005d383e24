// Every run is kept: what survives a reload and a crash, the list of runs, tabs beside each other, and a
// browser that stores nothing.

import AxeBuilder from "@axe-core/playwright";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import { SIZES, THEMES, call, harness, started, watch } from "./lib.mjs";

const { open, server } = harness();

const digest = (page) => call(page, "digest");
const button = (page, name) => page.getByRole("button", { name, exact: true });
const actions = async (page) => (await call(page, "recording")).actions.map(({ action }) => action);
const crash = (id) => ({ crash: { server: id } });
const note = (page, text) => page.locator(".notice").getByText(text).first().waitFor();

/** Pauses the page, lets so much time go by, crashes a server, lets time go by. */
async function act(page, id = "S2") {
  await call(page, "pause");
  await call(page, "runFor", 800);
  await call(page, "act", crash(id));
  await call(page, "runFor", 300);
}

/** Loads the page again. */
async function reload(page) {
  await page.reload();
  await started(page);
}

/** Another tab of the same browser. */
async function tab(t, page, { query = "", prepare } = {}) {
  const { url } = await server();
  const other = await page.context().newPage();
  const troubles = watch(other, url);
  t.after(() => assert.deepEqual(troubles, []));
  await prepare?.(other);
  await other.goto(url + query);
  await started(other);
  return other;
}

/** Opens the list of runs, and waits until it is read. */
async function list(page) {
  if (!(await page.getByRole("dialog", { name: "Runs" }).isVisible())) await button(page, "Runs").click();
  await page.locator(".run-row").first().waitFor();
  return page.locator(".run-row");
}

/** The rows of the list as text, with their names in front. */
function rows(page) {
  return page.locator(".run-row").evaluateAll((all) =>
    all.map((row) => {
      const name = row.querySelector("input");
      return `${name.value || name.placeholder} | ${row.querySelector(".run-facts").textContent} | ${row.querySelector(".run-place")?.textContent ?? ""}`;
    }),
  );
}

/** Waits until the list has rows for which `holds`, a function of their texts, is true. */
async function until(page, holds, what) {
  for (let tries = 0; tries < 100; tries += 1) {
    const texts = await rows(page);
    if (holds(texts)) return texts;
    await page.waitForTimeout(50);
  }
  throw new Error(`${what}: ${JSON.stringify(await rows(page))}`);
}

/** Waits until the run on the page is stored as it is now. */
async function stored(page) {
  await page.waitForFunction(async () => {
    const id = sessionStorage.getItem("wavetank.tab")?.split(" ")[0];
    const wanted = window.wavetank.recording().actions.length;
    const all = await window.wavetankKept.records();
    return all.some(([key, json]) => key === id && JSON.parse(json).actions === wanted);
  });
}

/** Puts a run into the storage, as another version of the page may have left it. */
const plant = (page, id, record, text) =>
  page.evaluate(([id, record, text]) => window.wavetankKept.store(id, JSON.stringify(record), text, true), [id, record, text]);

const row = (page, title) => page.locator(".run-row").filter({ has: page.getByRole("textbox", { name: `Name of ${title}`, exact: true }) });

test("a reload in mid-run goes on where it was, and runs on as the run would have", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  await act(page);
  const before = await digest(page);
  const recording = await call(page, "recording");
  await reload(page);
  assert.equal(await digest(page), before);
  assert.deepEqual(await call(page, "recording"), recording);
  assert.ok(await button(page, "Play").isVisible(), "paused");
  await call(page, "runFor", 700);
  const after = await digest(page);
  const other = await open(t, { query: "?seed=1" });
  await call(other, "load", recording);
  await call(other, "runFor", 700);
  assert.equal(after, await digest(other));
});

test("a run that was playing goes on from the second in which the page was left", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  await call(page, "speed", 10);
  await page.waitForFunction(() => window.wavetank.state().nowUs > 3_000_000);
  await call(page, "pause");
  const { nowUs } = await call(page, "state");
  await reload(page);
  assert.equal((await call(page, "state")).nowUs, nowUs);
});

test("an address without a seed gives the same run again; another address gives another one", async (t) => {
  const page = await open(t);
  await act(page);
  const [before, { seed }] = [await digest(page), await call(page, "state")];
  await reload(page);
  assert.deepEqual([await digest(page), (await call(page, "state")).seed], [before, seed]);
  const { url } = await server();
  await page.goto(`${url}?seed=11&servers=3`);
  await started(page);
  const state = await call(page, "state");
  assert.deepEqual([state.seed, state.servers.length], ["11", 3]);
  assert.deepEqual(await actions(page), []);
  await list(page);
  await until(page, (all) => all.some((text) => text.startsWith(`Seed ${seed} | `) && text.includes("1 action")), "the run before is in the list");
});

test("after Reset and New seed, a reload stays with the new run", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  await act(page);
  await button(page, "New seed").click();
  const { seed } = await call(page, "state");
  await act(page, "S3");
  const before = await digest(page);
  await reload(page);
  assert.equal((await call(page, "state")).seed, seed);
  assert.equal(await digest(page), before);
  await button(page, "Reset").click();
  await call(page, "pause");
  await reload(page);
  assert.deepEqual(await actions(page), []);
});

test("a tab that crashes in the very moment of an action loses nothing", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  await act(page);
  await stored(page);
  const session = await page.context().newCDPSession(page);
  // After these the page does nothing any more: what is not written yet never will be.
  const last = page.evaluate(() => {
    for (const server of ["S3", "S4"]) window.wavetank.act({ crash: { server } });
    for (;;);
  });
  last.catch(() => {});
  await new Promise((done) => setTimeout(done, 300));
  session.send("Page.crash").catch(() => {});
  await page.waitForEvent("crash");
  assert.deepEqual(await afterReload(session), [crash("S2"), crash("S3"), crash("S4")]);
});

/** Loads the page of a crashed tab again, and gives the actions that it then shows. */
async function afterReload(session) {
  await session.send("Page.reload");
  const expression = "window.wavetank && JSON.stringify(window.wavetank.recording().actions.map((it) => it.action))";
  for (let tries = 0; tries < 100; tries += 1) {
    await new Promise((done) => setTimeout(done, 100));
    const { result } = await session.send("Runtime.evaluate", { expression, returnByValue: true }).catch(() => ({ result: {} }));
    if (result.value) return JSON.parse(result.value);
  }
  throw new Error("the page did not come back");
}

test("a tab that crashes in the moment of an action in the past has the branch, and what followed before", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  await act(page);
  await stored(page);
  const other = await tab(t, page, { query: "?seed=9" });
  await page.bringToFront();
  await page.keyboard.press("Control+z");
  await page.waitForFunction(() => window.wavetank.recording().actions.length === 0);
  const session = await page.context().newCDPSession(page);
  page.evaluate(() => {
    window.wavetank.act({ crash: { server: "S5" } });
    for (;;);
  }).catch(() => {});
  await new Promise((done) => setTimeout(done, 300));
  session.send("Page.crash").catch(() => {});
  await page.waitForEvent("crash");
  assert.deepEqual(await afterReload(session), [crash("S5")]);
  await list(other);
  await until(other, (all) => all.some((text) => text.startsWith("Seed 7 | ") && text.includes("2 branches")), "both branches are there");
});

/** Makes the page's module fail: somebody acts while somebody else looks. */
const fail = (page) =>
  page.evaluate(() => {
    const set = () => window.wavetank.act({ crash: { server: "S5" } });
    Object.defineProperty(Object.prototype, "nowUs", { set, configurable: true });
    try {
      window.wavetank.state();
    } catch {
      // It has failed.
    }
    delete Object.prototype.nowUs;
  });

test("when the page itself fails, it offers the run, and goes on with it when it is loaded again", async (t) => {
  const expected = [/panicked|unreachable|already borrowed|recursive use|closure invoked/];
  const page = await open(t, { query: "?seed=7", expected });
  await act(page);
  const before = await digest(page);
  await fail(page);
  const alert = page.getByRole("alert").filter({ hasText: "Wavetank has failed" });
  await alert.waitFor();
  const coming = page.waitForEvent("download");
  await alert.getByRole("link", { name: "Save the run" }).click();
  const saved = JSON.parse(await readFile(await (await coming).path(), "utf8"));
  assert.deepEqual(saved.branches[0].recording.actions.map(({ action }) => action), [crash("S2")]);
  await alert.getByRole("link", { name: "Load the page again" }).click();
  await started(page);
  await page.waitForFunction((digest) => window.wavetank?.digest() === digest, before);
});

test("a run that fails again when it is opened is left in the list, and a new one begins", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  await act(page);
  await stored(page);
  await page.evaluate(() => sessionStorage.setItem("wavetank.tries", "2"));
  await reload(page);
  await note(page, "failed again when it was opened, so here is a new one");
  assert.deepEqual(await actions(page), []);
  await list(page);
  await until(page, (all) => all.some((text) => text.startsWith("Seed 7 | ") && text.includes("1 action")), "it is in the list");
  await page.keyboard.press("Escape");
  await reload(page);
  assert.equal(await page.getByText("failed again").count(), 0, "the new one goes on as any other");
});

test("the run of a tab that crashed and was closed is in the list of the next one", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  const other = await tab(t, page, { query: "?seed=9" });
  await act(page);
  await stored(page);
  const session = await page.context().newCDPSession(page);
  page.evaluate(() => {
    window.wavetank.act({ crash: { server: "S3" } });
    for (;;);
  }).catch(() => {});
  await new Promise((done) => setTimeout(done, 300));
  session.send("Page.crash").catch(() => {});
  await page.waitForEvent("crash");
  // What it did last stands in its journal; a tab that begins takes that in.
  await reload(other);
  await list(other);
  await until(other, (all) => all.some((text) => text.startsWith("Seed 7 | ") && text.includes("2 actions")), "the action is there");
  await row(other, "Seed 7").getByRole("button", { name: "Open" }).click();
  await other.waitForFunction(() => window.wavetank.state().seed === "7");
  assert.deepEqual(await actions(other), [crash("S2"), crash("S3")]);
});

test("runs are named, copied, deleted and brought back, by keyboard as well", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  await act(page);
  await button(page, "New seed").click();
  await act(page, "S4");
  await list(page);
  await until(page, (all) => all.length === 2, "both runs");
  const name = row(page, "Seed 7").getByRole("textbox");
  await name.fill("  Two leaders ");
  await name.press("Enter");
  await until(page, (all) => all.some((text) => text.startsWith("Two leaders | ") && text.includes("seed 7")), "it has its name");
  await row(page, "Two leaders").getByRole("button", { name: "Duplicate" }).focus();
  await page.keyboard.press("Enter");
  await until(page, (all) => all.some((text) => text.startsWith("Two leaders (copy) | ")), "a copy");
  await row(page, "Two leaders").getByRole("button", { name: "Delete" }).focus();
  await page.keyboard.press("Enter");
  await until(page, (all) => all.length === 2 && !all.some((text) => text.startsWith("Two leaders | ")), "it is gone");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Undo", "the focus is where it can be undone");
  await page.keyboard.press("Enter");
  await until(page, (all) => all.length === 3, "it is back");
  await row(page, "Two leaders").getByRole("button", { name: "Open", exact: true }).click();
  await page.waitForFunction(() => window.wavetank.state().seed === "7");
  assert.deepEqual(await actions(page), [crash("S2")]);
  await reload(page);
  assert.deepEqual(await actions(page), [crash("S2")], "it is this tab's run now");
  await list(page);
  await until(page, (all) => all.filter((text) => text.startsWith("Two leaders | ")).length === 1, "and still one run");
});

test("what would do nothing says so: the run on the page is neither opened nor deleted", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  await act(page);
  await list(page);
  for (const name of ["Open", "Delete"]) {
    const control = row(page, "Seed 7").getByRole("button", { name });
    assert.equal(await control.getAttribute("aria-disabled"), "true");
    assert.match(await control.getAttribute("aria-description"), /it is the one on the page/);
    await control.click({ force: true });
  }
  assert.equal(await page.locator(".run-row").count(), 1);
});

test("the run on the page is named, and a file of it brings it back", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  await act(page);
  await list(page);
  const name = row(page, "Seed 7").getByRole("textbox");
  await name.fill("Split / vote");
  await name.press("Enter");
  await until(page, (all) => all[0].startsWith("Split / vote | "), "it has its name");
  const coming = page.waitForEvent("download");
  await row(page, "Split / vote").getByRole("button", { name: "Save as file" }).click();
  const download = await coming;
  assert.equal(download.suggestedFilename(), "Split---vote.wavetank.json");
  const text = await readFile(await download.path(), "utf8");
  assert.equal(JSON.parse(text).name, "Split / vote");
  const other = await open(t, { query: "?seed=1" });
  await list(other);
  await other.locator(".runs input[type=file]").setInputFiles({ name: "x.wavetank.json", mimeType: "application/json", buffer: Buffer.from(text) });
  await until(other, (all) => all.some((it) => it.startsWith("Split / vote | ")), "it was added");
  await row(other, "Split / vote").getByRole("button", { name: "Open" }).click();
  await other.waitForFunction(() => window.wavetank.state().seed === "7");
  assert.equal(await digest(other), await digest(page));
});

/** Drops files, given by their names and texts, somewhere. */
const drop = (page, files, onto = "main") =>
  page.evaluate(([files, onto]) => {
    const transfer = new DataTransfer();
    for (const [name, text] of files) transfer.items.add(new File([text], name, { type: "application/json" }));
    for (const type of ["dragenter", "dragover", "drop"]) {
      document.querySelector(onto).dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: transfer }));
    }
  }, [files, onto]);

test("dropped files are added as runs; a wrong one is named in a sentence, and harms none", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  await act(page);
  const recording = await call(page, "recording");
  const mine = JSON.stringify({ ...recording, setup: { ...recording.setup, seed: "21" } });
  const before = await digest(page);
  await drop(page, [["one.json", mine], ["notes.txt", "milk, bread"], ["half.json", mine.slice(0, 400)], ["b.wavetank.json", mine]]);
  await note(page, "2 runs were added to the list");
  await note(page, "“notes.txt” was not added.");
  await note(page, "“half.json” was not added.");
  assert.equal(await digest(page), before, "what ran is untouched");
  await list(page);
  await until(page, (all) => ["one", "b"].every((name) => all.some((text) => text.startsWith(`${name} | `))), "both are there");
  await drop(page, [["three.json", mine], ["<b>.json", "{}"]], "dialog[open]");
  await until(page, (all) => all.some((text) => text.startsWith("three | ")), "dropped onto the list");
  await page.getByRole("dialog").getByText("“<b>.json” was not added.").waitFor();
  await page.keyboard.press("Escape");
  await drop(page, [["four.json", mine]]);
  await page.waitForFunction(() => window.wavetank.state().seed === "21");
  assert.deepEqual(await actions(page), [crash("S2")], "a single one is shown");
  await list(page);
  await until(page, (all) => all.some((text) => text.startsWith("four | ") && text.includes("on the page")), "and is a run of the list");
});

test("a file is opened without a network", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  await act(page);
  const text = JSON.stringify(await call(page, "recording"));
  const before = await digest(page);
  await button(page, "Reset").click();
  await page.context().setOffline(true);
  await drop(page, [["run.json", text]]);
  await page.waitForFunction((digest) => window.wavetank.digest() === digest, before);
});

for (const locks of [true, false]) {
  const how = locks ? "" : ", where the browser has no locks";
  const prepare = locks ? undefined : (page) => page.addInitScript(() => Object.defineProperty(Navigator.prototype, "locks", { value: undefined }));

  test(`a duplicated tab goes on with a copy of its own${how}`, async (t) => {
    const page = await open(t, { query: "?seed=7", prepare });
    await act(page);
    await stored(page);
    const coming = page.context().waitForEvent("page");
    // A window opened so gets a copy of the session, as a duplicated tab does.
    if (prepare) await page.context().addInitScript(() => Object.defineProperty(Navigator.prototype, "locks", { value: undefined }));
    await page.evaluate(() => void window.open(location.href));
    const twin = await coming;
    await started(twin);
    await note(twin, "Another tab shows this run, so this tab goes on with a copy of it, “Seed 7 (copy)”.");
    assert.equal(await digest(twin), await digest(page));
    await call(twin, "act", crash("S4"));
    await call(page, "act", crash("S5"));
    await stored(twin);
    await stored(page);
    await reload(page);
    await reload(twin);
    assert.deepEqual(await actions(page), [crash("S2"), crash("S5")]);
    assert.deepEqual(await actions(twin), [crash("S2"), crash("S4")]);
    await list(page);
    await until(page, (all) => all.some((text) => text.startsWith("Seed 7 (copy) | ") && text.includes("in another tab")), "the copy is the other tab's");
  });

  test(`a run that another tab shows is opened as a copy, and not deleted${how}`, async (t) => {
    const page = await open(t, { query: "?seed=7", prepare });
    await act(page);
    await stored(page);
    const other = await tab(t, page, { query: "?seed=9", prepare });
    await list(other);
    await until(other, (all) => all.some((text) => text.startsWith("Seed 7 | ") && text.includes("in another tab")), "it is the other tab's");
    const remove = row(other, "Seed 7").getByRole("button", { name: "Delete" });
    assert.match(await remove.getAttribute("aria-description"), /another tab shows it/);
    await row(other, "Seed 7").getByRole("button", { name: "Open a copy" }).click();
    await note(other, "Another tab shows this run");
    await call(other, "act", crash("S4"));
    await stored(other);
    await reload(page);
    assert.deepEqual(await actions(page), [crash("S2")]);
  });
}

test("should another page store the run all the same, neither overwrites the other", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  await act(page);
  await stored(page);
  await page.evaluate(async () => {
    const id = sessionStorage.getItem("wavetank.tab").split(" ")[0];
    const text = await window.wavetankKept.text(id);
    const open = indexedDB.open("wavetank");
    await new Promise((done) => (open.onsuccess = done));
    const runs = open.result.transaction(["runs", "texts"], "readwrite");
    runs.objectStore("runs").put({ version: 1, name: "Theirs", kept: true, storedMs: 1, page: "another" }, id);
    runs.objectStore("texts").put(text, id);
    await new Promise((done) => (runs.oncomplete = done));
    open.result.close();
  });
  await call(page, "act", crash("S3"));
  await note(page, "Another tab has gone on with this run, so this tab goes on with a copy of it");
  await stored(page);
  await list(page);
  const texts = await until(page, (all) => all.length === 2, "both are there");
  assert.ok(texts.some((text) => text.startsWith("Theirs | ")));
  assert.ok(texts.some((text) => text.startsWith("Seed 7 (copy) | ") && text.includes("2 actions")));
});

const forbidden = {
  "IndexedDB can't be opened": () => {
    IDBFactory.prototype.open = () => {
      throw new DOMException("forbidden", "SecurityError");
    };
  },
  "nothing may be stored at all": () => {
    const refuse = { get: () => { throw new DOMException("forbidden", "SecurityError"); } };
    for (const name of ["localStorage", "sessionStorage", "indexedDB"]) Object.defineProperty(window, name, refuse);
  },
  "IndexedDB opens with an error": () => {
    IDBFactory.prototype.open = () => {
      const request = { error: new DOMException("broken", "UnknownError") };
      setTimeout(() => request.onerror({}), 5);
      return request;
    };
  },
};

for (const [name, prepare] of Object.entries(forbidden)) {
  test(`where ${name}, one sentence says so, and everything else works`, async (t) => {
    const page = await open(t, { query: "?seed=7", prepare: (page) => page.addInitScript(prepare) });
    await note(page, "This browser lets the page store nothing");
    await act(page);
    await call(page, "act", crash("S3"));
    await page.waitForTimeout(400);
    assert.equal(await page.locator(".notice").filter({ hasText: "store nothing" }).count(), 1, "said once");
    const before = await digest(page);
    const text = JSON.stringify(await call(page, "recording"));
    await button(page, "Runs").click();
    await page.getByRole("dialog").getByText("This browser lets the page store nothing").waitFor();
    await page.keyboard.press("Escape");
    await button(page, "Reset").click();
    await page.waitForFunction((digest) => window.wavetank.digest() !== digest, before);
    await drop(page, [["run.json", text]]);
    await page.waitForFunction((digest) => window.wavetank.digest() === digest, before);
  });
}

test("a full storage gets one sentence; once there is room, runs are kept again", async (t) => {
  // A full storage ends the transaction, which then says why.
  const full = () => {
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (...values) {
      const request = put.apply(this, values);
      if (window.storageIsFull && this.name === "texts") {
        Object.defineProperty(this.transaction, "error", { value: new DOMException("full", "QuotaExceededError") });
        this.transaction.abort();
      }
      return request;
    };
  };
  const page = await open(t, { query: "?seed=7", prepare: (page) => page.addInitScript(full) });
  await act(page);
  await stored(page);
  await page.evaluate(() => (window.storageIsFull = true));
  await call(page, "act", crash("S3"));
  await note(page, "The browser’s storage is full");
  await call(page, "act", crash("S4"));
  await page.waitForTimeout(300);
  assert.equal(await page.locator(".notice").filter({ hasText: "storage is full" }).count(), 1);
  await page.evaluate(() => (window.storageIsFull = false));
  await call(page, "act", crash("S5"));
  await stored(page);
});

test("the oldest runs without a name make room, with a sentence; named ones stay", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  await act(page);
  await stored(page);
  const text = await page.evaluate(() => window.wavetankKept.text(sessionStorage.getItem("wavetank.tab").split(" ")[0]));
  for (let n = 0; n < 52; n += 1) {
    const record = { version: 1, name: n === 0 ? "Named" : "", kept: n === 0, storedMs: 1000 + n, seed: `${1000 + n}`, servers: 5, actions: 1, branches: 1 };
    await plant(page, `old-${n}`, record, text);
  }
  await button(page, "New seed").click();
  await note(page, "The oldest runs without a name have made room for new ones.");
  await list(page);
  const texts = await until(page, (all) => !all.some((it) => it.startsWith("Seed 1001 | ")), "the oldest is gone");
  assert.ok(texts.some((it) => it.startsWith("Named | ")));
  assert.ok(texts.some((it) => it.startsWith("Seed 1051 | ")), "the latest is there");
});

test("runs in which nothing was done do not fill the list", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  for (let n = 0; n < 9; n += 1) {
    const { seed } = await call(page, "state");
    await call(page, "runFor", 100);
    await button(page, "New seed").click();
    await page.waitForFunction((seed) => window.wavetank.state().seed !== seed, seed);
    await page.waitForTimeout(250);
  }
  await list(page);
  await until(page, (all) => all.length <= 6, "at most five, and the one on the page");
});

test("a run of a version that this page does not know is in the list, with the reason; it can be saved and deleted", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  await stored(page);
  const text = await page.evaluate(() => window.wavetankKept.text(sessionStorage.getItem("wavetank.tab").split(" ")[0]));
  const newer = JSON.stringify({ ...JSON.parse(text), wavetank: 99, shape: "of things to come" });
  await plant(page, "newer", { version: 99, name: "From tomorrow", storedMs: 2000, colour: "red" }, newer);
  await plant(page, "garbled", { storedMs: 1000 }, "{ nothing of ours");
  await page.evaluate(async () => {
    const open = indexedDB.open("wavetank");
    await new Promise((done) => (open.onsuccess = done));
    open.result.transaction("runs", "readwrite").objectStore("runs").put("a mere text", "odd");
    open.result.close();
  });
  await list(page);
  const texts = await until(page, (all) => all.length === 4, "all are there");
  assert.match(texts.find((it) => it.startsWith("From tomorrow")), /version 99, which is newer/);
  assert.match(texts.find((it) => it.includes("not a valid Wavetank run")), /^A run that can’t be read/);
  const tomorrow = row(page, "From tomorrow");
  for (const name of ["Open", "Duplicate"]) {
    assert.match(await tomorrow.getByRole("button", { name }).getAttribute("aria-description"), /it can’t be read/);
  }
  const coming = page.waitForEvent("download");
  await tomorrow.getByRole("button", { name: "Save as file" }).click();
  assert.equal(await readFile(await (await coming).path(), "utf8"), newer, "just as it was stored");
  await tomorrow.getByRole("button", { name: "Delete" }).click();
  await until(page, (all) => all.length === 3, "it is deleted");
  await button(page, "Undo").click();
  await until(page, (all) => all.length === 4, "and back");
  const record = await page.evaluate(async () => (await window.wavetankKept.records()).find(([id]) => id === "newer")[1]);
  assert.equal(JSON.parse(record).colour, "red", "with what this page does not know");
});

/** The text of the run of that name, once it is in the storage. */
async function textOf(page, name) {
  for (let tries = 0; tries < 200; tries += 1) {
    const text = await page.evaluate(async (name) => {
      const all = await window.wavetankKept.records();
      const found = all.find(([, record]) => JSON.parse(record).name === name);
      return found && window.wavetankKept.text(found[0]);
    }, name);
    if (text) return text;
    await page.waitForTimeout(50);
  }
  throw new Error(`${name} is not in the storage`);
}

test("a run that an earlier version made and that runs differently stays as it was; going on makes a copy", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  await act(page);
  const [download] = await Promise.all([page.waitForEvent("download"), button(page, "Save").click()]);
  const made = JSON.parse(await readFile(await download.path(), "utf8"));
  const [branch] = made.branches;
  branch.recording.semantics = 1;
  const same = `w1.${deflateSync(JSON.stringify({ ...made, name: "Same" })).toString("base64url")}`;
  branch.marks.forEach((mark) => { mark.digest = "0123456789abcdef"; });
  const other = `w1.${deflateSync(JSON.stringify({ ...made, name: "Other" })).toString("base64url")}`;

  await page.evaluate((link) => { location.hash = link; }, same);
  await stored(page);
  await page.waitForFunction(async () => {
    const all = await window.wavetankKept.records();
    const texts = await Promise.all(all.map(([id]) => window.wavetankKept.text(id)));
    return texts.some((text) => text && JSON.parse(text).name === "Same" && JSON.parse(text).branches[0].recording.semantics === 2);
  });
  assert.equal(await page.locator(".notice").getByText("replays differently").count(), 0, "not a word");

  await page.evaluate((link) => { location.hash = link; }, other);
  await note(page, "An earlier version made it (semantics 1; this version’s is 2)");
  await note(page, "to go on here makes a copy");
  const before = await textOf(page, "Other");
  assert.deepEqual(JSON.parse(before).branches[0].marks, branch.marks, "as it was made");
  assert.equal(JSON.parse(before).branches[0].recording.semantics, 1);

  await call(page, "act", crash("S4"));
  await note(page, "This goes on in a copy, “Other (copy)”.");
  const copy = JSON.parse(await textOf(page, "Other (copy)")).branches[0].recording;
  assert.equal(await textOf(page, "Other"), before, "not touched");
  assert.deepEqual([copy.semantics, copy.actions.length], [2, branch.recording.actions.length + 1]);
});

for (const theme of THEMES) {
  for (const [name, size] of Object.entries(SIZES)) {
    test(`axe finds nothing serious in the list of runs, ${theme}, ${name}`, async (t) => {
      const page = await open(t, { query: "?seed=7", theme, size });
      await act(page);
      await button(page, "New seed").click();
      await list(page);
      await until(page, (all) => all.length === 2, "both runs");
      const { violations } = await new AxeBuilder({ page }).include("dialog[open]").analyze();
      const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
      assert.deepEqual(serious.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ target }) => target).join(" | ")}`), []);
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(beyond <= 0, `${beyond} px stand out`);
    });
  }
}
