// The module made of this package imports nothing, and works.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

const module = await WebAssembly.compile(await readFile(process.argv[2]));
assert.deepEqual(WebAssembly.Module.imports(module), [], "the module imports something");
const { round_trip: roundTrip } = new WebAssembly.Instance(module).exports;
for (const size of [1, 7, 64, 1460, 1 << 20]) {
  assert.equal(roundTrip(1000, size), 1000, `in chunks of ${size}`);
}
console.log("test result: ok. 2 passed; 0 failed");
