//! Schemas as numbers, which the text of them is made from.

// Boxed, since what is put together of these does not fit on the stack of a test otherwise.
use proptest::option::weighted;
use proptest::prelude::*;

#[derive(Clone, Debug)]
pub(super) struct Schema {
    pub(super) extension: bool,
    pub(super) app: bool,
    pub(super) values: Option<u8>,
    pub(super) domain: Option<u8>,
    pub(super) composite: Option<u8>,
    pub(super) sequence: Option<u8>,
    pub(super) function: Option<u8>,
    pub(super) procedure: Option<u8>,
    pub(super) configuration: Option<u8>,
    pub(super) tables: [Option<Table>; 3],
    pub(super) views: [Option<u8>; 2],
    pub(super) materialized: Option<u8>,
}

#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) columns: [Option<Column>; 4],
    pub(super) primary: Option<u8>,
    pub(super) unique: Option<u8>,
    pub(super) check: Option<u8>,
    pub(super) exclusion: Option<u8>,
    pub(super) foreign: Option<u8>,
    pub(super) indexes: [Option<u8>; 2],
    pub(super) statistics: Option<u8>,
    pub(super) trigger: Option<u8>,
    pub(super) options: u8,
    pub(super) comment: Option<u8>,
    pub(super) serial: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) kind: u8,
    pub(super) default: Option<u8>,
    pub(super) not_null: bool,
    pub(super) generated: Option<u8>,
    pub(super) identity: Option<u8>,
    pub(super) extra: Option<u8>,
}

fn some(probability: f64) -> impl Strategy<Value = Option<u8>> {
    weighted(probability, 0..12_u8)
}

fn column() -> BoxedStrategy<Column> {
    (
        0..12_u8,
        some(0.4),
        any::<bool>(),
        some(0.15),
        some(0.15),
        some(0.3),
    )
        .prop_map(
            |(kind, default, not_null, generated, identity, extra)| Column {
                kind,
                default,
                not_null,
                generated,
                identity,
                extra,
            },
        )
        .boxed()
}

fn columns() -> BoxedStrategy<[Option<Column>; 4]> {
    [
        weighted(0.8, column()),
        weighted(0.8, column()),
        weighted(0.6, column()),
        weighted(0.5, column()),
    ]
    .boxed()
}

fn table() -> BoxedStrategy<Table> {
    let constraints = (some(0.8), some(0.5), some(0.5), some(0.2), some(0.8));
    let others = ([some(0.6), some(0.5)], some(0.4), some(0.6));
    (
        columns(),
        constraints,
        others,
        0..8_u8,
        some(0.4),
        any::<bool>(),
    )
        .prop_map(|(columns, constraints, others, options, comment, serial)| {
            let (primary, unique, check, exclusion, foreign) = constraints;
            let (indexes, statistics, trigger) = others;
            Table {
                columns,
                primary,
                unique,
                check,
                exclusion,
                foreign,
                indexes,
                statistics,
                trigger,
                options,
                comment,
                serial,
            }
        })
        .boxed()
}

pub(super) fn schema() -> BoxedStrategy<Schema> {
    let types = (
        any::<bool>(),
        any::<bool>(),
        some(0.7),
        some(0.6),
        some(0.5),
    );
    let others = (some(0.6), some(0.7), some(0.5), some(0.4));
    let tables = [
        weighted(0.9, table()),
        weighted(0.8, table()),
        weighted(0.6, table()),
    ];
    let views = ([some(0.6), some(0.6)], some(0.5));
    (types, others, tables, views)
        .prop_map(|(types, others, tables, (views, materialized))| {
            let (extension, app, values, domain, composite) = types;
            let (sequence, function, procedure, configuration) = others;
            Schema {
                extension,
                app,
                values,
                domain,
                composite,
                sequence,
                function,
                procedure,
                configuration,
                tables,
                views,
                materialized,
            }
        })
        .boxed()
}
