//! The Content-Security-Policy of the page.

use axum::http::HeaderValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::lines::line_feeds;

/// Scripts come from the server, or are the page's own inline ones, named by their hashes: trunk starts the page by
/// one. Styles may be inline, because the chart sets them.
pub(super) fn for_page(html: &str) -> HeaderValue {
    // As a browser hashes them: it has no other line breaks (HTML, "preprocessing the input stream").
    let html = line_feeds(html);
    let hashes: String = inline_scripts(&html)
        .map(|script| format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(script))))
        .collect();
    let policy = format!(
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'{hashes}; style-src 'self' 'unsafe-inline'; \
         img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    // Nothing but ASCII without control characters goes in.
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'self'"))
}

/// The texts of the scripts without a `src`. Reads what trunk writes, not all of HTML: a script that it misses is
/// blocked, not let through.
fn inline_scripts(html: &str) -> impl Iterator<Item = &str> {
    html.split("<script").skip(1).filter_map(|rest| {
        let (attributes, rest) = rest.split_once('>')?;
        let (script, _) = rest.split_once("</script>")?;
        let has_src = attributes.split_ascii_whitespace().any(|attribute| attribute.starts_with("src="));
        (!has_src).then_some(script)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_scripts_are_named_by_their_hash_and_others_are_not() {
        let html = "<script type=\"module\">alert(1)</script><script src=\"/a.js\"></script><p>no script</p>";
        assert_eq!(inline_scripts(html).collect::<Vec<_>>(), ["alert(1)"]);
        let policy = for_page(html);
        // printf 'alert(1)' | openssl dgst -sha256 -binary | base64
        let hash = "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='";
        assert!(policy.to_str().expect("ASCII").contains(hash), "{policy:?}");
        assert!(!policy.to_str().expect("ASCII").contains("unsafe-eval' 'unsafe"), "{policy:?}");
    }

    #[test]
    fn line_breaks_are_hashed_as_browsers_read_them() {
        let lines = |end: &str| format!("<script>{end}a(){end}b(){end}</script>");
        assert_eq!(for_page(&lines("\r\n")), for_page(&lines("\n")));
        assert_eq!(for_page(&lines("\r")), for_page(&lines("\n")));
        assert_ne!(for_page(&lines("\n")), for_page(&lines(" ")));
    }
}
