//! Whatever a journal holds, there is a report, it fits its width, and it is always the same.

use std::sync::LazyLock;

use lab_model::Journal;
use lab_report::{FORMATS, Live, Run, Style, plan};
use proptest::prelude::*;

use crate::check_fits;
use crate::sample::Course;

static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| Course::short().bytes());

fn style() -> impl Strategy<Value = Style> {
    (any::<bool>(), 20_usize..=200, any::<bool>()).prop_map(|(color, width, unicode)| Style {
        color,
        width,
        unicode,
    })
}

fn check(bytes: &[u8], style: Style) -> Result<(), TestCaseError> {
    let Ok(journal) = Journal::read(bytes) else {
        return Ok(());
    };
    let verdict = lab_verdict::judge(&journal);
    let run = Run::new(&journal, &verdict, Some(crate::KEPT));
    for format in FORMATS {
        let text = (format.render)(&run, &style);
        prop_assert_eq!(&text, &(format.render)(&run, &style));
        prop_assert!(text.ends_with('\n') && !text.ends_with("\n\n"));
        if format.name == "terminal" {
            check_fits(&text, style);
        }
    }
    check_fits(&plan::text(run.plan(), &style), style);
    let mut live = Live::new(run.plan(), style);
    for record in &journal.records {
        for line in live.push(record) {
            check_fits(&line, style);
        }
        let status = live.status();
        prop_assert!(!status.contains('\n'));
        check_fits(&status, style);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_journal_cut_anywhere(cut in any::<prop::sample::Index>(), style in style()) {
        check(&BYTES[..cut.index(BYTES.len())], style)?;
    }

    #[test]
    fn a_journal_with_wrong_bytes(
        places in prop::collection::vec((any::<prop::sample::Index>(), b'0'..=b'9'), 1..20),
        style in style(),
    ) {
        let mut bytes = BYTES.clone();
        for (place, digit) in places {
            // Digits for digits: most lines stay readable and say something absurd.
            let place = place.index(bytes.len());
            if bytes[place].is_ascii_digit() {
                bytes[place] = digit;
            }
        }
        check(&bytes, style)?;
    }
}
