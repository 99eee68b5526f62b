//! The demo books at seed prices reproduce the published tables.

use sigma_core::analytics::exposures::{concentration, exposures};
use sigma_core::analytics::performance::Day;
use sigma_core::analytics::snapshot::assemble;
use sigma_core::model::CashKind::Opening;
use sigma_core::model::*;

use crate::support::*;

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
