use leptos::prelude::*;

/// A stylesheet for the components, in light and dark; the file `src/components/style.css` of this crate.
///
/// It names classes that begin with `sse-`, and nothing else of the page. What it takes its colours from is
/// [here](super#theme). Most pages take it by [`ComponentStyle`]; another way is a file, written by a build script:
///
/// ```no_run
/// use leptos_eventsource::components::STYLE;
///
/// std::fs::write("public/eventsource.css", STYLE).expect("the folder is there");
/// ```
pub const STYLE: &str = include_str!("style.css");

/// Puts [`STYLE`] into the page.
///
/// Where the `Content-Security-Policy` allows inline styles by a nonce only, it is
/// `<ComponentStyle attr:nonce=use_nonce() />`, with the feature `nonce` of Leptos; where it allows none, link the file.
///
/// ```
/// use leptos::prelude::*;
/// use leptos_eventsource::components::ComponentStyle;
///
/// #[component]
/// fn App() -> impl IntoView {
///     view! { <ComponentStyle /> }
/// }
/// ```
#[component]
pub fn ComponentStyle() -> impl IntoView {
    view! { <style>{STYLE}</style> }
}
