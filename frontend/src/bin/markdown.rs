//! Markdown to HTML, as a program of its own: it is half as large as the rest of the page, so it is loaded by the page
//! that shows answers, and by no other.
//!
//! What a model writes is not trusted. Markup in it is shown as text, a link keeps its address only if that is harmless,
//! and an image becomes a link to it: a picture from somewhere would tell that somewhere who reads.

use comrak::nodes::{AstNode, NodeValue};
use comrak::{Arena, Options, format_html, parse_document};
use wasm_bindgen::prelude::*;

fn main() {}

/// The HTML of each block at the top level: of an answer that grows, all but the last ones stay as they are.
#[wasm_bindgen]
#[must_use]
pub fn blocks(markdown: &str) -> Vec<String> {
    let options = options();
    let arena = Arena::new();
    let root = parse_document(&arena, markdown, &options);
    root.descendants().for_each(name_image);
    root.children().map(|block| html(block, &options)).collect()
}

fn options() -> Options<'static> {
    let mut options = Options::default();
    options.extension.autolink = true;
    options.extension.cjk_friendly_emphasis = true;
    options.extension.strikethrough = true;
    options.extension.table = true;
    options.render.escape = true;
    options
}

/// Makes a link of an image.
fn name_image<'a>(node: &'a AstNode<'a>) {
    let mut ast = node.data.borrow_mut();
    if let NodeValue::Image(image) = &ast.value {
        ast.value = NodeValue::Link(image.clone());
    }
}

fn html<'a>(block: &'a AstNode<'a>, options: &Options<'_>) -> String {
    let mut html = String::new();
    // Writing to a `String` cannot fail.
    let _ = format_html(block, options, &mut html);
    // In text and in attributes `<` is escaped, so this finds links and blocks of code and nothing else. A block of
    // code may be wider than the page, and is scrolled by the keyboard, too.
    html.replace("<a href=", "<a target=\"_blank\" rel=\"noopener noreferrer nofollow\" href=")
        .replace("<pre>", "<pre tabindex=\"0\">")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(markdown: &str) -> String {
        blocks(markdown).concat()
    }

    #[test]
    fn markup_is_shown_as_text() {
        for markup in
            ["<script>alert(1)</script>", "a <img src=x onerror=alert(1)> b", "<a href=x onclick=y>z</a>"]
        {
            let html = whole(markup);
            assert!(html.contains("&lt;"), "{html}");
            assert!(!["<script", "<img", "<a "].iter().any(|tag| html.contains(tag)), "{html}");
        }
        assert!(!whole("`<a href=x>`").contains("target="));
    }

    #[test]
    fn a_link_leads_elsewhere_only_and_only_to_what_is_harmless() {
        let html = whole("[a](https://example.org \"b<a href=c\")");
        assert_eq!(html.matches("<a ").count(), 1, "{html}");
        assert!(html.contains("rel=\"noopener noreferrer nofollow\" href=\"https://example.org\""), "{html}");
        for address in
            ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "vbscript:x", "data:text/html,x", "file:///etc"]
        {
            let html = whole(&format!("[a]({address})"));
            assert!(html.contains("href=\"\""), "{html}");
        }
    }

    #[test]
    fn a_block_of_code_can_have_the_focus() {
        let html = whole("```rust\nlet x = \"<pre>\";\n```\n\n    indented");
        assert_eq!(html.matches("<pre tabindex=\"0\">").count(), 2, "{html}");
        assert_eq!(html.matches("<pre").count(), 2, "{html}");
    }

    #[test]
    fn an_image_is_a_link_to_it() {
        let html = whole("![a cat](https://example.org/cat.png)");
        assert!(!html.contains("<img") && html.contains(">a cat</a>"), "{html}");
    }

    #[test]
    fn chinese_is_emphasised_without_spaces() {
        let html = whole("你问的是**“为什么？”**。甚至**强调**和*斜体*。");
        assert!(html.contains("<strong>“为什么？”</strong>") && html.contains("<em>斜体</em>"), "{html}");
    }

    #[test]
    fn what_is_finished_of_a_growing_answer_stays_as_it_is() {
        let text = "# A\n\nb **c**\n\n1. d\n2. e\n\n```rust\nlet x = 1;\n```\n\nthe end";
        let whole = blocks(text);
        assert_eq!(whole.len(), 5);
        for (end, _) in text.char_indices() {
            let part = blocks(&text[..end]);
            let settled = part.len().saturating_sub(1);
            // A line may still turn out to be a heading or a paragraph that goes on; what is before it may not.
            assert_eq!(part[..settled], whole[..settled], "{:?}", &text[..end]);
        }
    }
}
