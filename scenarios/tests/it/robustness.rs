//! No text makes the reader panic, and no finding lies outside its file.

use proptest::prelude::*;

use crate::text::{GOOD, try_plan};

const SHOP: &str = include_str!("../../systems/shop/system.yaml");
const FILES: &str = include_str!("../../examples/files.yaml");

/// Pieces that are likely to lead somewhere.
const PIECES: [&str; 22] = [
    "\n", "  ", "- ", ": ", "{", "}", "[", "]", "&a ", "*a", "!t ", "\"", "'", "|", "#", "~",
    "fault", "0s", "99%", "é", "1e9", "-> ",
];

fn check(text: &str) {
    let Ok(source) = lab_scenarios::Source::new("x.yaml", text.into()) else {
        return;
    };
    let source = std::sync::Arc::new(source);
    let _ = lab_scenarios::systems::read(source);
    let Err(found) = try_plan(text) else { return };
    let (errors, _) = found.count();
    assert!(errors > 0, "refused without an error");
    for diagnostic in &found {
        let end = diagnostic.offset() + diagnostic.length();
        assert!(
            text.get(diagnostic.offset()..end).is_some(),
            "{diagnostic:?}"
        );
        assert!(diagnostic.plain().len() < 10_000);
    }
}

/// A text with some stretches replaced by other pieces.
fn mutated(text: &'static str) -> impl Strategy<Value = String> {
    let change = (
        any::<prop::sample::Index>(),
        0_usize..30,
        prop::sample::select(&PIECES[..]),
    );
    prop::collection::vec(change, 1..4).prop_map(move |changes| {
        let mut text = text.to_owned();
        for (index, length, piece) in changes {
            let boundary = |at: usize| (0..=at).rev().find(|at| text.is_char_boundary(*at));
            let start = boundary(index.index(text.len() + 1)).unwrap_or(0);
            let end = boundary((start + length).min(text.len())).unwrap_or(start);
            text.replace_range(start..end, piece);
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn noise(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn pieces(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..60)) {
        check(&pieces.concat());
    }

    #[test]
    fn mutated_scenarios(text in mutated(GOOD)) {
        check(&text);
    }

    #[test]
    fn mutated_inline_scenarios(text in mutated(FILES)) {
        check(&text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn mutated_systems(text in mutated(SHOP)) {
        check(&text);
    }
}
