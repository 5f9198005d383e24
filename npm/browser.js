// For browsers: the module is fetched from beside this file, and ready when the import is.

import init from "./core.js";

await init({ module_or_path: new URL("./core_bg.wasm", import.meta.url) });

export { Simulation, WavetankError } from "./simulation.js";
