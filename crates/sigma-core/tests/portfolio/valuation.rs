//! Expiries, splits, stale and missing prices, private assets: what is valued and what is left out by name.

use sigma_core::model::CashKind::Opening;
use sigma_core::model::*;

use crate::support::*;
use crate::{exclusions, reasons};

/// Friday 20 June 2025, the session after the Juneteenth holiday.
#[test]
fn options_settle_at_intrinsic_value_on_their_expiry() {
    let mut world = World::default();
    world.price("XYZ", &[("2025-06-18", 108.0), ("2025-06-20", 110.0), ("2025-06-23", 150.0)]);
    let options = ["XYZ250620C00100000", "XYZ250620P00120000", "XYZ250620C00120000", "XYZ250620P00100000"];
    for (symbol, price) in options.into_iter().zip([9.0, 12.5, 0.4, 0.2]) {
        world.price(symbol, &[("2025-06-18", price)]);
    }
    let lots = vec![
        world.lot(options[0], 1.0, 5.0, "2025-01-02"),
        world.lot(options[1], -2.0, 11.0, "2025-01-02"),
        world.lot(options[2], 3.0, 1.0, "2025-01-02"),
        world.lot(options[3], -4.0, 1.5, "2025-01-02"),
    ];
    let book = book("2025-06-18", lots, &[("2025-06-18", Opening, 10_000.0)]);
    let days = world.roll(&book, "2025-06-24");
    assert_eq!(days[0].nav, 10_000.0 + 900.0 - 2_500.0 + 120.0 - 80.0);
    // Expiry: 10 in the money each, the others worthless.
    let values: Vec<_> = days[1].lots.iter().map(|lot| lot.market_value).collect();
    assert_eq!(values, [Some(1000.0), Some(-2000.0), Some(0.0), Some(0.0)]);
    assert_eq!((days[1].day_pnl, days[1].flows, days[1].nav), (100.0 + 500.0 - 120.0 + 80.0, 0.0, 9_000.0));
    // The next session: cash, no profit, whatever the share does.
    let settled = &days[2];
    assert_eq!((settled.cash, settled.nav, settled.day_pnl, settled.flows), (9_000.0, 9_000.0, 0.0, 0.0));
    assert_eq!((settled.settled.as_slice(), settled.lots.len()), ([0, 1, 2, 3].as_slice(), 0));
    // 1000 - 500; -2000 + 2200; 0 - 300; 0 + 600.
    assert_eq!((settled.realized_pnl, settled.unrealized_pnl), (1_000.0, 0.0));
    let set = exclusions(&world, &book, &days, 2);
    assert_eq!(reasons(&set).len(), 4);
    assert!(
        set.exclusions
            .iter()
            .all(|e| e.issue.reason == Reason::Expired && e.issue.severity == Severity::Warning)
    );
    assert_eq!((days[3].nav, days[3].lots.len(), days[3].settled.len()), (9_000.0, 0, 0));
}

#[test]
fn without_the_close_at_expiry_a_contract_is_expired_and_earns_nothing() {
    let mut world = World::default();
    world.price("XYZ", &[("2025-06-18", 108.0), ("2025-06-23", 150.0)]);
    world.price("XYZ250620C00100000", &[("2025-06-18", 9.0), ("2025-06-20", 12.0)]);
    let lot = world.lot("XYZ250620C00100000", 1.0, 5.0, "2025-01-02");
    let book = book("2025-06-18", vec![lot], &[("2025-06-18", Opening, 100.0)]);
    let days = world.roll(&book, "2025-06-25");
    for (i, day) in days.iter().enumerate().skip(1) {
        assert_eq!((day.nav, day.cash, day.day_pnl), (100.0, 100.0, 0.0), "{}", day.date);
        assert_eq!(day.lots[0].mark, Err(Reason::Expired));
        let set = exclusions(&world, &book, &days, i);
        assert_eq!(reasons(&set), [("XYZ250620C00100000", Reason::Expired, Severity::Error)]);
        assert_eq!(set.snapshot.excluded_count, 1);
    }
    assert_eq!((days[1].flows, days[2].flows), (-900.0, 0.0));
}

#[test]
fn a_contract_that_expired_before_the_opening_brings_nothing() {
    let mut world = World::default();
    world.price("XYZ", &[("2024-06-21", 110.0), ("2025-06-02", 150.0)]);
    let lot = world.lot("XYZ240621C00100000", 1.0, 5.0, "2024-01-02");
    let book = book("2025-06-02", vec![lot], &[("2025-06-02", Opening, 100.0)]);
    let days = world.roll(&book, "2025-06-04");
    assert!(days.iter().all(|day| day.nav == 100.0 && day.lots[0].mark == Err(Reason::Expired)));
    assert_eq!(days[0].flows, 100.0);
}

#[test]
fn a_split_that_is_not_applied_takes_the_position_out() {
    let mut world = World::default();
    world.price(
        "A",
        &[("2025-06-02", 1000.0), ("2025-06-03", 1200.0), ("2025-06-04", 121.0), ("2025-06-05", 130.0)],
    );
    world.split("A", "2025-06-04", 1.0, 10.0);
    world.dividend("A", "2025-06-05", 1.0);
    world.price("A250919C01300000", &[("2025-06-02", 40.0), ("2025-06-03", 50.0), ("2025-06-04", 5.0)]);
    let option = world.lot("A250919C01300000", 1.0, 40.0, "2025-06-02");
    let lots = vec![world.lot("A", 10.0, 900.0, "2025-01-02"), option];
    let first = book("2025-06-02", lots, &[("2025-06-02", Opening, 1_000.0)]);
    let days = world.roll(&first, "2025-06-05");
    assert_eq!((days[1].day_pnl, days[1].nav), (3_000.0, 18_000.0));
    for i in [2, 3] {
        assert_eq!((days[i].nav, days[i].day_pnl), (1_000.0, 0.0));
        assert_eq!(days[i].lots.iter().map(|lot| lot.day_pnl).collect::<Vec<_>>(), [None, None]);
        let set = exclusions(&world, &first, &days, i);
        let expected = ["A", "A250919C01300000"].map(|s| (s, Reason::SplitUnapplied, Severity::Error));
        assert_eq!(reasons(&set), expected);
        assert!(world.views(&first, &days[i]).iter().all(|v| v.greeks == Err(Reason::SplitUnapplied)));
    }
    assert_eq!(days[2].flows, -17_000.0);

    // Applied: the old shares leave and the new ones come at the same cost on the day of the split.
    let lots = vec![
        exited(world.lot("A", 10.0, 900.0, "2025-01-02"), 900.0, "2025-06-04"),
        world.lot("A", 100.0, 90.0, "2025-06-04"),
    ];
    let days = world.roll(&book("2025-06-02", lots, &[("2025-06-02", Opening, 1_000.0)]), "2025-06-05");
    let found: Vec<_> = days.iter().map(|d| (d.day_pnl, d.flows, d.nav)).collect();
    let expected = [
        (0.0, 11_000.0, 11_000.0),
        (2_000.0, 0.0, 13_000.0),
        (100.0, 0.0, 13_100.0),
        (1_000.0, 0.0, 14_100.0),
    ];
    assert_eq!(found, expected);
    assert_eq!((days[3].realized_pnl, days[3].unrealized_pnl), (0.0, 4_000.0));
}

#[test]
fn stale_prices_warn_first_and_then_leave_the_nav() {
    let mut world = World::default();
    world.price("A", &[("2025-06-02", 10.0), ("2025-06-05", 13.0)]);
    world.price("FUND", &[("2025-06-02", 20.0)]);
    world.instrument("FUND").kind = InstrumentKind::MutualFund;
    let lots = vec![world.lot("A", 100.0, 10.0, "2025-06-02"), world.lot("FUND", 10.0, 20.0, "2025-06-02")];
    let book = book("2025-06-02", lots, &[("2025-06-02", Opening, 500.0)]);
    let days = world.roll(&book, "2025-06-06");
    let found: Vec<_> = days.iter().map(|d| (d.nav, d.day_pnl, d.flows)).collect();
    let expected = [
        (1700.0, 0.0, 1700.0),
        (1700.0, 0.0, 0.0),
        // Two sessions old: out at its last value, and back with what it earned meanwhile.
        (700.0, 0.0, -1000.0),
        (2000.0, 300.0, 1000.0),
        // The fund's four sessions are over.
        (1800.0, 0.0, -200.0),
    ];
    assert_eq!(found, expected);
    close_to(days[3].day_return.unwrap(), 300.0 / 1700.0, 1e-15);
    let at = |i| exclusions(&world, &book, &days, i);
    assert_eq!(reasons(&at(0)), []);
    let warning = &at(1).exclusions[0];
    assert_eq!((warning.value, warning.issue.severity), (Some(1000.0), Severity::Warning));
    close_to(warning.weight_fraction.unwrap(), 1000.0 / 1200.0, 1e-15);
    assert_eq!(
        reasons(&at(2)),
        [("A", Reason::StalePrice, Severity::Error), ("FUND", Reason::StalePrice, Severity::Warning)]
    );
    assert_eq!(
        reasons(&at(4)),
        [("A", Reason::StalePrice, Severity::Warning), ("FUND", Reason::StalePrice, Severity::Error)]
    );
}

#[test]
fn a_late_first_price_arrives_as_a_flow() {
    let mut world = World::default();
    world.price("A", &[("2025-06-04", 10.0), ("2025-06-05", 11.0)]);
    let lots = vec![world.lot("A", 100.0, 2.0, "2025-01-02")];
    let days = world.roll(&book("2025-06-02", lots, &[]), "2025-06-05");
    let found: Vec<_> = days.iter().map(|d| (d.nav, d.day_pnl, d.flows, d.index)).collect();
    assert_eq!(found[0], (0.0, 0.0, 0.0, None));
    assert_eq!(found[1], (0.0, 0.0, 0.0, None));
    assert_eq!(found[2], (1000.0, 0.0, 1000.0, Some(1.0)));
    assert_eq!((found[3].0, found[3].1, found[3].2), (1100.0, 100.0, 0.0));
    close_to(found[3].3.unwrap(), 1.1, 1e-15);
}

#[test]
fn private_assets_keep_their_stated_value() {
    let mut world = World::default();
    world.price("FUND_I", &[("2025-01-02", 250_000.0)]);
    for symbol in ["FUND_I", "ART"] {
        world.instrument(symbol).kind = InstrumentKind::Private;
    }
    let lots =
        vec![world.lot("FUND_I", 1.0, 200_000.0, "2024-01-02"), world.lot("ART", 1.0, 1.0, "2024-01-02")];
    let book = book("2025-06-02", lots, &[]);
    let days = world.roll(&book, "2025-06-02");
    assert_eq!(days[0].nav, 250_000.0);
    assert_eq!(
        reasons(&exclusions(&world, &book, &days, 0)),
        [("ART", Reason::PrivateAsset, Severity::Error), ("FUND_I", Reason::StalePrice, Severity::Warning)]
    );
}

#[test]
fn an_option_quote_without_a_price_does_not_hide_the_one_before() {
    let mut world = World::default();
    let symbol = "XYZ250919C00100000";
    world.price(symbol, &[("2025-06-02", 9.0), ("2025-06-03", 0.0)]);
    let id = world.instrument(symbol).id;
    world.market.quotes.get_mut(&id).unwrap()[1].close = None;
    let lot = world.lot(symbol, 1.0, 9.0, "2025-06-02");
    let days = world.roll(&book("2025-06-02", vec![lot], &[]), "2025-06-03");
    let mark = days[1].lots[0].mark.unwrap();
    assert_eq!((mark.price, mark.age_sessions), (9.0, 1));
}

#[test]
fn the_middle_of_a_quote_is_a_decimal() {
    let middle = |bid: f64, ask: f64| {
        OptionQuote { bid: Some(bid), ask: Some(ask), ..quote("2025-06-30".parse().unwrap(), 1.0) }.middle()
    };
    assert_eq!(middle(5.05, 5.10), Some(5.075), "not 5.074999999999999");
    assert_eq!(middle(0.23, 0.26), Some(0.245));
    assert_eq!(middle(4_999.95, 5_000.1), Some(5_000.025));
    assert_eq!((middle(0.0, 0.0), middle(2.0, 1.0)), (None, None));
}
