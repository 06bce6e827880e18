// Starts a Leptos page. The bundler knows the package of that name by its glue.
import init from "leptos-page";

init();
