// The browser's own storage of runs (IndexedDB), and what keeps tabs out of each other's way (Web Locks,
// messages): as a few promises. What is stored, and when, src/ui/kept decides.
"use strict";

globalThis.wavetankKept = (() => {
  /** One store for what the list shows of a run, one for the whole runs as text. */
  const STORES = ["runs", "texts"];
  /** This load of the page. A run belongs to the page that stored it last. */
  const page = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;

  let opening = null;

  /** The database. Where it can't be opened, the next call tries again. */
  const open = () => {
    opening ??= new Promise((resolve, reject) => {
      // Without a version, whatever there is: a later page's storage is read as far as it goes.
      const request = indexedDB.open("wavetank");
      request.onupgradeneeded = () => STORES.forEach((name) => request.result.createObjectStore(name));
      request.onerror = () => reject(request.error);
      // A broken storage may never answer.
      setTimeout(() => reject(new DOMException("no answer", "TimeoutError")), 4000);
      request.onsuccess = () => {
        const forget = () => (opening = null);
        request.result.onclose = forget;
        request.result.onversionchange = () => (request.result.close(), forget());
        resolve(request.result);
      };
    });
    opening.catch(() => (opening = null));
    return opening;
  };

  /** Does something to both stores at once, or nothing: what `work` returns is a request, whose result counts. */
  const within = async (mode, work) => {
    const transaction = (await open()).transaction(STORES, mode, { durability: "relaxed" });
    return new Promise((resolve, reject) => {
      let failure = null;
      const fail = (name) => {
        failure = { name };
        transaction.abort();
      };
      transaction.onabort = () => reject(failure ?? transaction.error);
      const request = work(transaction.objectStore("runs"), transaction.objectStore("texts"), fail);
      transaction.oncomplete = () => resolve(request?.result);
    });
  };

  /**
   * Stores a run: its record (JSON), and its text unless that is null. A run that another page has stored since
   * is left alone, and the promise fails with the name "Taken"; `seize` takes it over.
   */
  const store = (id, record, text, seize) =>
    within("readwrite", (runs, texts, fail) => {
      const put = () => {
        runs.put({ ...JSON.parse(record), page }, id);
        if (text !== null) texts.put(text, id);
      };
      if (seize) return put();
      const before = runs.get(id);
      before.onsuccess = () => {
        const owner = before.result?.page ?? page;
        if (owner !== page) return fail("Taken");
        try {
          put();
        } catch ({ name }) {
          fail(name);
        }
      };
    });

  /** The records of all runs, each as [id, JSON]. */
  const records = () =>
    within("readonly", (runs) => {
      const all = [];
      runs.openCursor().onsuccess = ({ target: { result: cursor } }) => {
        if (!cursor) return;
        all.push([String(cursor.key), JSON.stringify(cursor.value) ?? ""]);
        cursor.continue();
      };
      return { result: all };
    });

  /** A run's text; nothing where there is none. */
  const text = (id) => within("readonly", (_, texts) => texts.get(id));

  const remove = (id) =>
    within("readwrite", (runs, texts) => {
      runs.delete(id);
      texts.delete(id);
    });

  // Between tabs. A run belongs to one tab at a time, which holds its lock; the browser lets go of it when
  // the tab goes away, however it goes. Where there are no locks (pages that are not served safely have
  // none), tabs ask each other.

  const locks = navigator.locks;
  const channel = globalThis.BroadcastChannel ? new BroadcastChannel("wavetank.runs") : null;
  const held = new Map();
  const lockName = (id) => `wavetank.run.${id}`;
  let listener = () => {};
  let hear = () => {};

  channel?.addEventListener("message", ({ data }) => {
    if (data.ask) channel.postMessage({ have: [...held.keys()] });
    if (data.have) data.have.forEach((id) => hear(id));
    if (data.changed) listener();
  });

  /** The runs that other tabs show. */
  const elsewhere = async () => {
    const others = new Set();
    if (locks) {
      const { held: all } = await locks.query();
      const prefix = lockName("");
      all.filter(({ name }) => name.startsWith(prefix)).forEach(({ name }) => others.add(name.slice(prefix.length)));
    } else if (channel) {
      hear = (id) => others.add(id);
      channel.postMessage({ ask: true });
      await new Promise((done) => setTimeout(done, 250));
    }
    return [...others].filter((id) => !held.has(id));
  };

  /** Holds a run for this tab: whether no other tab has it. Waits so many ms for a tab that is just going. */
  const hold = async (id, ms) => {
    if (held.has(id)) return true;
    if (!locks) {
      if ((await elsewhere()).includes(id)) return false;
      held.set(id, () => {});
      return true;
    }
    const patience = new AbortController();
    const timer = ms > 0 && setTimeout(() => patience.abort(), ms);
    return new Promise((resolve) => {
      const granted = (lock) => {
        clearTimeout(timer);
        resolve(lock !== null);
        return lock && new Promise((release) => held.set(id, release));
      };
      const refused = ({ name }) => resolve(name !== "AbortError");
      const how = ms > 0 ? { signal: patience.signal } : { ifAvailable: true };
      locks.request(lockName(id), how, granted).catch(refused);
    });
  };

  /** Lets go of a run. */
  const release = (id) => {
    held.get(id)?.();
    held.delete(id);
  };

  /** Tells the other tabs that the list has changed. */
  const tell = () => channel?.postMessage({ changed: true });

  /** Calls back when another tab says so. */
  const listen = (callback) => (listener = callback);

  return { store, records, text, remove, elsewhere, hold, release, tell, listen };
})();
