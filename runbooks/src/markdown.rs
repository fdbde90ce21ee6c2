//! Markdown to code blocks: wherever they stand, none left out, each with its place.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use crate::code::Code;
use crate::text::Text;
use lab_diagnostic::{Finding, Findings, Place, Source};

/// How much of a heading is kept, in characters: it is repeated with each block below it.
const LONGEST_HEADING: usize = 120;

/// A code block as Markdown sees it.
#[derive(Debug)]
pub(crate) struct CodeBlock {
    /// Its first line, from the fence on.
    pub(crate) place: Place,
    /// What follows the opening fence, as written; `None` where the block is indented.
    pub(crate) info: Option<Place>,
    /// Whether a closing fence ends it; an indented block needs none.
    pub(crate) closed: bool,
    /// The heading it stands under.
    pub(crate) section: Option<String>,
    /// What it holds.
    pub(crate) text: Text,
    whole: Range<usize>,
}

/// What a file holds for a runbook.
#[derive(Debug, Default)]
pub(crate) struct Document {
    /// The first heading.
    pub(crate) title: Option<String>,
    /// All code blocks, in the order of the file.
    pub(crate) blocks: Vec<CodeBlock>,
}

/// Reads a file from `start` on, where its front matter has ended.
pub(crate) fn read(source: &Source, start: usize, findings: &mut Findings) -> Document {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM;
    let body = source.text().get(start..).unwrap_or_default();
    let mut document = Document::default();
    let mut section: Option<String> = None;
    let mut heading: Option<String> = None;
    let mut open: Option<CodeBlock> = None;
    for (event, range) in Parser::new_ext(body, options).into_offset_iter() {
        let range = range.start + start..range.end + start;
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                let indented = matches!(kind, CodeBlockKind::Indented);
                open = Some(begin(source, range, indented, section.clone()));
            }
            Event::End(TagEnd::CodeBlock) => document.blocks.extend(open.take()),
            Event::Text(text) => {
                if let Some(block) = &mut open {
                    block.text.push(&text, Place::new(range.start, range.end));
                } else if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::Code(text) => heading
                .iter_mut()
                .for_each(|heading| heading.push_str(&text)),
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                let text = heading.take().unwrap_or_default();
                section = (!text.is_empty()).then(|| text.chars().take(LONGEST_HEADING).collect());
                document.title = document.title.or_else(|| section.clone());
            }
            _ => {}
        }
    }
    document.blocks.sort_by_key(|block| block.place);
    for block in &document.blocks {
        inside(source, block, findings);
    }
    strays(source, start, &document.blocks, findings);
    document
}

fn begin(
    source: &Source,
    range: Range<usize>,
    indented: bool,
    section: Option<String>,
) -> CodeBlock {
    let whole = source.slice(Place::new(range.start, range.end));
    let line = whole.split('\n').next().unwrap_or_default();
    let blank = line.len() - line.trim_start().len();
    let (line, line_start) = (line.trim(), range.start + blank);
    let place = Place::new(line_start, line_start + line.len());
    let fence = fence(line).filter(|_| !indented);
    let info = fence.map(|(_, length)| {
        let info = line.get(length..).unwrap_or_default();
        let start = line_start + length + (info.len() - info.trim_start().len());
        Place::new(start, start + info.trim().len())
    });
    let closed = fence.is_none_or(|(mark, length)| {
        let last = whole
            .trim_end()
            .rsplit_once('\n')
            .map_or("", |(_, last)| last);
        let last = last.trim_start_matches([' ', '\t', '>']).trim_end();
        last.len() >= length && last.chars().all(|c| c == mark)
    });
    CodeBlock {
        place,
        // A fenced block always has an info string, though it may be empty.
        info: info.or((!indented).then_some(Place::new(place.end, place.end))),
        closed,
        section,
        text: Text::default(),
        whole: range,
    }
}

/// The character of a fence and its length, where a line begins with one.
fn fence(line: &str) -> Option<(char, usize)> {
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = line.chars().take_while(|c| *c == mark).count();
    (length >= 3).then_some((mark, length))
}

/// What within a block looks as if another block was meant.
fn inside(source: &Source, block: &CodeBlock, findings: &mut Findings) {
    let outer = fence(source.slice(block.place)).filter(|_| block.info.is_some());
    let mut open = false;
    for (at, line) in block.text.lines() {
        let trimmed = line.trim_start();
        let Some((mark, length)) = fence(trimmed) else {
            continue;
        };
        let rest = trimmed.get(length..).unwrap_or_default().trim();
        let place = block
            .text
            .place(at + (line.len() - trimmed.len()), at + line.len());
        match outer {
            // The next one closes what this one would have opened.
            None if open && rest.is_empty() => open = false,
            None if !rest.contains(mark) => {
                open = true;
                findings.add(
                    Finding::new(
                        Code::IndentedFence,
                        place,
                        "this fence is indented and opens no block",
                    )
                    .help("indent it as much as the text of its list item, or not at all"),
                );
            }
            Some((of, least)) if of == mark && length >= least && !rest.is_empty() => {
                let line = source.position(block.place.start).line;
                findings.add(
                    Finding::new(
                        Code::FenceInside,
                        place,
                        "this fence is text of another block",
                    )
                    .help(format!(
                        "the block that opens in line {line} is not closed before it"
                    )),
                );
            }
            _ => {}
        }
    }
}

/// Lines outside all blocks that look like fences: what they hold is not seen as a block.
fn strays(source: &Source, start: usize, blocks: &[CodeBlock], findings: &mut Findings) {
    let mut blocks = blocks.iter().map(|block| &block.whole).peekable();
    let mut at = start;
    let mut open = false;
    for line in source
        .text()
        .get(start..)
        .unwrap_or_default()
        .split_inclusive('\n')
    {
        let end = at + line.len();
        while blocks.next_if(|block| block.end <= at).is_some() {}
        let within = blocks.peek().is_some_and(|block| block.start < end);
        let bare = line.trim_start_matches([' ', '\t', '>', '-', '*', '+']);
        let numbered = bare.trim_start_matches(|c: char| c.is_ascii_digit());
        let bare = numbered
            .strip_prefix(['.', ')'])
            .map_or(bare, str::trim_start);
        if let Some((mark, length)) = fence(bare).filter(|_| !within) {
            let rest = bare.get(length..).unwrap_or_default().trim();
            at = end;
            if open && rest.is_empty() {
                open = false;
                continue;
            }
            open = !rest.contains(mark);
            let from = end - bare.len();
            let place = Place::new(from, from + bare.trim_end().len());
            findings.add(
                Finding::new(Code::StrayFence, place, "this line looks like a fence and opens no block")
                    .help("put an empty line before it, and nothing but the language and attributes behind it"),
            );
        }
        at = end;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// `info|text` of each block, and the codes found.
    fn check(text: &str, blocks: &[&str], codes: &[&str]) {
        let source = Arc::new(Source::new("a.md", text.into()).unwrap());
        let mut findings = Findings::default();
        let document = read(&source, 0, &mut findings);
        let shown = |block: &CodeBlock| {
            let info = block.info.map_or("indented", |info| source.slice(info));
            format!("{info}|{}", block.text.as_str())
        };
        let found: Vec<_> = document.blocks.iter().map(shown).collect();
        assert_eq!(found, blocks, "{text}");
        let found = findings.into_diagnostics(&source);
        let found: Vec<_> = found.iter().map(|one| one.code().as_str()).collect();
        assert_eq!(found, codes, "{text}");
    }

    #[test]
    fn blocks_are_found_anywhere() {
        check("```bash\na\n```\n", &["bash|a\n"], &[]);
        check("- x\n\n  ```sh\n  a\n    b\n  ```\n", &["sh|a\n  b\n"], &[]);
        check("> ~~~sh x\n> a\n> ~~~\n", &["sh x|a\n"], &[]);
        check(
            "````md\n```sh\na\n```\n````\n",
            &["md|```sh\na\n```\n"],
            &[],
        );
        check("x\n\n    a\n\ny\n", &["indented|a\n"], &[]);
        check("```\r\na\r\n```\r\n", &["|a\n"], &[]);
        check("> 1. - ```\n>      a\n>      ```\n", &["|a\n"], &[]);
    }

    #[test]
    fn what_is_no_block_is_said() {
        check(
            "<details>\n```sh\na\n```\n</details>\n",
            &[],
            &["runbook::stray-fence"],
        );
        check("```rm -rf x```\n", &[], &["runbook::stray-fence"]);
        check(
            "x\n\n    ```sh\n    a\n    ```\n",
            &["indented|```sh\na\n```\n"],
            &["runbook::indented-fence"],
        );
        check(
            "```sh\na\n```sh\nb\n```\n",
            &["sh|a\n```sh\nb\n"],
            &["runbook::fence-inside"],
        );
    }

    #[test]
    fn an_open_fence_is_seen() {
        let check = |text: &str, closed| {
            let source = Source::new("a.md", text.into()).unwrap();
            let document = read(&source, 0, &mut Findings::default());
            assert_eq!(document.blocks[0].closed, closed, "{text}");
        };
        check("```sh\na\n```\n", true);
        check("```sh\na\n`````", true);
        check("> ```sh\n> a\n> ```\n", true);
        check("```sh\na\n", false);
        check("```sh", false);
        check("> ```sh\n> a\n\nx\n", false);
        check("~~~sh\na\n```\n", false);
    }
}
