// The package's class. What everything does stands in simulation.d.ts; the work is done in WebAssembly
// (src/simulation/class.rs). Here is what has to outlive a failure there.

import { Core, underWay } from "./core.js";

/** An error of the library: its `message` says what was wrong and what to do, its `code` says which kind. */
export class WavetankError extends Error {
  constructor(code, message, recording) {
    super(message);
    this.name = "WavetankError";
    this.code = code;
    if (recording) this.recording = recording;
  }
}

/** What was thrown below, as it is told to the caller. */
function told(thrown) {
  if (thrown instanceof Error && thrown.name === "WavetankError" && thrown.code !== "PANIC") {
    return new WavetankError(thrown.code, thrown.message);
  }
  // All that is left: a failure of the library, or of the machine (out of memory, out of stack).
  const words = thrown?.code === "PANIC" ? thrown.message : `Wavetank has failed (${thrown}).`;
  return new WavetankError("PANIC", words, lastRecording());
}

function lastRecording() {
  try {
    return underWay();
  } catch {
    return undefined;
  }
}

function guarded(work) {
  try {
    return work();
  } catch (thrown) {
    throw told(thrown);
  }
}

export class Simulation {
  #core;
  #failure;

  constructor(setup = {}) {
    this.#core = setup instanceof Core ? setup : guarded(() => new Core(setup));
  }

  static from(source) {
    return new Simulation(guarded(() => Core.from(source)));
  }

  static reach(state, limits = {}) {
    return guarded(() => Core.reach(state, limits));
  }

  /** All work goes through here: what has failed or was freed is not touched again. */
  #do(work) {
    if (this.#failure) throw this.#failure;
    if (!this.#core) {
      throw new WavetankError("FREED", "This simulation was freed: make a new one, or free it later.");
    }
    try {
      return guarded(() => work(this.#core));
    } catch (error) {
      if (error.code === "PANIC") this.#failure = error;
      throw error;
    }
  }

  differs() {
    return this.#do((core) => core.differs());
  }

  get nowMs() {
    return this.#do((core) => core.nowMs);
  }

  get eventCount() {
    return this.#do((core) => core.eventCount);
  }

  act(action) {
    return this.#do((core) => core.act(action));
  }

  step() {
    return this.#do((core) => core.step()) ?? null;
  }

  runFor(ms) {
    return this.#do((core) => core.runFor(ms));
  }

  runUntil(goal, { withinMs = 60_000 } = {}) {
    if (typeof goal !== "function") return this.#do((core) => core.runUntil(goal, withinMs));
    const untilMs = this.#do((core) => core.after(withinMs));
    while (!goal(this)) {
      if (!this.#do((core) => core.stepBy(untilMs))) return Boolean(goal(this));
    }
    return true;
  }

  objections() {
    return this.#do((core) => core.objections());
  }

  state() {
    return this.#do((core) => core.state());
  }

  events({ from = 0, limit } = {}) {
    return this.#do((core) => core.events(from, limit));
  }

  check() {
    return this.#do((core) => core.check());
  }

  explain(event) {
    return this.#do((core) => core.explain(event));
  }

  claims(event) {
    return this.#do((core) => core.claims(event));
  }

  digest() {
    return this.#do((core) => core.digest());
  }

  recording() {
    return this.#do((core) => core.recording());
  }

  link() {
    return this.#do((core) => core.link());
  }

  seek(to) {
    return this.#do((core) => core.seek(to));
  }

  rewind(ms) {
    return this.#do((core) => core.rewind(ms));
  }

  branch() {
    return new Simulation(this.#do((core) => core.branch()));
  }

  free() {
    // A failure leaves its run behind as it was, and nobody may touch it.
    if (!this.#failure) this.#core?.free();
    this.#core = undefined;
  }

  [Symbol.dispose ?? Symbol.for("Symbol.dispose")]() {
    this.free();
  }
}
