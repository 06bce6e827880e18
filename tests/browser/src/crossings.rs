use wasm_bindgen::prelude::*;

// A module that is imported by this program's is run before WebAssembly is given what it may call.
#[wasm_bindgen(inline_js = r"
    let crossings = 0;
    const counted = (imports) => Object.fromEntries(Object.entries(imports).map(([name, of]) =>
        [name, typeof of === 'function' ? (...args) => { crossings += 1; return of(...args); } : of]));
    for (const name of ['instantiate', 'instantiateStreaming']) {
        const instantiate = WebAssembly[name];
        WebAssembly[name] = (source, imports) => {
            const modules = Object.entries(imports).map(([name, of]) => [name, counted(of)]);
            return instantiate.call(WebAssembly, source, Object.fromEntries(modules));
        };
    }
    export const count_crossings = () => crossings;
")]
extern "C" {
    /// How often this program has called into JavaScript, whatever for; this call included.
    #[must_use]
    pub fn count_crossings() -> f64;
}
