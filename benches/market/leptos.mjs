// Starts the page in Leptos. The bundler knows the package of that name by its glue.
import init from "leptos-page";
import { measure } from "./measure.mjs";

const { memory } = await init();
measure(() => memory.buffer.byteLength);
