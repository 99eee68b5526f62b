//! Statements and splits: counted by the file, applied since, or not stored.

use proptest::prelude::*;
use sigma_core::analytics::reconcile::*;
use sigma_core::calendar::Calendar;
use sigma_core::model::*;

use crate::reconcile::{AS_OF, book, row, stated};
use crate::support::*;

const SPLIT: &str = "2025-06-10";

fn run(world: &World, book: &Book, rows: Vec<Holding>) -> Reconciliation {
    reconcile(book, &stated(rows, None), &world.market, Calendar::nyse()).unwrap()
}

fn lot(world: &mut World, quantity: f64, price: f64, on: &str, units: Units) -> Holding {
    Holding { entry_price: Some(price), entry_date: Some(date(on)), units, ..row(world, "AAA", quantity) }
}

/// One lot of before the split, applied as `position apply-split` does it.
fn split_applied(world: &mut World) -> Book {
    let before = exited(world.lot("AAA", 10.0, 120.0, "2025-06-03"), 120.0, SPLIT);
    let after = world.lot("AAA", 20.0, 60.0, SPLIT);
    world.split("AAA", SPLIT, 1.0, 2.0);
    world.price("AAA", &[(AS_OF, 75.0)]);
    book(vec![before, after], vec![])
}

#[test]
fn a_file_goes_on_stating_the_entry_of_before_an_applied_split() {
    let mut world = World::default();
    let book = split_applied(&mut world);
    for (units, price) in [(10.0, 120.0), (20.0, 60.0)] {
        let rows = vec![lot(&mut world, units, price, "2025-06-03", Units::Untold)];
        let found = run(&world, &book, rows);
        assert!(found.is_empty() && found.unpriced.is_empty() && found.splits.is_empty(), "{found:?}");
        assert!(!found.unchanged[0].entries_differ);
    }
    // Eight of ten old units are sixteen new ones: four were sold, at the price of now.
    let rows = vec![lot(&mut world, 8.0, 120.0, "2025-06-03", Units::Untold)];
    let found = run(&world, &book, rows);
    assert_eq!((found.closings[0].quantity, found.closings[0].price), (4.0, 75.0));
    // Sold since, as the file tells it in units of after.
    let sold = Holding {
        exit: Some((70.0, date("2025-06-12"))),
        ..lot(&mut world, 5.0, 60.0, "2025-06-03", Units::Untold)
    };
    let rest = lot(&mut world, 15.0, 60.0, "2025-06-03", Units::Untold);
    let found = run(&world, &book, vec![sold, rest]);
    assert_eq!((found.closings.len(), found.openings.len()), (1, 0), "{found:?}");
    assert_eq!((found.closings[0].position_id, found.closings[0].realized_usd), (2, 50.0));
}

/// Prices of two lots may stand in the ratio of some split by chance.
#[test]
fn lots_that_one_split_was_applied_to_are_not_mixed_up() {
    let mut world = World::default();
    let lots = vec![
        exited(world.lot("AAA", 100.0, 680.0, "2025-06-03"), 680.0, SPLIT),
        exited(world.lot("AAA", 50.0, 570.0, "2025-06-02"), 570.0, SPLIT),
        world.lot("AAA", 200.0, 340.0, SPLIT),
        world.lot("AAA", 100.0, 285.0, SPLIT),
    ];
    world.split("AAA", SPLIT, 1.0, 2.0);
    world.price("AAA", &[(AS_OF, 350.0)]);
    let book = book(lots, vec![]);
    let rows = vec![
        lot(&mut world, 100.0, 680.0, "2025-06-03", Units::Untold),
        lot(&mut world, 50.0, 570.0, "2025-06-02", Units::Untold),
    ];
    let found = run(&world, &book, rows);
    assert!(found.is_empty() && found.unpriced.is_empty() && !found.unchanged[0].entries_differ, "{found:?}");
}

/// Without entry dates half of the shares may have been sold: an unchanged cost tells that they were not.
#[test]
fn holdings_in_units_of_before_an_applied_split() {
    let mut world = World::default();
    let book = split_applied(&mut world);
    let of = |world: &mut World, basis| Holding { cost_basis: Some(basis), ..row(world, "AAA", 10.0) };
    let same = vec![of(&mut world, 1200.0)];
    let found = run(&world, &book, same);
    assert!(found.is_empty() && found.unpriced.is_empty(), "{found:?}");
    let half = vec![of(&mut world, 600.0)];
    assert_eq!(run(&world, &book, half).closings[0].quantity, 10.0);
    let again = Holdings { is_known_file: true, ..stated(vec![row(&mut world, "AAA", 10.0)], None) };
    assert!(reconcile(&book, &again, &world.market, Calendar::nyse()).unwrap().is_empty());
}

#[test]
fn new_lots_count_the_splits_that_their_file_counts() {
    let mut world = World::default();
    world.split("AAA", SPLIT, 1.0, 2.0);
    let through = |world: &mut World, units: Units| {
        let row = lot(world, 20.0, 60.0, "2025-06-03", units);
        let found = run(world, &book(vec![], vec![]), vec![row.clone()]);
        // The same file again changes nothing and advises nothing, the split stored or not.
        let mut after = applied(&book(vec![], vec![]), &found);
        after.lots[0].position.id = 1;
        let again = run(world, &after, vec![row]);
        (found.openings[0].adjusted_through, found.untold.len(), again.is_empty() && again.splits.is_empty())
    };
    assert_eq!(through(&mut world, Units::OfStatement), (Some(date(AS_OF)), 0, true));
    let replayed = Units::Through(date("2025-06-11"));
    assert_eq!(through(&mut world, replayed), (Some(date("2025-06-11")), 0, true));
    // Nothing tells what somebody wrote by hand, until the close of the entry does.
    assert_eq!(through(&mut world, Units::Untold), (None, 1, false));
    world.price("AAA", &[("2025-06-03", 118.0)]);
    assert_eq!(through(&mut world, Units::Untold), (Some(date(SPLIT)), 0, true));
    world.history("AAA").bars[0].close = 61.0;
    assert_eq!(through(&mut world, Units::Untold), (None, 0, false));
    world.history("AAA").bars[0].close = 85.0;
    assert_eq!(through(&mut world, Units::Untold), (None, 1, false));
}

/// A lot from a file that came before its split was stored is found to count it.
#[test]
fn stored_lots_that_count_a_split_are_told_by_their_file() {
    let mut world = World::default();
    let book = book(vec![world.lot("AAA", 20.0, 60.0, "2025-06-03")], vec![]);
    world.split("AAA", SPLIT, 1.0, 2.0);
    let run_with = |world: &mut World, units: Units| {
        let row = lot(world, 20.0, 60.0, "2025-06-03", units);
        let found = run(world, &book, vec![row]);
        let due: Vec<bool> = found.splits.iter().map(|split| split.is_untold).collect();
        (found.adjusted.first().map(|lot| lot.through), due)
    };
    assert_eq!(run_with(&mut world, Units::Untold), (None, vec![true]));
    assert_eq!(run_with(&mut world, Units::OfStatement), (None, vec![false]));
    assert_eq!(run_with(&mut world, Units::Through(date(SPLIT))), (Some(date(SPLIT)), vec![]));
    world.price("AAA", &[("2025-06-03", 121.0)]);
    assert_eq!(run_with(&mut world, Units::Untold), (Some(date(SPLIT)), vec![]));
}

#[test]
fn the_same_cost_in_other_units_is_a_split_that_is_not_stored() {
    let mut world = World::default();
    let book = book(vec![world.lot("AAA", 10.0, 800.0, "2025-06-04")], vec![]);
    world.price("AAA", &[(AS_OF, 900.0)]);
    let unknown = |world: &mut World, units: f64, basis: f64| {
        let row = Holding { cost_basis: Some(basis), ..row(world, "AAA", units) };
        let found = run(world, &book, vec![row]);
        let of_split = Unpriced::SplitUnknown { symbol: "AAA".into(), held: 10.0, stated: units };
        assert!(found.unpriced.is_empty() || (found.unpriced == [of_split] && found.is_empty()), "{found:?}");
        !found.unpriced.is_empty()
    };
    for units in [100.0, 1.0, 15.0, 20.0, 2.5] {
        assert!(unknown(&mut world, units, 8000.0), "{units}");
        assert!(unknown(&mut world, units, 8000.01), "{units}");
    }
    // One for three, with a third of a share paid out: 3 of 3.33 shares are left, and so much of the cost.
    assert!(unknown(&mut world, 3.0, 7200.0));
    // Trades change the cost: a purchase adds to it, a sale takes its part, a free share is no split.
    for (units, basis) in [(100.0, 17_000.0), (5.0, 4000.0), (1.0, 800.0), (10.5, 8450.0), (10.003, 8000.0)] {
        assert!(!unknown(&mut world, units, basis), "{units} {basis}");
    }
}

/// The dear lot is left: a sale, however its cost looks.
#[test]
fn a_sale_of_the_cheap_lot_is_no_split() {
    let mut world = World::default();
    let lots = vec![world.lot("AAA", 99.0, 1.0, "2025-06-03"), world.lot("AAA", 1.0, 1000.0, "2025-06-04")];
    let book = book(lots, vec![]);
    let rows = vec![Holding { cost_basis: Some(1000.0), price: Some(9.0), ..row(&mut world, "AAA", 1.0) }];
    assert!(run(&world, &book, rows).unpriced.is_empty());
}

/// The replay has come across a split that is not stored, and bought more since.
#[test]
fn lots_of_a_file_that_counts_a_split_that_is_not_stored() {
    let mut world = World::default();
    let book = book(vec![world.lot("AAA", 10.0, 257.0, "2025-06-03")], vec![]);
    let units = Units::Through(date(SPLIT));
    let rows = vec![
        lot(&mut world, 20.0, 128.5, "2025-06-03", units),
        lot(&mut world, 5.0, 130.0, "2025-06-12", Units::Through(date("2025-06-12"))),
    ];
    let found = run(&world, &book, rows.clone());
    assert_eq!(found.unpriced, [Unpriced::SplitUnknown { symbol: "AAA".into(), held: 10.0, stated: 20.0 }]);
    assert!(found.is_empty());
}

proptest! {
    /// A lot in units of after a split is worth on every day what the lot of before is worth with the split applied.
    #[test]
    fn an_adjusted_lot_earns_what_an_applied_split_earns(
        closes in prop::collection::vec(50.0..60.0f64, 9),
        to in prop::sample::select(vec![2.0, 3.0, 0.25]),
        // Not on the day of the split: an applied one has just entered its later lot then.
        paid in prop::sample::select(vec![3, 4, 5, 6, 9, 11, 12]),
    ) {
        let mut world = World::default();
        let sessions = Calendar::nyse().sessions_between(date("2025-06-02"), date("2025-06-12")).unwrap();
        for (on, close) in sessions.iter().zip(&closes) {
            let close = if *on < date(SPLIT) { close * to } else { *close };
            world.price("AAA", &[(&on.to_string(), close)]);
        }
        world.split("AAA", SPLIT, 1.0, to);
        world.dividend("AAA", &format!("2025-06-{paid:02}"), 0.5);
        let applied = {
            let before = exited(world.lot("AAA", 10.0, 55.0 * to, "2025-06-04"), 55.0 * to, SPLIT);
            vec![before, world.lot("AAA", 10.0 * to, 55.0, SPLIT)]
        };
        let mut adjusted = world.lot("AAA", 10.0 * to, 55.0, "2025-06-04");
        adjusted.position.adjusted_through = Some(date(AS_OF));
        let roll = |lots| world.roll(&book(lots, vec![]), "2025-06-12");
        for (one, other) in roll(vec![adjusted]).iter().zip(&roll(applied)) {
            prop_assert!((one.nav - other.nav).abs() < 1e-6, "{} {} {}", one.date, one.nav, other.nav);
            prop_assert!((one.cumulative_pnl - other.cumulative_pnl).abs() < 1e-6);
        }
    }
}
