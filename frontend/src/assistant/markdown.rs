//! Markdown as it is shown. Until the program that renders it is there, or if it cannot be had, it is shown as it was
//! written.

use js_sys::Array;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::prelude::*;

use crate::module;

#[wasm_bindgen(module = "/src/assistant/markdown.js")]
extern "C" {
    #[derive(Clone)]
    type Program;

    #[wasm_bindgen(catch, js_name = loadMarkdown)]
    async fn load_markdown(url: &str) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn blocks(this: &Program, markdown: &str) -> Result<Array, JsValue>;
}

/// What turns Markdown into HTML. `Copy`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Renderer {
    program: RwSignal<Option<Program>, LocalStorage>,
    /// How often it was to be loaded.
    attempts: StoredValue<u32>,
    is_loading: StoredValue<bool>,
}

impl Renderer {
    /// Begins to load it.
    pub(super) fn new() -> Self {
        let (attempts, is_loading) = (StoredValue::new(0), StoredValue::new(false));
        let renderer = Self { program: RwSignal::new_local(None), attempts, is_loading };
        renderer.load();
        renderer
    }

    /// Begins to load it, unless it is there or about to be. Where that has failed, the server may be back by now.
    fn load(self) {
        if self.program.with_untracked(Option::is_some) || self.is_loading.get_value() {
            return;
        }
        self.is_loading.set_value(true);
        let url = module::address("markdown.js", self.attempts.get_value());
        self.attempts.update_value(|attempts| *attempts += 1);
        spawn_local(async move {
            // What the browser says about a failure is in the console.
            if let Ok(program) = load_markdown(&url).await {
                let _ = self.program.try_set(Some(program.unchecked_into()));
            }
            self.is_loading.try_set_value(false);
        });
    }

    /// The HTML of each block; `None` if it cannot be had.
    fn blocks(self, markdown: &str) -> Option<Vec<String>> {
        let program = self.program.get()?;
        let blocks = program.blocks(markdown).ok()?;
        Some(blocks.iter().filter_map(|block| block.as_string()).collect())
    }
}

/// A text in Markdown. Only the blocks that have changed are drawn anew, so that what is selected or scrolled stays so
/// while more comes.
#[component]
pub(super) fn Markdown(
    /// The text.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    let renderer = expect_context::<Renderer>();
    // When an answer begins, or is shown.
    let has_text = Memo::new(move |_| !text.read().is_empty());
    Effect::new(move || {
        if has_text.get() {
            renderer.load();
        }
    });
    let blocks = Memo::new(move |_| renderer.blocks(&text.read()));
    let each = move || blocks.get().unwrap_or_default().into_iter().enumerate();
    view! {
        <Show
            when=move || blocks.read().is_some()
            fallback=move || view! { <p class="markdown-plain">{text}</p> }
        >
            // The program lets no markup through: see its tests.
            <For each=each key=Clone::clone let((_, html))>
                <div class="markdown-block" dir="auto" inner_html=html></div>
            </For>
        </Show>
    }
}
