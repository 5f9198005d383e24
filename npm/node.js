// For Node and its like: the module is read from the disk, and ready when the import is.

import { readFileSync } from "node:fs";
import { initSync } from "./core.js";

initSync({ module: readFileSync(new URL("./core_bg.wasm", import.meta.url)) });

export { Simulation, WavetankError } from "./simulation.js";
