// What a folder weighs: each file raw and compressed, as it goes over the wire.
// On its own: node sizes.mjs FOLDER

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

/** All files below `folder`, as { name, raw, gzip } in bytes, the heaviest first. */
export async function sizes(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const weighed = files.map(async (entry) => {
    const path = join(entry.parentPath ?? entry.path, entry.name);
    const bytes = await readFile(path);
    return { name: path.slice(join(folder, "/").length), raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length };
  });
  return (await Promise.all(weighed)).sort((one, other) => other.gzip - one.gzip);
}

/** The sum over all files. */
export function total(files) {
  const sum = (key) => files.reduce((bytes, file) => bytes + file[key], 0);
  return { name: "total", raw: sum("raw"), gzip: sum("gzip") };
}

/** The files that everybody fetches: all but the recordings, which are fetched one by one when wanted. */
export function initial(files) {
  return files.filter(({ name }) => !name.startsWith("broken"));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = await sizes(process.argv[2] ?? "dist");
  const line = ({ name, raw, gzip }) => `${String(raw).padStart(10)} ${String(gzip).padStart(10)}  ${name}`;
  console.log(`${"raw".padStart(10)} ${"gzip".padStart(10)}  file`);
  const first = { ...total(initial(files)), name: "of that fetched at first" };
  for (const file of [...files, total(files), first]) console.log(line(file));
}
