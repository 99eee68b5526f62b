//! Valuation, profit and loss, exposures and snapshots against hand-worked books and the NAV identity.

mod support;

use chrono::{Datelike, NaiveDate};
use proptest::prelude::*;
use sigma_core::analytics::exposures::{concentration, exposures};
use sigma_core::analytics::performance::{self, Day};
use sigma_core::analytics::snapshot::{SnapshotSet, assemble};
use sigma_core::calendar::Calendar;
use sigma_core::model::CashKind::{self, Contribution, Fee, Interest, Opening, Withdrawal};
use sigma_core::model::*;
use support::*;

const CENT: f64 = 0.005;

/// A demo book, opened with all lots in kind at the seed closes on the session of the last entry.
fn demo(key: &str, opening_cash: f64) -> (World, Book) {
    let mut world = World::default();
    for row in fixture("seed_prices.csv") {
        world.price(&row["symbol"], &[("2024-02-08", row["seed_close"].parse().unwrap())]);
    }
    let mut lots = Vec::new();
    for row in fixture("demo_positions.csv").iter().filter(|row| row["portfolio"] == key) {
        let number = |column: &str| row[column].parse::<f64>().unwrap();
        let mut lot =
            world.lot(&row["symbol"], number("quantity"), number("entry_price"), &row["entry_date"]);
        lot.tags = row["tags"].split(';').map(str::to_owned).collect();
        if let Some(terms) = &lot.instrument.option {
            assert_eq!(
                (terms.underlying.as_str(), terms.strike),
                (row["underlying"].as_str(), number("strike"))
            );
            assert_eq!(terms.expiry, date(&row["expiry"]));
        }
        lots.push(lot);
    }
    (world, book("2024-02-08", lots, &[("2024-02-08", Opening, opening_cash)]))
}

fn demo_day(key: &str, opening_cash: f64) -> (World, Book, Day) {
    let (world, book) = demo(key, opening_cash);
    let day = world.roll(&book, "2024-02-08").remove(0);
    (world, book, day)
}

/// Positions, entry value, gross, net, long, short, unrealised P&L at seed prices.
#[test]
fn demo_books_reproduce_the_published_money_table() {
    for (key, count, cash, entry, gross, net, long, short, pnl) in [
        ("demo_individual", 16, 0.0, 485_000.0, 485_000.0, 485_000.0, 485_000.0, 0.0, 0.0),
        ("demo_hnw", 17, 1_523_265.25, 1_326_734.75, 1_326_734.75, 1_326_734.75, 1_326_734.75, 0.0, 0.0),
        (
            "demo_hedgefundstyle",
            30,
            1_135_300.0,
            2_064_700.0,
            5_539_700.0,
            2_366_200.0,
            3_952_950.0,
            -1_586_750.0,
            301_500.0,
        ),
    ] {
        let (world, book, day) = demo_day(key, cash);
        let views = world.views(&book, &day);
        assert_eq!(views.len(), count, "{key}");
        close_to(views.iter().map(|view| view.cost_basis).sum(), entry, CENT);
        let set = assemble(&book, std::slice::from_ref(&day), 0, &views);
        let s = &set.snapshot;
        for (found, expected) in [
            (s.gross, gross),
            (s.net, net),
            (s.long_value, long),
            (s.short_value, short),
            (s.unrealized_pnl, pnl),
            (s.cash, cash),
            (s.nav, cash + net),
            (s.flows, cash + net),
        ] {
            close_to(found, expected, CENT);
        }
        assert_eq!((s.day_pnl, s.day_return, s.cumulative_return), (0.0, None, Some(0.0)), "{key}");
        assert_eq!((s.excluded_count, set.exclusions), (0, vec![]));
        let total = &set.exposures[0];
        assert_eq!((total.gross, total.net, total.position_count), (s.gross, s.net, count));
    }
}

#[test]
fn the_hedge_fund_book_splits_into_shares_and_options() {
    let (world, book, day) = demo_day("demo_hedgefundstyle", 0.0);
    let views = world.views(&book, &day);
    let rows = exposures(&book, &views);
    let row = |dimension, bucket: &str| {
        let found = rows.iter().find(|row| row.dimension == dimension && row.bucket == bucket);
        found.unwrap_or_else(|| panic!("no bucket {bucket}"))
    };
    for (dimension, bucket, count, gross, net) in [
        (Dimension::AssetType, "option", 8, 584_000.0, 248_500.0),
        (Dimension::AssetType, "stock", 22, 4_955_700.0, 2_117_700.0),
        (Dimension::Tag, "Long Momentum", 13, 3_536_700.0, 3_536_700.0),
        (Dimension::Tag, "Short Value Traps", 9, 1_419_000.0, -1_419_000.0),
        (Dimension::Tag, "Options Overlay", 8, 584_000.0, 248_500.0),
        // 1,500 shares at 225 and -100 puts at 4.25: 337,500 and -42,500.
        (Dimension::Underlying, "AAPL", 2, 380_000.0, 295_000.0),
    ] {
        let found = row(dimension, bucket);
        assert_eq!(found.position_count, count, "{bucket}");
        close_to(found.gross, gross, CENT);
        close_to(found.net, net, CENT);
    }
    assert_eq!(views.iter().filter(|view| view.market_value.unwrap() > 0.0).count(), 17);
    let (entry_long, entry_short): (Vec<f64>, Vec<f64>) =
        views.iter().map(|view| view.cost_basis).partition(|cost| *cost > 0.0);
    close_to(entry_long.iter().sum(), 3_654_200.0, CENT);
    close_to(entry_short.iter().sum(), -1_589_500.0, CENT);
    let options = views.iter().filter(|view| book.lots[view.lot].instrument.is_option());
    close_to(options.map(|view| view.cost_basis).sum(), 212_000.0, CENT);
    assert_eq!(row(Dimension::AssetType, "option").delta_adjusted, None, "the Greeks have not run");
    close_to(row(Dimension::AssetType, "stock").delta_adjusted.unwrap(), 2_117_700.0, CENT);
}

#[test]
fn tags_of_the_other_demo_books_match() {
    for (key, expected) in [
        (
            "demo_individual",
            vec![
                ("Core Holdings", 12, 418_400.0),
                ("Dividend Income", 2, 31_250.0),
                ("Tech Growth", 6, 110_475.0),
            ],
        ),
        (
            "demo_hnw",
            vec![
                ("Alternative Assets", 2, 128_249.75),
                ("Blue Chip", 15, 1_198_485.0),
                ("Risk Hedge", 2, 128_249.75),
            ],
        ),
    ] {
        let (world, book, day) = demo_day(key, 0.0);
        let rows = exposures(&book, &world.views(&book, &day));
        let tags: Vec<_> = rows.iter().filter(|row| row.dimension == Dimension::Tag).collect();
        assert_eq!(tags.len(), expected.len());
        for (row, (tag, count, net)) in tags.iter().zip(expected) {
            assert_eq!((row.bucket.as_str(), row.position_count), (tag, count));
            close_to(row.net, net, CENT);
        }
    }
}

#[test]
fn concentration_matches_the_published_figures() {
    for (key, hhi, effective, top_3, top_10) in [
        ("demo_individual", 949.32, 10.534, 0.450093, 0.797113),
        ("demo_hnw", 806.67, 12.397, 0.370082, 0.756406),
        ("demo_hedgefundstyle", 505.39, 19.787, 0.272578, 0.605719),
    ] {
        let (world, book, day) = demo_day(key, 0.0);
        let found = concentration(&book, &world.views(&book, &day)).unwrap();
        close_to(found.hhi, hhi, 0.005);
        close_to(found.effective_positions, effective, 0.0005);
        close_to(found.top_3_fraction, top_3, 5e-7);
        close_to(found.top_10_fraction, top_10, 5e-7);
    }
}

#[test]
fn lots_of_one_instrument_count_once_in_the_concentration() {
    let mut world = World::default();
    world.price("A", &[("2025-06-02", 10.0)]);
    world.price("B", &[("2025-06-02", 10.0)]);
    let lots = vec![
        world.lot("A", 10.0, 10.0, "2025-06-02"),
        world.lot("A", 20.0, 10.0, "2025-06-02"),
        world.lot("B", -10.0, 10.0, "2025-06-02"),
    ];
    let book = book("2025-06-02", lots, &[]);
    let day = world.roll(&book, "2025-06-02").remove(0);
    // Weights 3/4 and 1/4: sum of squares 10/16.
    let found = concentration(&book, &world.views(&book, &day)).unwrap();
    close_to(found.hhi, 6250.0, 1e-9);
    close_to(found.effective_positions, 1.6, 1e-12);
}

#[test]
fn mondays_holidays_and_half_days_each_earn_one_session() {
    let mut world = World::default();
    // Friday, Monday, ..., the half day of 3 July, Monday after Independence Day and the weekend.
    let closes = [
        ("2025-06-27", 100.0),
        ("2025-06-30", 102.0),
        ("2025-07-01", 101.0),
        ("2025-07-02", 101.0),
        ("2025-07-03", 104.0),
        ("2025-07-07", 99.0),
    ];
    world.price("SPY", &closes);
    let lot = world.lot("SPY", 10.0, 90.0, "2025-06-27");
    let days = world.roll(&book("2025-06-27", vec![lot], &[]), "2025-07-07");
    let pnl: Vec<(NaiveDate, f64)> = days.iter().map(|day| (day.date, day.day_pnl)).collect();
    let expected = [
        ("2025-06-27", 0.0),
        ("2025-06-30", 20.0),
        ("2025-07-01", -10.0),
        ("2025-07-02", 0.0),
        ("2025-07-03", 30.0),
        ("2025-07-07", -50.0),
    ];
    assert_eq!(pnl, expected.map(|(on, pnl)| (date(on), pnl)));
    assert!(
        Calendar::nyse().close_time(date("2025-07-03")).unwrap().unwrap().to_string().starts_with("13:00")
    );
    close_to(days[1].day_return.unwrap(), 0.02, 1e-15);
    close_to(days[5].day_return.unwrap(), -50.0 / 1040.0, 1e-15);
}

#[test]
fn a_short_that_falls_ten_percent_gains() {
    let mut world = World::default();
    world.price("XYZ", &[("2025-06-02", 50.0), ("2025-06-03", 45.0)]);
    let lot = world.lot("XYZ", -100.0, 50.0, "2025-06-03");
    let book = book("2025-06-02", vec![lot], &[("2025-06-02", Opening, 10_000.0)]);
    let days = world.roll(&book, "2025-06-03");
    let view = &world.views(&book, &days[1])[0];
    assert_eq!(view.market_value, Some(-4500.0));
    assert_eq!((view.cost_basis, view.unrealized_pnl, view.day_pnl), (-5000.0, Some(500.0), Some(500.0)));
    assert_eq!((days[1].cash, days[1].short_proceeds), (15_000.0, 5_000.0));
    assert_eq!((days[1].nav, days[1].flows, days[1].day_pnl), (10_500.0, 0.0, 500.0));
    close_to(days[1].day_return.unwrap(), 0.05, 1e-15);
}

#[test]
fn entries_and_exits_earn_from_and_to_their_own_prices() {
    let mut world = World::default();
    world.price(
        "A",
        &[("2025-06-02", 10.0), ("2025-06-03", 12.0), ("2025-06-04", 15.0), ("2025-06-05", 20.0)],
    );
    let lots = vec![
        // Bought on Tuesday at 11, sold on Thursday at 18.
        exited(world.lot("A", 100.0, 11.0, "2025-06-03"), 18.0, "2025-06-05"),
        // In and out on one day.
        exited(world.lot("A", 10.0, 14.0, "2025-06-04"), 13.0, "2025-06-04"),
        // In kind at 10, whatever it once cost.
        exited(world.lot("A", -10.0, 4.0, "2024-01-02"), 16.0, "2025-06-05"),
    ];
    let book = book("2025-06-02", lots, &[("2025-06-02", Opening, 5_000.0)]);
    let days = world.roll(&book, "2025-06-05");
    let pnl: Vec<f64> = days.iter().map(|day| day.day_pnl).collect();
    // Tuesday 100 (12 - 11) - 10 (12 - 10); Wednesday 100 * 3 - 10 * 3 - 10; Thursday 100 * 3 - 10 * 1.
    assert_eq!(pnl, [0.0, 80.0, 260.0, 290.0]);
    assert_eq!(days.iter().map(|day| day.flows).collect::<Vec<_>>(), [4_900.0, 0.0, 0.0, 0.0]);
    let last = &days[3];
    assert_eq!((last.nav, last.cash, last.lots.len()), (5_530.0, 5_530.0, 0));
    // Realised against entry prices: 700 - 10 - 120.
    assert_eq!((last.realized_pnl, last.unrealized_pnl, last.cumulative_pnl), (570.0, 0.0, 630.0));
    assert_eq!(
        (days[0].short_proceeds, days[2].short_proceeds),
        (0.0, 0.0),
        "no cash came for a short in kind"
    );
}

#[test]
fn trades_and_ledger_entries_on_closed_days_count_from_the_next_session() {
    let mut world = World::default();
    world.price(
        "A",
        &[("2025-07-03", 10.0), ("2025-07-07", 12.0), ("2025-07-08", 12.0), ("2025-07-14", 12.0)],
    );
    let lot = world.lot("A", 10.0, 11.0, "2025-07-05");
    let cash = [
        ("2025-07-03", Opening, 1000.0),
        ("2025-07-04", Contribution, 500.0),
        ("2025-07-05", Withdrawal, -100.0),
        ("2025-07-06", Fee, -7.0),
        ("2025-07-08", Interest, 3.0),
        ("2025-07-12", Fee, -1.0),
    ];
    let days = world.roll(&book("2025-07-03", vec![lot], &cash), "2025-07-08");
    assert_eq!((days[0].nav, days[0].flows), (1000.0, 1000.0));
    assert_eq!(days[1].date, date("2025-07-07"));
    // 10 (12 - 11) - 7.
    assert_eq!((days[1].flows, days[1].day_pnl, days[1].nav), (400.0, 3.0, 1403.0));
    close_to(days[1].day_return.unwrap(), 3.0 / 1400.0, 1e-15);
    assert_eq!((days[2].flows, days[2].day_pnl, days[2].nav), (0.0, 3.0, 1406.0));
}

#[test]
fn dividends_are_profit_on_the_ex_date_and_shorts_pay() {
    let mut world = World::default();
    let closes = [("2025-06-02", 50.0), ("2025-06-03", 48.0), ("2025-06-04", 48.0)];
    world.price("A", &closes);
    world.dividend("A", "2025-06-03", 2.0);
    let lots = |world: &mut World| {
        vec![
            world.lot("A", 100.0, 50.0, "2025-06-02"),
            world.lot("A", -40.0, 50.0, "2025-06-02"),
            // Bought ex: no dividend. Sold ex: the dividend stays with the seller.
            world.lot("A", 1000.0, 48.0, "2025-06-03"),
            exited(world.lot("A", 10.0, 50.0, "2025-06-02"), 48.0, "2025-06-03"),
        ]
    };
    let lots = lots(&mut world);
    let book = book("2025-06-02", lots, &[("2025-06-02", Opening, 50_000.0)]);
    let days = world.roll(&book, "2025-06-04");
    // Each holder loses 2 in price and receives 2, the short the other way round.
    assert_eq!((days[1].day_pnl, days[1].flows), (0.0, 0.0));
    assert_eq!(days[1].cash, 50_000.0 + 200.0 - 80.0 + 20.0 - 48_000.0 + 480.0);
    assert_eq!(days[1].lots.iter().map(|lot| lot.day_pnl).collect::<Vec<_>>(), vec![Some(0.0); 3]);
    assert_eq!(days[2].day_pnl, 0.0);
}

#[test]
fn dividends_of_a_position_that_cannot_be_valued() {
    let mut world = World::default();
    world.price("A", &[("2025-06-02", 50.0), ("2025-06-06", 47.0)]);
    world.dividend("A", "2025-06-05", 2.0);
    world.price("B", &[("2025-06-06", 10.0)]);
    world.dividend("B", "2025-06-05", 1.0);
    let lots = vec![world.lot("A", 100.0, 50.0, "2025-06-02"), world.lot("B", 100.0, 10.0, "2025-06-02")];
    let days = world.roll(&book("2025-06-02", lots, &[]), "2025-06-06");
    // A is out of the NAV on the ex-date but was in it; B has never been in it.
    assert_eq!((days[3].day_pnl, days[3].cash, days[3].nav), (200.0, 200.0, 200.0));
    assert_eq!(days[3].lots.iter().map(|lot| lot.day_pnl).collect::<Vec<_>>(), [Some(200.0), None]);
    assert_eq!((days[4].day_pnl, days[4].flows, days[4].nav), (-300.0, 6_000.0, 5_900.0));
}

fn exclusions(world: &World, book: &Book, days: &[Day], i: usize) -> SnapshotSet {
    assemble(book, days, i, &world.views(book, &days[i]))
}

fn reasons(set: &SnapshotSet) -> Vec<(&str, Reason, Severity)> {
    set.exclusions.iter().map(|e| (e.issue.subject.as_str(), e.issue.reason, e.issue.severity)).collect()
}

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

/// Closes that alternate between 100 and 101: returns of +1 % and of 1/1.01 - 1.
#[test]
fn volatilities_need_all_their_returns_and_drawdown_follows_the_index() {
    let all = sessions("2025-01-02", "2025-04-30");
    let mut world = World::default();
    for (i, on) in all.iter().enumerate() {
        world.history("A").bars.push(bar(*on, 100.0 + (i % 2) as f64));
    }
    let lot = world.lot("A", 10.0, 100.0, "2025-01-02");
    let book = book("2025-01-02", vec![lot], &[]);
    let days = world.roll(&book, "2025-04-30");
    let snapshot = |i: usize| exclusions(&world, &book, &days, i).snapshot;
    // n returns, k of them a and the rest b: variance k (n - k) / (n (n - 1)) (a - b)^2.
    let spread = 0.01 - (1.0 / 1.01 - 1.0);
    let vol = |n: f64, k: f64| (252.0 * k * (n - k) / (n * (n - 1.0)) * spread * spread).sqrt();
    assert_eq!((snapshot(20).realized_vol_21, snapshot(62).realized_vol_63), (None, None));
    close_to(snapshot(21).realized_vol_21.unwrap(), vol(21.0, 11.0), 1e-12);
    close_to(snapshot(63).realized_vol_63.unwrap(), vol(63.0, 32.0), 1e-12);
    assert_eq!((snapshot(0).drawdown, snapshot(1).drawdown), (Some(0.0), Some(0.0)));
    close_to(snapshot(2).drawdown.unwrap(), 1.0 / 1.01 - 1.0, 1e-14);
    close_to(snapshot(2).cumulative_return.unwrap(), 0.0, 1e-14);
    close_to(snapshot(1).cumulative_return.unwrap(), 0.01, 1e-14);
}

#[test]
fn flows_do_not_earn_and_the_index_ends_when_nothing_is_invested() {
    let mut world = World::default();
    world.price(
        "A",
        &[("2025-06-02", 10.0), ("2025-06-03", 11.0), ("2025-06-04", 33.0), ("2025-06-05", 33.0)],
    );
    let lot = world.lot("A", -100.0, 10.0, "2025-06-02");
    let cash = [("2025-06-02", Opening, 2_000.0), ("2025-06-03", Contribution, 1_000.0)];
    let book = book("2025-06-02", vec![lot], &cash);
    let days = world.roll(&book, "2025-06-05");
    // NAV 1000; 1000 paid in and 100 lost; 2200 lost, more than there is; NAV -300: no return.
    close_to(days[1].day_return.unwrap(), -0.05, 1e-15);
    assert_eq!(days[2].nav, -300.0);
    close_to(days[2].day_return.unwrap(), -2200.0 / 1900.0, 1e-15);
    assert_eq!((days[3].day_return, days[3].index), (None, None));
    let last = exclusions(&world, &book, &days, 3).snapshot;
    assert_eq!((last.cumulative_return, last.drawdown, last.market_beta), (None, None, None));
    assert_eq!(last.cumulative_pnl, -2300.0);
}

#[test]
fn factor_dollars_are_delta_dollars_times_the_loadings_of_the_underlying() {
    let mut world = World::default();
    world.price("XYZ", &[("2025-06-02", 50.0)]);
    world.price("XYZ250919P00050000", &[("2025-06-02", 3.0)]);
    world.fit("XYZ", FitStatus::Ok, &[("Market", 1.2), ("Value", -0.4)]);
    let lots = vec![
        world.lot("XYZ", -10.0, 50.0, "2025-06-02"),
        world.lot("XYZ250919P00050000", -2.0, 3.0, "2025-06-02"),
    ];
    let greeks = OptionGreeks {
        spot: 50.0,
        market_price: Some(3.0),
        volatility: 0.3,
        volatility_source: VolatilitySource::Quoted,
        rate: 0.05,
        dividend_yield: 0.0,
        years: 0.3,
        model_price: 3.0,
        delta: -0.45,
        gamma: 0.04,
        theta_per_day: -0.02,
        vega_per_point: 0.11,
        rho_per_point: -0.07,
        flags: vec![],
    };
    let id = lots[1].instrument.id;
    let row = GreeksRow {
        instrument_id: id,
        as_of: date("2025-06-02"),
        method: GreeksMethod::EuropeanApproximation,
        greeks: Ok(greeks),
    };
    world.results.greeks.insert(id, row);
    let book = book("2025-06-02", lots, &[("2025-06-02", Opening, 10_000.0)]);
    let days = world.roll(&book, "2025-06-02");
    let views = world.views(&book, &days[0]);
    // -200 units x -0.45 x 50 = +4500; notional -200 x 50 x -1; gamma -200 x 0.04 x 50^2 x 0.01.
    let put = views[1].greeks.unwrap();
    close_to(put.delta_dollars, 4500.0, 1e-9);
    close_to(put.gamma_dollars_per_1pct, -200.0, 1e-9);
    close_to(put.theta_per_day, 4.0, 1e-12);
    close_to(put.vega_per_point, -22.0, 1e-12);
    close_to(put.rho_per_point, 14.0, 1e-12);
    close_to(views[1].notional.unwrap(), 10_000.0, 1e-9);
    assert_eq!(views[0].greeks.unwrap().delta_dollars, -500.0);
    let set = assemble(&book, &days, 0, &views);
    close_to(set.snapshot.delta_dollars.unwrap(), 4000.0, 1e-9);
    // 1.2 x 4000 over the NAV of 10000 - 500 - 600.
    close_to(set.snapshot.market_beta.unwrap(), 4800.0 / 8900.0, 1e-12);
    let value: f64 = views.iter().map(|v| v.factor_dollars.as_ref().unwrap()[1].1).sum();
    close_to(value, -1600.0, 1e-9);
}

// ---- properties over random books ----

#[derive(Debug, Clone)]
struct RandomLot {
    symbol: usize,
    quantity: i32,
    entry_price: f64,
    entry_day: i64,
    exit: Option<(i64, f64)>,
}

#[derive(Debug, Clone)]
struct RandomWorld {
    lots: Vec<RandomLot>,
    /// Price of each symbol on each calendar day; `None` is a gap.
    prices: Vec<Vec<Option<f64>>>,
    dividends: Vec<(usize, i64, f64)>,
    splits: Vec<(usize, i64)>,
    cash: Vec<(i64, u8, f64)>,
}

const SYMBOLS: [&str; 6] =
    ["AAA", "BBB", "CCC", "AAA250620C00050000", "BBB250627P00060000", "CCC250703C00040000"];
const DAYS: i64 = 36;

fn day(offset: i64) -> NaiveDate {
    // Includes Juneteenth and Independence Day; opens on a Saturday.
    date("2025-06-07") + chrono::Days::new(offset as u64)
}

fn random_world(gaps: bool) -> impl Strategy<Value = RandomWorld> {
    let lot = (
        0..SYMBOLS.len(),
        -20..20i32,
        1.0..100.0f64,
        -5..DAYS,
        proptest::option::of((0..DAYS, 1.0..100.0f64)),
    )
        .prop_map(|(symbol, quantity, entry_price, entry_day, exit)| RandomLot {
            symbol,
            quantity: if quantity < 0 { quantity } else { quantity + 1 },
            entry_price,
            entry_day,
            exit: exit.map(|(after, price)| (entry_day + after, price)),
        });
    let price =
        (0.0..1.0f64, 5.0..100.0f64).prop_map(move |(luck, price)| (!gaps || luck < 0.7).then_some(price));
    let splits = if gaps { 0..3usize } else { 0..1 };
    (
        prop::collection::vec(lot, 1..8),
        prop::collection::vec(prop::collection::vec(price, DAYS as usize), SYMBOLS.len()),
        prop::collection::vec((0..3usize, 0..DAYS, 0.1..3.0f64), 0..4),
        prop::collection::vec((0..3usize, 0..DAYS), splits),
        prop::collection::vec((0..DAYS, 0..4u8, -500.0..2000.0f64), 0..6),
    )
        .prop_map(|(lots, prices, dividends, splits, cash)| RandomWorld {
            lots,
            prices,
            dividends,
            splits,
            cash,
        })
}

const LEDGER: [CashKind; 4] = [Contribution, Withdrawal, Interest, Fee];

fn build(random: &RandomWorld) -> (World, Book) {
    let mut world = World::default();
    for (symbol, prices) in SYMBOLS.iter().zip(&random.prices) {
        for (offset, price) in prices.iter().enumerate() {
            let on = day(offset as i64);
            if let (Some(price), Ok(true)) = (price, Calendar::nyse().is_session(on)) {
                world.price(symbol, &[(&on.to_string(), *price)]);
            }
        }
    }
    for &(symbol, on, amount) in &random.dividends {
        world.dividend(SYMBOLS[symbol], &day(on).to_string(), amount);
    }
    for &(symbol, on) in &random.splits {
        world.split(SYMBOLS[symbol], &day(on).to_string(), 1.0, 2.0);
    }
    let lots = random.lots.iter().map(|lot| {
        let entered =
            if lot.entry_day < 0 { "2025-01-02".to_owned() } else { day(lot.entry_day).to_string() };
        let built = world.lot(SYMBOLS[lot.symbol], f64::from(lot.quantity), lot.entry_price, &entered);
        match lot.exit {
            Some((on, price)) if on >= 0 => exited(built, price, &day(on).to_string()),
            _ => built,
        }
    });
    let lots = lots.collect();
    let ledger: Vec<(String, CashKind, f64)> = random
        .cash
        .iter()
        .map(|&(on, kind, amount)| (day(on).to_string(), LEDGER[usize::from(kind)], amount))
        .collect();
    let mut cash: Vec<(&str, CashKind, f64)> =
        ledger.iter().map(|(on, kind, a)| (on.as_str(), *kind, *a)).collect();
    cash.push(("2025-06-07", Opening, 25_000.0));
    (world, book("2025-06-07", lots, &cash))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nav_changes_by_profit_and_flows_every_session(random in random_world(true)) {
        let (world, book) = build(&random);
        let days = world.roll(&book, &day(DAYS - 1).to_string());
        let mut nav = 0.0;
        for day in &days {
            prop_assert!((day.nav - nav - day.day_pnl - day.flows).abs() < 1e-6, "{}", day.date);
            let values: f64 = day.lots.iter().filter_map(|lot| lot.market_value).sum();
            prop_assert!((day.nav - day.cash - values).abs() < 1e-6);
            for lot in &day.lots {
                prop_assert_eq!(lot.market_value.is_some(), lot.mark.is_ok());
            }
            nav = day.nav;
        }
    }

    #[test]
    fn a_longer_roll_begins_with_the_shorter_one(random in random_world(true), cut in 1..DAYS) {
        let (world, book) = build(&random);
        let long = world.roll(&book, &day(DAYS - 1).to_string());
        let short = world.roll(&book, &day(cut).to_string());
        prop_assert_eq!(&long[..short.len()], &short[..]);
    }

    /// Where every price is there, only the ledger is a flow and profit is what lots, dividends and the ledger earned.
    #[test]
    fn with_complete_prices_only_the_ledger_flows(random in random_world(false)) {
        let (world, mut book) = build(&random);
        // Traded lots only, none of them dead on arrival.
        book.lots.retain(|lot| {
            let entry = Calendar::nyse().session_on_or_after(lot.position.entry_date).unwrap();
            let alive = lot.instrument.option.as_ref().is_none_or(|terms| terms.expiry >= entry);
            lot.position.entry_date > book.portfolio.opened_on && alive
        });
        let days = world.roll(&book, &day(DAYS - 1).to_string());
        let all: Vec<NaiveDate> = days.iter().map(|day| day.date).collect();
        let ledger = |on: NaiveDate, flow: bool| -> f64 {
            let counted = |e: &&CashEntry| {
                Calendar::nyse().session_on_or_after(e.date).unwrap() == on && e.kind.is_flow() == flow
            };
            book.cash.iter().filter(counted).map(|e| e.amount).sum()
        };
        let mut earned = 0.0;
        for (i, day) in days.iter().enumerate() {
            prop_assert!((day.flows - ledger(day.date, true)).abs() < 1e-6);
            earned += ledger(day.date, false);
            for lot in &book.lots {
                let Some(history) = world.market.histories.get(&lot.instrument.id) else { continue };
                let entry = Calendar::nyse().session_on_or_after(lot.position.entry_date).unwrap();
                let exit = lot.position.exit_date.map(|d| Calendar::nyse().session_on_or_after(d).unwrap());
                let held = entry < day.date && exit.is_none_or(|exit| exit >= day.date);
                let since = i.checked_sub(1).map(|before| all[before]);
                let paid = history.dividends.iter().filter(|d| since.is_some_and(|s| s < d.ex_date) && d.ex_date <= day.date);
                if held {
                    earned += paid.map(|d| d.amount * lot.position.quantity).sum::<f64>();
                }
            }
            let lots = day.realized_pnl + day.unrealized_pnl;
            prop_assert!((day.cumulative_pnl - earned - lots).abs() < 1e-6, "{}", day.date);
        }
    }
}

#[test]
fn the_random_books_open_on_a_weekend() {
    assert_eq!(day(0).weekday(), chrono::Weekday::Sat);
    let days = performance::roll(
        &book("2025-06-07", vec![], &[("2025-06-07", Opening, 1.0)]),
        &Market::default(),
        Calendar::nyse(),
        &sessions("2025-06-07", "2025-06-10"),
    )
    .unwrap();
    assert_eq!((days[0].date, days[0].nav), (date("2025-06-09"), 1.0));
}
