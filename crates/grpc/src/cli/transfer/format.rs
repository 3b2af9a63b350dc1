//! The formats of files.

use std::path::Path;

use clap::ValueEnum;

/// How rows stand in a file.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(super) enum Format {
    /// One JSON object a line
    JsonLines,
    /// A header and comma-separated values (RFC 4180)
    Csv,
}

impl Format {
    /// The format that the name of a file tells.
    pub(super) fn of(file: &Path) -> Option<Self> {
        let extension = file.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_tells_its_format() {
        let of = |name: &str| Format::of(Path::new(name));
        assert_eq!(of("a/b.JSONL"), Some(Format::JsonLines));
        assert_eq!(of("b.ndjson"), Some(Format::JsonLines));
        assert_eq!(of("b.csv"), Some(Format::Csv));
        assert_eq!([of("b.txt"), of("-"), of("csv")], [None; 3]);
    }
}
