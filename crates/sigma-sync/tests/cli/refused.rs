//! Rows that cannot be read, bars that cannot be, and what the user decides about them.

use super::fixture::{Fixture, day};
use sigma_store::QuarantineStatus;

fn refusal(symbol: &str, date: &str, reason: &str) -> (String, String, String) {
    (symbol.to_owned(), date.to_owned(), reason.to_owned())
}

#[test]
fn rows_that_cannot_be_read_are_named_and_the_rest_is_stored() {
    let fixture = Fixture::new();
    let broken = "AAA,2025/06/30,1,1,1,1,1\n".repeat(12) + "AAA,2025-06-30,abc,1,1,1,1\nAAA,2025-06-30\n";
    fixture.append("prices.csv", &broken);
    let run = fixture.sync("run", &[]);
    run.ends(3)
        .says("prices.csv:122: `date` is `2025/06/30`, not a date")
        .says("... 4 more; 14 rows could not be read")
        .says("error: provider_error: prices.csv: 14 rows could not be read")
        .says("stored=136 changed=136 skipped=14");
    assert_eq!(fixture.closes("AAA").len(), 22);
}

#[test]
fn two_rows_of_one_day_never_become_one_number() {
    let fixture = Fixture::new();
    fixture.append("dividends.csv", "AAA,2025-06-12,0.50\n");
    fixture.append("rates.csv", "DGS10,2025-06-30,9.99\n");
    fixture.append("prices.csv", "AAA,2025-06-30,107.25,108,106,107.5,5\n");
    let run = fixture.sync("run", &[]);
    run.ends(3)
        .says("dividends.csv:3: a second row for AAA on 2025-06-12")
        .says("rates.csv:92: a second row for DGS10 on 2025-06-30")
        .says("skipped=3");
    assert_eq!(fixture.quarantine(), [refusal("AAA", "2025-06-30", "duplicate_date")]);
    run.says("2 bars of one date, closes 107.25, 107.5: none is known to be right")
        .says("no bar for 2025-06-30");
    assert_eq!(fixture.closes("AAA").len(), 21);
}

#[test]
fn impossible_prices_go_to_quarantine_and_never_in() {
    let fixture = Fixture::new();
    fixture.sync("prices", &[]).ends(0);
    fixture.replace("prices.csv", "AAA,2025-06-27", "AAA,2025-06-27,,,,0,\n");
    fixture.replace("prices.csv", "BBB,2025-06-30", "BBB,2025-06-30,,,,NaN,\n");
    fixture.append("prices.csv", "AAA,2025-06-28,107,108,106,107,7\n");
    let run = fixture.sync("prices", &[]);
    // Good bars of those days are stored already and stay, so nothing is missing.
    run.ends(0)
        .says("quarantine: AAA 2025-06-27: not_positive: close is 0")
        .says("quarantine: BBB 2025-06-30: not_finite: close is NaN")
        .says("quarantine: AAA 2025-06-28: not_a_session")
        .says("warning: provider_error: AAA: bars in quarantine (not_a_session, not_positive)");
    assert_eq!(fixture.closes("AAA").len(), 22);

    let fixture = Fixture::new();
    fixture.replace("prices.csv", "AAA,2025-06-27", "AAA,2025-06-27,,,,0,\n");
    fixture.replace("prices.csv", "BBB,2025-06-30", "BBB,2025-06-30,,,,NaN,\n");
    let run = fixture.sync("run", &[]);
    run.ends(3)
        .says("error: provider_error: AAA: bars in quarantine (not_positive)")
        .says("error: no_price: BBB: no bar for 2025-06-30")
        .says("warning: no_price: AAA: no bar on 1 of 21 sessions, the first of them 2025-06-27")
        .says("skipped=2");
    let expected = [refusal("AAA", "2025-06-27", "not_positive"), refusal("BBB", "2025-06-30", "not_finite")];
    assert_eq!(fixture.quarantine(), expected);
    assert!(fixture.sync("run", &[]).ends(3).summary().contains(" changed=0 "));
    let stored = [fixture.closes("AAA"), fixture.closes("BBB")].concat();
    assert_eq!(stored.len(), 42);
    assert!(stored.iter().all(|(_, close)| close.is_finite() && *close > 0.0));
}

#[test]
fn a_jump_like_a_split_needs_the_split() {
    let fixture = Fixture::new();
    fixture.replace("prices.csv", "BBB,2025-06-30", "BBB,2025-06-30,5.7,5.8,5.6,5.725,9\n");
    fixture.sync("run", &[]).ends(3).says("split_like_jump");
    assert_eq!(fixture.quarantine(), [refusal("BBB", "2025-06-30", "split_like_jump")]);
    fixture.write("splits.csv", "symbol,date,from,to\nBBB,2025-06-30,1,10\n");
    fixture.sync("run", &[]).ends(0);
    assert_eq!(fixture.closes("BBB")[21], (day("2025-06-30"), 5.725));
    let status = fixture.store(async |store| store.quarantine(None).await.unwrap()[0].status);
    assert_eq!(status, QuarantineStatus::Accepted, "settled by the split");
}

#[test]
fn one_odd_bar_at_the_beginning_does_not_condemn_the_rest() {
    let fixture = Fixture::new();
    fixture.replace("prices.csv", "BBB,2025-05-29", "BBB,2025-05-29,,,,5200,\n");
    fixture.sync("prices", &[]).ends(3).says("close 5200 before 52.25 is contradicted by the bars after it");
    assert_eq!(fixture.quarantine(), [refusal("BBB", "2025-05-29", "split_like_jump")]);
    let closes = fixture.closes("BBB");
    assert_eq!((closes.len(), closes[0]), (21, (day("2025-05-30"), 52.25)));
}

#[test]
fn the_users_decision_about_a_refused_bar_holds() {
    let fixture = Fixture::new();
    fixture.replace("prices.csv", "BBB,2025-06-26", "BBB,2025-06-26,5.7,5.8,5.6,5.7,9\n");
    fixture.replace("prices.csv", "BBB,2025-06-27", "BBB,2025-06-27,5.7,5.8,5.6,5.725,9\n");
    fixture.replace("prices.csv", "BBB,2025-06-30", "BBB,2025-06-30,5.7,5.8,5.6,5.75,9\n");
    fixture.sync("run", &[]).ends(3);
    assert_eq!(fixture.quarantine().len(), 3, "what follows a jump is compared with the bar before it");
    let decide = |date: &str, status| {
        fixture.store(async |store| store.set_quarantine_status("BBB", day(date), status).await.unwrap())
    };
    decide("2025-06-26", QuarantineStatus::Accepted);
    fixture.sync("run", &[]).ends(0);
    assert_eq!(fixture.closes("BBB")[19..].iter().map(|bar| bar.1).collect::<Vec<_>>(), [5.7, 5.725, 5.75]);

    let fixture = Fixture::new();
    fixture.replace("prices.csv", "AAA,2025-06-27", "AAA,2025-06-27,,,,0,\n");
    fixture.sync("run", &[]).ends(3);
    let status = QuarantineStatus::Accepted;
    fixture.store(async |store| store.set_quarantine_status("AAA", day("2025-06-27"), status).await.unwrap());
    fixture.sync("run", &[]).ends(3);
    assert_eq!(fixture.closes("AAA").len(), 21, "nobody's word makes zero a price");
    let status = QuarantineStatus::Dropped;
    fixture.store(async |store| store.set_quarantine_status("AAA", day("2025-06-27"), status).await.unwrap());
    fixture.sync("run", &[]).ends(0);
}
