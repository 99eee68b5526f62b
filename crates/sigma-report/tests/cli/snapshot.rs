//! `snapshot`: rows, reruns, backfills, dates before the opening, dry runs.

use sigma_core::model::{Reason, Snapshot};
use sigma_store::{Scope, Store};

use crate::book::{AS_OF, Engines, date, hand_made};
use crate::tool::report;

async fn stored(store: &mut Store) -> Vec<Snapshot> {
    let scope = Scope::all(date("2025-01-01"), date("2025-12-31"));
    store.snapshots(&scope).await.unwrap().into_iter().map(|(_, snapshot)| snapshot).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hand_worked_book() {
    let mut made = hand_made(Engines::All).await;
    let ran = report(made.dir.path(), "snapshot --from 2025-06-20 --to 2025-06-30").ended(3);
    assert!(ran.err.contains("hand-made opens on 2025-06-26: 4 earlier session(s) skipped"), "{}", ran.err);
    assert!(ran.err.contains("error: no_price: GONE"), "{}", ran.err);
    let last = ran.err.lines().last().unwrap();
    assert!(last.starts_with("sigma-report partial verb=snapshot as_of=2025-06-30 portfolios=1 snapshots=3"));
    let rows = stored(&mut made.store).await;
    let dates: Vec<String> = rows.iter().map(|row| row.as_of.to_string()).collect();
    assert_eq!(dates, ["2025-06-26", "2025-06-27", "2025-06-30"]);

    // Opening: 100,000 cash, 100.25 x 201.005, -100 x 3.30, 50,000 arrive in kind.
    assert!((rows[0].nav - (100_000.0 + 20_150.751_25 - 330.0 + 50_000.0)).abs() < 1e-6);
    assert_eq!((rows[0].day_return, rows[0].market_beta), (None, None));
    // Last day: AAPL +4.09, TSLA short -5.97, call +1.65, put short -0.45, MSFT sold at 499.125 after 495.94.
    let pnl = 100.25 * 4.09 + 50.0 * 5.97 + 200.0 * 1.65 + 100.0 * 0.45 + 10.0 * (499.125 - 495.94);
    assert!((rows[2].day_pnl - pnl).abs() < 1e-6, "{} {pnl}", rows[2].day_pnl);
    assert!((rows[2].day_return.unwrap() - pnl / rows[1].nav).abs() < 1e-12);
    // Cash: short sale, call and MSFT bought on the second day, MSFT sold on the last.
    let cash = 100_000.0 + 50.0 * 324.5 - 200.0 * 24.0 - 4_950.0 + 4_991.25;
    assert!((rows[2].cash - cash).abs() < 1e-6);
    assert_eq!((rows[2].short_proceeds, rows[2].excluded_count), (16_225.0, 1));
    for pair in rows.windows(2) {
        let change = pair[1].nav - pair[0].nav;
        assert!((change - pair[1].day_pnl - pair[1].flows).abs() < 1e-6, "NAV change = P&L + flows");
    }
    // Call: 200 x 0.61 x 617.85; put: -100 x -0.19 x 497.41; the private asset has no delta.
    let delta = 100.25 * 205.17 - 50.0 * 317.66 + 200.0 * 0.61 * 617.85 + 100.0 * 0.19 * 497.41;
    assert!((rows[2].delta_dollars.unwrap() - delta).abs() < 1e-6);
    assert_eq!(rows[1].delta_dollars, None, "the engine has run for the last session only");
}

#[tokio::test(flavor = "multi_thread")]
async fn reruns_and_single_days_change_nothing() {
    let mut made = hand_made(Engines::All).await;
    for day in ["2025-06-26", "2025-06-27", AS_OF] {
        report(made.dir.path(), &format!("snapshot --as-of {day}")).ended(3);
    }
    let single = stored(&mut made.store).await;
    let ran = report(made.dir.path(), "snapshot --from 2025-06-26 --to 2025-06-30").ended(3);
    assert!(ran.err.contains(" changed=0 "), "{}", ran.err);
    assert_eq!(stored(&mut made.store).await, single);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_engine_has_computed_is_null() {
    let mut made = hand_made(Engines::None).await;
    let ran = report(made.dir.path(), "snapshot").ended(3);
    assert!(
        ran.err.contains("not_computed: Greeks of 1 of 1 snapshots; run `sigma-greeks run`"),
        "{}",
        ran.err
    );
    let row = stored(&mut made.store).await.remove(0);
    assert_eq!((row.delta_dollars, row.market_beta, row.vega_per_point), (None, None, None));
    assert!(row.nav > 0.0 && row.hhi.is_some());
    let exclusions =
        made.store.exclusions(&Scope::all(row.as_of, row.as_of), Some("valuation")).await.unwrap();
    let reasons: Vec<Reason> = exclusions.iter().map(|(_, _, _, e)| e.issue.reason).collect();
    assert_eq!(reasons, [Reason::NoPrice, Reason::StalePrice], "GONE left out, HOUSE held at an old value");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_writes_nothing() {
    let mut made = hand_made(Engines::All).await;
    let ran = report(made.dir.path(), "snapshot --as-of 2025-06-30 --dry-run").ended(3);
    assert!(ran.out.contains("hand-made") && ran.out.contains("2025-06-30"), "{}", ran.out);
    assert!(stored(&mut made.store).await.is_empty());
    assert_eq!(made.store.runs(Some("sigma-report"), 10).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_portfolio_is_a_usage_error() {
    let made = hand_made(Engines::None).await;
    let ran = report(made.dir.path(), "snapshot --portfolio handmade").ended(2);
    assert!(ran.err.contains("handmade") && ran.err.contains("hand-made"), "{}", ran.err);
}
