// Writes `.br` and `.gz` beside every compressible file of the folder named by the first argument.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

// Images and fonts are compressed in themselves.
const compressible = new Set([".css", ".html", ".js", ".json", ".mjs", ".svg", ".txt", ".wasm", ".webmanifest"]);

const encoders = {
  ".br": (data) =>
    brotliCompressSync(data, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
        [constants.BROTLI_PARAM_SIZE_HINT]: data.length,
      },
    }),
  ".gz": (data) => gzipSync(data, { level: 9 }),
};

const folder = process.argv[2];
for (const name of readdirSync(folder, { recursive: true })) {
  const path = join(folder, name);
  if (!compressible.has(extname(name)) || !statSync(path).isFile()) continue;
  const data = readFileSync(path);
  for (const [end, encode] of Object.entries(encoders)) {
    const encoded = encode(data);
    // A server that prefers an encoded file must never send more bytes for it, nor those of an older build.
    if (encoded.length < data.length) writeFileSync(path + end, encoded);
    else rmSync(path + end, { force: true });
  }
}
