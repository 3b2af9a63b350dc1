//! What is made of the lists of cases.

/// Makes a test of each case, in a module of each subject. `$open` names a function
/// without parameters, async or not, whose future yields
/// [`Ports`](crate::testing::conformance::Ports) over a fresh, empty store and a
/// guard that is held until the case has ended.
///
/// The crate that calls it needs tokio with `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! conformance_suite {
    ($open:path) => {
        $crate::conformance_reads! { @tests $open }
        $crate::conformance_changes! { @tests $open }
    };
    // For the test that finds cases which are not listed.
    (@listed) => {
        [
            $crate::conformance_reads! { @sources }.as_slice(),
            $crate::conformance_changes! { @sources }.as_slice(),
        ]
        .concat()
    };
    (@tests $open:path; $($subject:ident { $($case:ident,)* })*) => {
        $(
            mod $subject {
                use super::*;

                $(
                    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                    async fn $case() {
                        let (ports, _guard) = $open().await;
                        $crate::testing::conformance::$subject::$case(ports).await;
                    }
                )*
            }
        )*
    };
    (@sources; $($subject:ident { $($case:ident,)* })*) => {
        [$((
            stringify!($subject),
            [$(stringify!($case)),*].as_slice(),
            include_str!(concat!(stringify!($subject), ".rs")),
        )),*]
    };
}
