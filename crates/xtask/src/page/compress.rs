//! Compresses the page's files once, so that the server never has to.

use std::path::Path;

use anyhow::Result;

use crate::repo::Repo;

/// Node has both encoders built in, and the build needs Node anyway. Encoders of our own would add minutes of
/// compilation to the first `cargo xtask` on a machine.
pub(super) const SCRIPT: &str = "crates/xtask/src/page/compress.mjs";

/// Writes a `.br` and a `.gz` beside each file of the folder that gets smaller by it.
pub(crate) fn folder(repo: &Repo, folder: &Path) -> Result<()> {
    repo.cmd("node").arg(SCRIPT).arg(folder).capture().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn text_and_wasm_are_compressed_and_images_are_not() {
        let repo = Repo::of_tests();
        let dist = repo.work("tests/compress");
        let _ = fs::remove_dir_all(&dist);
        fs::create_dir_all(dist.join("snippets")).expect("target can be written");
        let text = "the same line again and again\n".repeat(400);
        for name in ["index.html", "page_bg.wasm", "snippets/a.js", "photo.png"] {
            fs::write(dist.join(name), &text).expect("can be written");
        }
        fs::write(dist.join("tiny.css"), "a{}").expect("can be written");
        // Left over from a build whose file has other contents now.
        fs::write(dist.join("tiny.css.br"), "old").expect("can be written");

        folder(&repo, &dist).expect("node compresses");

        let size = |name: &str| fs::metadata(dist.join(name)).ok().map(|meta| meta.len());
        for name in ["index.html", "page_bg.wasm", "snippets/a.js"] {
            for end in ["br", "gz"] {
                let compressed = size(&format!("{name}.{end}"));
                assert!(compressed.is_some_and(|len| len < 1000), "{name}.{end}: {compressed:?}");
            }
        }
        assert_eq!(fs::read(dist.join("index.html.gz")).expect("is there")[..2], [0x1f, 0x8b]);
        assert_eq!(size("photo.png.gz"), None);
        assert_eq!(size("tiny.css.br"), None, "nothing gained, and the old one is gone");
    }

    #[test]
    fn a_failure_is_told_in_one_line() {
        let error = folder(&Repo::of_tests(), Path::new("/no/such/folder")).expect_err("it is not there");
        assert_eq!(format!("{error:#}").lines().count(), 1, "{error:#}");
    }
}
