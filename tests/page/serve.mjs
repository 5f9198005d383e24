// A small static server for the page tests: like GitHub Pages, it serves a folder at the root of a
// host or below it, compresses what can be compressed, and knows no fallback page.
// On its own: node serve.mjs FOLDER [BASE] [PORT]

import { readFile, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json; charset=utf-8",
};

/**
 * Serves `folder` at http://127.0.0.1:PORT and `base` (which starts and ends with `/`).
 * Gives the address, the list of answers so far ({ path, status, bytes } each, bytes as sent), and
 * `close()`.
 */
export async function serve(folder, { base = "/", port = 0 } = {}) {
  const root = resolve(folder);
  const answers = [];
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    const file = await find(root, base, path);
    const zip = /\bgzip\b/.test(request.headers["accept-encoding"] ?? "");
    const { status, headers, body } = file ? await found(file, zip) : missing();
    answers.push({ path, status, bytes: body.length });
    response.writeHead(status, headers).end(body);
  });
  await new Promise((ready) => server.listen(port, "127.0.0.1", ready));
  const url = `http://127.0.0.1:${server.address().port}${base}`;
  const close = () => {
    server.closeAllConnections();
    return new Promise((closed) => server.close(closed));
  };
  return { url, answers, close };
}

/** The file for a path below `base`, or null. */
async function find(root, base, path) {
  if (!path.startsWith(base)) return null;
  const file = normalize(join(root, path.slice(base.length)));
  if (file !== root && !file.startsWith(root + sep)) return null;
  const kind = await stat(file).catch(() => null);
  if (kind?.isDirectory()) return find(root, "/", `${path.slice(base.length - 1)}/index.html`.replaceAll("//", "/"));
  return kind ? file : null;
}

async function found(file, zip) {
  const raw = await readFile(file);
  const headers = {
    "content-type": TYPES[extname(file)] ?? "application/octet-stream",
    "cache-control": "max-age=600",
  };
  if (!zip || extname(file) === ".png") return { status: 200, headers, body: raw };
  const body = gzipSync(raw);
  return { status: 200, headers: { ...headers, "content-encoding": "gzip", vary: "accept-encoding" }, body };
}

function missing() {
  return { status: 404, headers: { "content-type": "text/plain; charset=utf-8" }, body: Buffer.from("not found") };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder = "dist", base = "/", port = "8080"] = process.argv.slice(2);
  const { url } = await serve(folder, { base, port: Number(port) });
  console.log(`${folder} at ${url}`);
}
