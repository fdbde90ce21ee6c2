//! No text makes the reader panic, and no fence is dropped.

use std::sync::Arc;

use lab_runbooks::{Runnable, Source, plan, read, show};
use proptest::prelude::*;

/// Reads, plans and shows whatever it is.
fn survive(text: &str) {
    let Ok(source) = Source::new("a.md", text.into()) else {
        return;
    };
    let reading = read(&Arc::new(source));
    let lines = text.lines().count().max(1);
    for diagnostic in reading.diagnostics() {
        assert!(
            diagnostic.position().line <= lines,
            "{}",
            diagnostic.plain()
        );
    }
    for block in reading.blocks() {
        if let Runnable::Manual { reasons } = &block.runnable {
            assert!(!reasons.is_empty(), "{}", block.id);
        }
    }
    if let Ok((runbook, _)) = reading.into_runbook() {
        let plan = plan(&runbook);
        let planned = [&plan.order, &plan.undo, &plan.aside];
        let mut indices: Vec<_> = planned
            .into_iter()
            .flatten()
            .map(|entry| entry.index)
            .collect();
        indices.sort_unstable();
        assert!(
            indices.into_iter().eq(0..runbook.blocks().len()),
            "each block once"
        );
        assert!(!show::text(&runbook, &plan).is_empty());
    }
}

/// Pieces that mean something to the reader, so that random files meet its special cases.
fn piece() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "```",
        "~~~",
        "````",
        "\n",
        "\n\n",
        "> ",
        "- ",
        "1. ",
        "    ",
        "\t",
        "---\n",
        "+++\n",
        "lab:",
        "lab: { schema: runbook/1, id: a }\n",
        "{",
        "}",
        "\"",
        ":",
        ",",
        "bash",
        " ",
        "$ ",
        "<pod>",
        "<<EOF",
        "$X",
        "${",
        "\\",
        "<details>",
        "<!--",
        "-->",
        "|",
        "[^1]: ",
        "# ",
        "\r\n",
        "é",
        "{\"name\":\"a\",\"lab.kind\":\"step\"}",
        "{\"name\":\"b\",\"lab.kind\":\"rollback\",\"lab.undo\":\"a\"}",
        "{\"lab.kind\":\"verify\",\"lab.needs\":\"a\",\"lab.retry\":\"5x3s\"}",
        "[lab]\n",
        "&a",
        "*a",
    ]);
    prop_oneof![8 => pieces.prop_map(str::to_owned), 1 => "\\PC{0,8}"]
}

/// Where a block stands.
#[derive(Debug, Clone, Copy)]
enum Around {
    Nothing,
    List,
    Numbered,
    Quote,
    QuotedList,
}

fn around() -> impl Strategy<Value = Around> {
    use Around::{List, Nothing, Numbered, Quote, QuotedList};
    prop::sample::select(vec![Nothing, List, Numbered, Quote, QuotedList])
}

#[derive(Debug, Clone)]
struct Fence {
    around: Around,
    mark: char,
    length: usize,
    info: String,
    lines: Vec<String>,
}

impl Fence {
    fn markdown(&self) -> String {
        let fence = self.mark.to_string().repeat(self.length);
        let (first, rest) = match self.around {
            Around::Nothing => ("", ""),
            Around::List => ("- ", "  "),
            Around::Numbered => ("7. ", "   "),
            Around::Quote => ("> ", "> "),
            Around::QuotedList => ("> - ", ">   "),
        };
        let mut text = format!("{first}{fence}{}\n", self.info);
        for line in self.lines.iter().chain([&fence]) {
            text.push_str(rest);
            text.push_str(line);
            text.push('\n');
        }
        // A paragraph ends the list or quote, so that each block has its own.
        text + "\nText.\n\n"
    }
}

fn fence() -> impl Strategy<Value = Fence> {
    let info = prop::sample::select(vec![
        "",
        "bash",
        "sh {\"name\":\"x\"}",
        "bash {\"lab.kind\":\"step\"}",
        " js {1,2}",
        "{\"lab.kind\":",
        "bash {\"lab.needs\":[]}",
        "{.sh}",
        "python title=\"x\"",
    ]);
    // Lines that are no fence themselves.
    let lines = prop::collection::vec("[a-z$<>{}# |&\"'\\\\-]{0,20}", 0..4);
    (
        around(),
        prop::sample::select(vec!['`', '~']),
        3..6_usize,
        info,
        lines,
    )
        .prop_map(|(around, mark, length, info, lines)| Fence {
            around,
            mark,
            length,
            info: info.to_owned(),
            lines,
        })
}

proptest! {
    #[test]
    fn no_text_panics(text in "(?s).{0,200}") {
        survive(&text);
    }

    #[test]
    fn no_pieces_panic(pieces in prop::collection::vec(piece(), 0..60)) {
        survive(&pieces.concat());
    }

    #[test]
    fn every_fence_is_a_block(fences in prop::collection::vec(fence(), 1..8)) {
        let text: String = fences.iter().map(Fence::markdown).collect();
        let source = Arc::new(Source::new("a.md", format!("Begin.\n\n{text}").into()).unwrap());
        let reading = read(&source);
        prop_assert_eq!(reading.blocks().len(), fences.len(), "{}", text);
        for (block, fence) in reading.blocks().iter().zip(&fences) {
            let written: String = fence.lines.iter().flat_map(|line| [line, "\n"]).collect();
            prop_assert_eq!(&block.text, &written);
        }
        // Nothing that cannot be read goes without a word.
        for (block, fence) in reading.blocks().iter().zip(&fences) {
            let unread = ["{1,2}", "{\"lab.kind\":", "[]", "{.sh}"].iter().any(|part| fence.info.ends_with(part) || fence.info.contains("[]"));
            let line = block.position.line;
            let said = reading.diagnostics().iter().any(|one| one.position().line == line);
            prop_assert!(said || !unread, "line {} of {}", line, text);
        }
    }
}

#[test]
fn large_files_take_little_time() {
    let check = |text: String| survive(&text[..text.floor_char_boundary(Source::MAX_BYTES)]);
    check("```sh {\"lab.kind\":\"step\",\"lab.needs\":\"nobody\"}\nx\n```\n".repeat(3_000));
    check("<a>".repeat(100_000));
    check(format!(
        "```sh {{{}\"a\":\"b\"}}\nx\n```\n",
        "\"lab.x\":\"y\",".repeat(20_000)
    ));
    check(format!("---\nlab:\n{}---\n", "  - [a]\n".repeat(20_000)));
    check(format!("---\nlab: {}", "[".repeat(50_000)));
    check(format!("+++\nlab = {}\n+++\n", "[".repeat(10_000)));
    check("> ".repeat(5_000) + "```\n");
    check(format!(
        "```sh {{\"lab.kind\":\"step\"}}\n{}```\n",
        "<a> $X $ \n".repeat(20_000)
    ));
}
