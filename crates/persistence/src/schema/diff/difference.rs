//! What is different, to be read.

use std::fmt;

use super::super::catalog::{Catalog, Key, Kind};

/// One difference between what is wanted and what there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What is different.
    pub object: Key,
    /// How.
    pub change: Change,
}

/// How an object is different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is wanted and not there.
    Missing,
    /// It is there and not wanted.
    Surplus,
    /// It is there and wanted otherwise: what of it, how it is, and how it is wanted.
    Other(Vec<(String, Option<String>, Option<String>)>),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let object = &self.object;
        match &self.change {
            Change::Missing => write!(f, "{object} is missing"),
            Change::Surplus => write!(f, "{object} is not wanted"),
            Change::Other(all) => {
                let text = |value: &Option<String>| {
                    value.as_deref().map_or_else(|| "none".to_owned(), short)
                };
                let parts = all.iter().map(|(what, is, wanted)| {
                    format!("{what} is {}, wanted is {}", text(is), text(wanted))
                });
                let parts: Vec<_> = parts.collect();
                write!(f, "{object} differs: {}", parts.join("; "))
            }
        }
    }
}

/// On one line, and no longer than can be read.
fn short(text: &str) -> String {
    const MOST: usize = 300;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

/// What has to be done to get from what `is` there to what is `wanted`. Of what is
/// missing as a whole, the parts are not told one by one.
pub(in crate::schema) fn differences(is: &Catalog, wanted: &Catalog) -> Vec<Difference> {
    let mut all = Vec::new();
    for key in wanted.keys().filter(|key| !is.has(key)) {
        if !is_within_another(key, wanted, is) {
            all.push((key, Change::Missing));
        }
    }
    for (key, object) in &is.objects {
        let Some(other) = wanted.get(key) else {
            if !is_within_another(key, is, wanted) {
                all.push((key, Change::Surplus));
            }
            continue;
        };
        let mut names: Vec<&String> = object.attributes.keys().collect();
        names.extend(other.attributes.keys());
        names.sort_unstable();
        names.dedup();
        let changed: Vec<_> = names
            .into_iter()
            .map(|name| {
                (
                    name.clone(),
                    object.attributes.get(name),
                    other.attributes.get(name),
                )
            })
            .filter(|(_, before, after)| before != after)
            .map(|(name, before, after)| (name, before.cloned(), after.cloned()))
            .collect();
        if !changed.is_empty() {
            all.push((key, Change::Other(changed)));
        }
    }
    all.sort_by(|(one, _), (other, _)| (one.table(), *one).cmp(&(other.table(), *other)));
    let all = all.into_iter();
    all.map(|(key, change)| Difference {
        object: key.clone(),
        change,
    })
    .collect()
}

/// Whether it lies on something that is in the one catalog alone, too.
fn is_within_another(key: &Key, there: &Catalog, elsewhere: &Catalog) -> bool {
    let on = key.table();
    let mut wholes = vec![
        Key::new(Kind::Table, on),
        Key::new(Kind::View, on),
        Key::new(Kind::MaterializedView, on),
        Key::new(Kind::Domain, on),
    ];
    if key.kind == Kind::Default {
        wholes.push(Key::of(Kind::Column, on, &key.name));
    }
    wholes
        .iter()
        .any(|whole| there.has(whole) && !elsewhere.has(whole))
}
