// What the tests of the package need: the package as `cargo xtask npm` builds it, and a place where it is
// installed.

import { mkdtempSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** The root of the repository. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The package. */
export const PACKAGE = resolve(process.env.WAVETANK_PACKAGE ?? join(ROOT, "target/npm/wavetank"));

/** One of the package's files, as a module. */
export const load = (name) => import(pathToFileURL(join(PACKAGE, name)));

/** A new folder in which the package is installed; it is gone when the test is over. */
export function installed(t) {
  const folder = mkdtempSync(join(tmpdir(), "wavetank-package-"));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(PACKAGE, join(folder, "node_modules", "wavetank"), "junction");
  return folder;
}

/** The text of a file of the repository. */
export const read = (path) => readFileSync(join(ROOT, path), "utf8");
