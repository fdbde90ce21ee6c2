//! Secrets are taken out of text before it is stored or shown, by their values.

/// What stands where a secret stood.
const MASK: &str = "***";

/// The longest text that is kept of one block, in bytes: its beginning and its end.
const LONGEST: usize = 8 << 10;

/// Values that must never be seen.
#[derive(Clone, Default)]
pub struct Masks(Vec<String>);

impl std::fmt::Debug for Masks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Masks({})", self.0.len())
    }
}

impl Masks {
    /// Values; an empty one hides nothing.
    pub fn new(values: impl IntoIterator<Item = String>) -> Self {
        let mut values: Vec<String> = values
            .into_iter()
            // Lines are masked line by line as well: output may be indented or cut.
            .flat_map(|value| {
                let lines: Vec<String> = value.lines().map(|line| line.trim().to_owned()).collect();
                lines.into_iter().chain([value])
            })
            .filter(|value| !value.is_empty())
            .collect();
        // A secret that holds another one goes first.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.dedup();
        Self(values)
    }

    /// A text without them.
    pub fn apply(&self, text: &str) -> String {
        let hide = |text: String, value: &String| text.replace(value.as_str(), MASK);
        self.0.iter().fold(text.to_owned(), hide)
    }

    /// A text without them, its middle left out where it is long.
    pub fn shorten(&self, text: &str) -> String {
        let text = self.apply(text);
        if text.len() <= LONGEST {
            return text;
        }
        let (mut head, mut tail) = (LONGEST / 2, text.len() - LONGEST / 2);
        while !text.is_char_boundary(head) {
            head -= 1;
        }
        while !text.is_char_boundary(tail) {
            tail += 1;
        }
        let left_out = tail - head;
        format!("{}\n… {left_out} bytes …\n{}", &text[..head], &text[tail..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_wherever_they_stand() {
        let masks = Masks::new([
            "s3cret".to_owned(),
            "s3cret-longer".to_owned(),
            String::new(),
        ]);
        assert_eq!(masks.apply("a s3cret-longer b s3cret"), "a *** b ***");
        assert_eq!(masks.apply("nothing"), "nothing");
        let lines = Masks::new(["-----\n  key1\nkey2".to_owned()]);
        assert_eq!(lines.apply("x key2 key1"), "x *** ***");
        assert_eq!(format!("{masks:?}"), "Masks(2)");
    }

    #[test]
    fn long_output_keeps_its_ends_and_hides_before_it_cuts() {
        let masks = Masks::new(["s3cret".to_owned()]);
        let text = format!(
            "begin {} s3cret {} end",
            "é".repeat(LONGEST),
            "x".repeat(LONGEST)
        );
        let kept = masks.shorten(&text);
        assert!(kept.len() < LONGEST + 40 && !kept.contains("s3c"));
        assert!(kept.starts_with("begin") && kept.ends_with(" end"));
    }
}
