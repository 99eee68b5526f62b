//! Statements that tell what happened: closed lots, splits, assignments.

use std::collections::BTreeMap;

use sigma_core::analytics::reconcile::*;
use sigma_core::calendar::Calendar;
use sigma_core::model::*;

use crate::reconcile::{AS_OF, book, row, stated};
use crate::support::*;

fn run(world: &World, book: &Book, rows: Vec<Holding>) -> Reconciliation {
    reconcile(book, &stated(rows, None), &world.market, Calendar::nyse()).unwrap()
}

fn lot(world: &mut World, symbol: &str, quantity: f64, price: f64, on: &str) -> Holding {
    Holding { entry_price: Some(price), entry_date: Some(date(on)), ..row(world, symbol, quantity) }
}

fn sold(holding: Holding, price: f64, on: &str) -> Holding {
    Holding { exit: Some((price, date(on))), ..holding }
}

fn closed(found: &Reconciliation) -> Vec<(f64, f64, String)> {
    found.closings.iter().map(|c| (c.quantity, c.price, c.date.to_string())).collect()
}

/// A contract that the file says ended closes the stored lot, and does not settle a second time.
#[test]
fn an_end_that_the_file_tells_closes_the_stored_contract() {
    let mut world = World::default();
    let symbol = "AAA250606C00050000";
    let book = book(vec![world.lot(symbol, -1.0, 2.0, "2025-06-03")], vec![]);
    let short = lot(&mut world, symbol, -1.0, 2.0, "2025-06-03");
    let found = run(&world, &book, vec![sold(short, 0.0, "2025-06-06")]);
    assert_eq!(closed(&found), [(-1.0, 0.0, "2025-06-06".to_owned())]);
    assert!(found.openings.is_empty() && found.expired.is_empty());
}

/// A holding taken over at its value on one day, then activity with the entries of years ago.
#[test]
fn a_sale_is_booked_once_whatever_the_entries_are() {
    let mut world = World::default();
    let book = book(vec![world.lot("AAA", 10.0, 90.0, "2025-06-04")], vec![]);
    let sale = lot(&mut world, "AAA", 4.0, 20.0, "2021-03-01");
    let rest = lot(&mut world, "AAA", 6.0, 20.0, "2021-03-01");
    let found = run(&world, &book, vec![sold(sale.clone(), 110.0, "2025-06-10"), rest.clone()]);
    assert_eq!(closed(&found), [(4.0, 110.0, "2025-06-10".to_owned())]);
    assert_eq!(found.closings[0].realized_usd, 80.0);
    assert!(found.openings.is_empty() && found.unpriced.is_empty(), "{found:?}");
    assert_eq!((found.unchanged[0].quantity, found.unchanged[0].entries_differ), (6.0, true));
    // What was sold before the holding was taken over is history.
    let found = run(&world, &book, vec![sold(sale, 110.0, "2022-01-03"), Holding { quantity: 10.0, ..rest }]);
    assert!(found.closings.is_empty());
    assert_eq!((found.openings.len(), found.openings[0].quantity), (1, 4.0));
}

/// In the units of the file and of the book nothing can be compared while a split stands between them.
#[test]
fn units_that_differ_by_more_than_a_split_wait_for_it() {
    let mut world = World::default();
    let book = book(vec![world.lot("AAA", 100.0, 50.0, "2025-06-04")], vec![]);
    world.split("AAA", "2025-06-10", 1.0, 4.0);
    world.price("AAA", &[(AS_OF, 13.0)]);
    for units in [350.0, 450.0, 30.0] {
        let rows = vec![row(&mut world, "AAA", units)];
        let found = run(&world, &book, rows);
        assert!(found.is_empty(), "{found:?}");
        let due = Unpriced::SplitDue { symbol: "AAA".into(), held: 100.0, after: 400.0, stated: units };
        assert_eq!(found.unpriced, [due]);
    }
    let rows = vec![row(&mut world, "AAA", 100.0)];
    let found = run(&world, &book, rows);
    assert!(found.is_empty() && found.unpriced.is_empty());
    assert_eq!((found.splits[0].stated, found.splits[0].after), (100.0, 400.0));
}

#[test]
fn a_split_that_is_not_stored_is_no_purchase() {
    let mut world = World::default();
    let book = book(vec![world.lot("AAA", 10.0, 400.0, "2025-06-04")], vec![]);
    let rows = vec![lot(&mut world, "AAA", 40.0, 100.0, "2025-06-04")];
    let found = run(&world, &book, rows);
    assert!(found.is_empty());
    assert_eq!(found.unpriced, [Unpriced::SplitUnknown { symbol: "AAA".into(), held: 10.0, stated: 40.0 }]);
}

#[test]
fn rows_that_cancel_out_are_rows() {
    let mut world = World::default();
    let book = book(vec![], vec![]);
    let dated = vec![
        lot(&mut world, "AAA", 100.0, 50.0, "2025-06-03"),
        lot(&mut world, "AAA", -100.0, 55.0, "2025-06-04"),
    ];
    let plain = [100.0, -100.0].map(|units| Holding { price: Some(50.0), ..row(&mut world, "AAA", units) });
    for rows in [dated, plain.to_vec()] {
        let found = run(&world, &book, rows);
        assert_eq!(found.openings.iter().map(|o| o.quantity).collect::<Vec<_>>(), [100.0, -100.0]);
    }
}

/// The put ends at nothing and its shares come at the strike: no money appears.
#[test]
fn shares_delivered_by_an_assignment_cost_the_strike_altogether() {
    let mut world = World::default();
    let symbol = "AAA250606P00095000";
    let cash = CashEntry {
        id: 1,
        portfolio_id: 1,
        date: date("2025-06-02"),
        kind: CashKind::Opening,
        amount: 10_000.0,
        note: None,
    };
    let book = book(vec![world.lot(symbol, -1.0, 2.0, "2025-06-03")], vec![cash]);
    world.price("AAA", &[("2025-06-06", 90.0), (AS_OF, 91.0)]);
    let shares = Holding { cost_basis: Some(9_500.0), ..row(&mut world, "AAA", 100.0) };
    let holdings = Holdings { exit_prices: BTreeMap::new(), ..stated(vec![shares], Some(700.0)) };
    let found = reconcile(&book, &holdings, &world.market, Calendar::nyse()).unwrap();
    let [opening] = &found.openings[..] else { panic!("{found:?}") };
    assert_eq!((opening.price, opening.date), (95.0, date("2025-06-06")));
    // 10,000 + 200 of premium - 9,500 is what the account holds.
    assert_eq!(found.cash, None);
}
