//! What `.dockerignore` keeps out of a build: each line a pattern, from the folder's root; the last
//! one that matches a path or a folder above it decides.

use std::fs;
use std::path::{Component, Path};

use regex::Regex;

/// A file with more patterns is none of patterns.
const MOST_BYTES: u64 = 1 << 20;

/// The patterns of a build.
#[derive(Debug, Default)]
pub(super) struct Ignored {
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    text: Regex,
    /// What matches is sent all the same.
    kept: bool,
}

impl Ignored {
    /// The patterns of a folder: those beside the instructions (`Dockerfile.dockerignore`), else
    /// those of the folder; none where there is no such file.
    pub(super) fn read(folder: &Path, dockerfile: &str) -> Result<Self, String> {
        let own = folder.join(format!("{dockerfile}.dockerignore"));
        for path in [own, folder.join(".dockerignore")] {
            let broken = |error: std::io::Error| format!("{}: {error}", path.display());
            match fs::metadata(&path) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(broken(error)),
                Ok(about) if about.len() > MOST_BYTES => {
                    return Err(format!("{}: too large for patterns", path.display()));
                }
                Ok(_) => {
                    let text = fs::read_to_string(&path).map_err(broken)?;
                    return Self::parse(&text)
                        .map_err(|error| format!("{}:{error}", path.display()));
                }
            }
        }
        Ok(Self::default())
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut patterns = Vec::new();
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            if line.starts_with('#') {
                continue;
            }
            let line = line.trim();
            let (kept, rest) = match line.strip_prefix('!') {
                Some(rest) => (true, rest.trim()),
                None => (false, line),
            };
            let cleaned = cleaned(rest);
            if cleaned.is_empty() {
                continue;
            }
            let text = Regex::new(&expression(&cleaned))
                .map_err(|_| format!("{}: `{line}` is no pattern", index + 1))?;
            patterns.push(Pattern { text, kept });
        }
        Ok(Self { patterns })
    }

    /// Whether a path within the folder is left out.
    pub(super) fn covers(&self, path: &Path) -> bool {
        let text = path.to_string_lossy();
        let ends = text.match_indices('/').map(|(at, _)| at);
        let ends: Vec<usize> = ends.chain([text.len()]).collect();
        let matches = |pattern: &Pattern| {
            let mut parts = ends.iter().filter_map(|end| text.get(..*end));
            parts.any(|part| pattern.text.is_match(part))
        };
        let mut covered = false;
        for pattern in &self.patterns {
            if pattern.kept == covered && matches(pattern) {
                covered = !pattern.kept;
            }
        }
        covered
    }
}

/// A pattern without `.`, `..` and slashes at its ends.
fn cleaned(pattern: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    for component in Path::new(pattern).components() {
        match component {
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            Component::ParentDir => {
                parts.pop();
            }
            _ => {}
        }
    }
    parts.join("/")
}

/// A pattern as a regular expression: `*` and `?` stay within a name, `**` goes through folders.
fn expression(pattern: &str) -> String {
    let mut out = String::from("^");
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '*' if letters.peek() == Some(&'*') => {
                letters.next();
                if letters.peek() == Some(&'/') {
                    letters.next();
                    out.push_str("(.*/)?");
                } else {
                    out.push_str(".*");
                }
            }
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            '[' | ']' => out.push(letter),
            '\\' => {
                let next = letters.next().unwrap_or('\\');
                out.push_str(&regex::escape(&next.to_string()));
            }
            '-' => out.push('-'),
            '^' if out.ends_with('[') && !out.ends_with("\\[") => out.push('^'),
            other => out.push_str(&regex::escape(&other.to_string())),
        }
    }
    out.push('$');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(patterns: &str, left_out: &[&str], sent: &[&str]) {
        let ignored = Ignored::parse(patterns).unwrap();
        for path in left_out {
            assert!(ignored.covers(Path::new(path)), "{path} is sent");
        }
        for path in sent {
            assert!(!ignored.covers(Path::new(path)), "{path} is left out");
        }
    }

    #[test]
    fn patterns_begin_at_the_root() {
        check(
            "# remark\n\ntarget\n/.git/\n*.log\n",
            &["target", "target/a/b", ".git/HEAD", "x.log"],
            &["a/target", "a/x.log", "targets", "# remark"],
        );
    }

    #[test]
    fn stars_go_through_folders_where_there_are_two() {
        check(
            "**/*.tmp\na/**/z\nb/**\nc?d\n[xy].txt\n",
            &[
                "a.tmp",
                "q/r/a.tmp",
                "a/z",
                "a/b/c/z",
                "b/1/2",
                "cod",
                "x.txt",
            ],
            &["b", "c/d", "z.txt", "a/y"],
        );
    }

    #[test]
    fn the_last_match_decides() {
        check(
            "docs\n!docs/README.md\ndocs/**/secret\n*\n!src\n",
            &["docs/a.md", "docs/README.md", "Makefile"],
            &["src", "src/main.rs"],
        );
        check("[^xy].md\n^\n", &["a.md", "^"], &["x.md"]);
        check("a\n!a/b\n", &["a/c"], &["a/b", "a/b/c"]);
    }

    #[test]
    fn a_broken_pattern_is_named() {
        assert_eq!(
            Ignored::parse("ok\n[a\n").unwrap_err(),
            "2: `[a` is no pattern"
        );
        assert!(!Ignored::parse("../..\n.\n").unwrap().covers(Path::new("a")));
    }

    #[test]
    fn patterns_beside_the_instructions_come_first() {
        let home = tempfile::tempdir().unwrap();
        let read = |file| Ignored::read(home.path(), file).unwrap();
        assert!(!read("Dockerfile").covers(Path::new("a")));
        fs::write(home.path().join(".dockerignore"), "a\n").unwrap();
        fs::write(home.path().join("other.dockerignore"), "b\n").unwrap();
        assert!(read("Dockerfile").covers(Path::new("a")));
        assert!(read("other").covers(Path::new("b")) && !read("other").covers(Path::new("a")));
    }
}
