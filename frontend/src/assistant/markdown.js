// The program that turns Markdown into HTML: src/bin/markdown.rs, loaded when an answer is first shown.

/** Loads it. Its `blocks(text)` returns the HTML of each block. */
export async function loadMarkdown(url) {
  const program = await import(url);
  await program.default();
  return program;
}
