//! The page that measurements are written to: each of them writes a part of its own.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::Failure;

/// What a part of a page begins with; a line of it is the title.
const TITLE: &str = "# ";

/// Writes a part of a page, which begins with its title: in the place of the part of that title, or
/// after all others.
pub(crate) fn write(path: &Path, part: &str) -> Result<(), Failure> {
    let about = |error| format!("{}: {error}", path.display());
    let page = match fs::read_to_string(path) {
        Ok(page) => page,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(about(error).into()),
    };
    fs::write(path, with(&page, part)).map_err(about)?;
    eprintln!("{} is written", path.display());
    Ok(())
}

fn with(page: &str, part: &str) -> String {
    let title = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    let mut parts = parts(page);
    let same = parts.iter_mut().find(|it| title(it) == title(part));
    match same {
        Some(it) => part.clone_into(it),
        None => parts.push(part.to_owned()),
    }
    let parts: Vec<_> = parts.iter().map(|it| it.trim_end()).collect();
    format!("{}\n", parts.join("\n\n"))
}

fn parts(page: &str) -> Vec<String> {
    let mut parts = Vec::<String>::new();
    for line in page.lines() {
        match parts.last_mut() {
            Some(part) if !line.starts_with(TITLE) => {
                part.push('\n');
                part.push_str(line);
            }
            Some(_) | None => parts.push(line.to_owned()),
        }
    }
    parts
}

/// A text as a table holds it.
pub(crate) fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// `1,000,000`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_takes_the_place_of_the_one_of_its_title() {
        let page = with("", "# A\n\none\n\n## B\n");
        assert_eq!(page, "# A\n\none\n\n## B\n");
        let page = with(&page, "# C\n\ntwo\n\n");
        assert_eq!(page, "# A\n\none\n\n## B\n\n# C\n\ntwo\n");
        let page = with(&page, "# A\n\nthree");
        assert_eq!(page, "# A\n\nthree\n\n# C\n\ntwo\n");
    }

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(999), "999");
        assert_eq!(cell("a|b"), r"a\|b");
    }
}
