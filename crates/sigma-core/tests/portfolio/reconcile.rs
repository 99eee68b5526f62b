//! Statements against books: hand-worked cases, and the two identities of a reconciliation as properties.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use proptest::prelude::*;
use sigma_core::analytics::reconcile::*;
use sigma_core::calendar::Calendar;
use sigma_core::model::*;

use crate::support::*;

pub const AS_OF: &str = "2025-06-13";

pub fn book(lots: Vec<Lot>, cash: Vec<CashEntry>) -> Book {
    let portfolio = Portfolio {
        id: 1,
        user_id: 1,
        slug: "own".into(),
        name: "Own".into(),
        currency: "USD".into(),
        opened_on: date("2025-06-02"),
        is_demo: false,
    };
    let mut lots = lots;
    lots.iter_mut().zip(1..).for_each(|(lot, id)| lot.position.id = id);
    Book { portfolio, lots, cash }
}

pub fn row(world: &mut World, symbol: &str, quantity: f64) -> Holding {
    Holding {
        row: 2,
        instrument: world.instrument(symbol).clone(),
        quantity,
        entry_price: None,
        entry_date: None,
        exit: None,
        cost_basis: None,
        price: None,
        units: Units::OfStatement,
        tags: vec![],
    }
}

pub fn stated(rows: Vec<Holding>, cash: Option<f64>) -> Holdings {
    Holdings {
        as_of: date(AS_OF),
        rows,
        cash,
        exit_prices: BTreeMap::new(),
        is_whole_account: true,
        previous: None,
        is_known_file: false,
    }
}

fn run(world: &World, book: &Book, stated: &Holdings) -> Reconciliation {
    reconcile(book, stated, &world.market, Calendar::nyse()).unwrap()
}

fn entry(id: i64, on: &str, kind: CashKind, amount: f64, note: Option<&str>) -> CashEntry {
    CashEntry { id, portfolio_id: 1, date: date(on), kind, amount, note: note.map(str::to_owned) }
}

/// What a second statement would be compared with: the changed book with ids.
fn after(book: &Book, changes: &Reconciliation) -> Book {
    let mut after = applied(book, changes);
    after.lots.iter_mut().zip(1..).for_each(|(lot, id)| lot.position.id = id);
    after.cash.iter_mut().zip(1..).for_each(|(entry, id)| entry.id = id);
    after
}

#[test]
fn a_reduction_closes_the_oldest_lots_at_the_stated_price() {
    let mut world = World::default();
    let lots = vec![world.lot("AAA", 100.0, 50.0, "2025-06-04"), world.lot("AAA", 50.0, 40.0, "2025-06-03")];
    let book = book(lots, vec![]);
    let rows = vec![Holding { price: Some(60.0), ..row(&mut world, "AAA", 80.0) }];
    let found = run(&world, &book, &stated(rows, None));
    let told: Vec<_> = found.closings.iter().map(|c| (c.position_id, c.quantity, c.remaining)).collect();
    assert_eq!(told, [(2, 50.0, 0.0), (1, 20.0, 80.0)]);
    assert_eq!(found.closings.iter().map(|c| c.realized_usd).sum::<f64>(), 50.0 * 20.0 + 20.0 * 10.0);
    assert!(found.closings.iter().all(|c| c.is_reduction && c.price == 60.0));
}

#[test]
fn an_increase_costs_the_change_of_the_cost_basis() {
    let mut world = World::default();
    let book = book(vec![world.lot("AAA", 100.0, 50.0, "2025-06-04")], vec![]);
    let of = |world: &mut World, basis: Option<f64>, price: Option<f64>| {
        let row = Holding {
            cost_basis: basis,
            // An average over old and new units is no price of the new ones.
            entry_price: basis.map(|basis| basis / 120.0),
            price,
            ..row(world, "AAA", 120.0)
        };
        let found = run(world, &book, &stated(vec![row], None));
        found.openings.first().map(|o| (o.quantity, o.price, o.source, o.is_increase))
    };
    let basis = of(&mut world, Some(6100.0), Some(60.0));
    assert_eq!(basis, Some((20.0, 55.0, PriceSource::CostBasis, true)));
    // A basis that fell cannot be that of more units.
    assert_eq!(of(&mut world, Some(4000.0), Some(60.0)).unwrap().2, PriceSource::StatedPrice);
    assert_eq!(of(&mut world, None, None), None);
    world.price("AAA", &[(AS_OF, 61.0)]);
    assert_eq!(of(&mut world, None, None), Some((20.0, 61.0, PriceSource::StoredClose, true)));
}

#[test]
fn what_is_not_stated_is_closed_at_the_stored_close_or_named() {
    let mut world = World::default();
    let book = book(vec![world.lot("AAA", -10.0, 50.0, "2025-06-04")], vec![]);
    let found = run(&world, &book, &stated(vec![], None));
    assert_eq!(found.unpriced, [Unpriced::Exit { symbol: "AAA".into(), date: date(AS_OF) }]);
    assert!(found.is_empty());
    world.price("AAA", &[("2025-06-12", 44.0)]);
    assert_eq!(
        run(&world, &book, &stated(vec![], None)).unpriced.len(),
        1,
        "an older close is not of the day"
    );
    world.price("AAA", &[(AS_OF, 45.0)]);
    let found = run(&world, &book, &stated(vec![], None));
    assert_eq!((found.closings[0].price, found.closings[0].realized_usd), (45.0, 50.0));
    let part = Holdings { is_whole_account: false, ..stated(vec![], None) };
    assert_eq!(run(&world, &book, &part), Reconciliation::default());
}

#[test]
fn a_changed_side_closes_everything_and_opens_the_rest() {
    let mut world = World::default();
    let book = book(vec![world.lot("AAA", 100.0, 50.0, "2025-06-04")], vec![]);
    let row = Holding { price: Some(60.0), cost_basis: Some(-1860.0), ..row(&mut world, "AAA", -30.0) };
    let found = run(&world, &book, &stated(vec![row], None));
    assert_eq!((found.closings[0].quantity, found.closings[0].remaining), (100.0, 0.0));
    assert_eq!((found.openings[0].quantity, found.openings[0].price), (-30.0, 62.0));
}

#[test]
fn a_split_is_told_and_not_traded() {
    let mut world = World::default();
    let book = book(vec![world.lot("AAA", 10.0, 50.0, "2025-06-04")], vec![]);
    world.split("AAA", "2025-06-10", 1.0, 4.0);
    let rows = vec![row(&mut world, "AAA", 40.0)];
    let found = run(&world, &book, &stated(rows, None));
    assert!(found.is_empty() && found.unpriced.is_empty());
    assert_eq!((found.splits[0].held, found.splits[0].stated), (10.0, 40.0));
    assert_eq!(found.splits[0].position_ids, [1]);
}

#[test]
fn expired_contracts_settle_by_themselves() {
    let mut world = World::default();
    let book = book(vec![world.lot("AAA250606C00050000", 1.0, 2.0, "2025-06-03")], vec![]);
    let found = run(&world, &book, &stated(vec![], None));
    assert_eq!(found.expired, ["AAA250606C00050000"]);
    assert!(found.is_empty() && found.unpriced.is_empty());
}

#[test]
fn dated_rows_are_lots() {
    let mut world = World::default();
    let lots = vec![world.lot("AAA", 10.0, 50.0, "2025-06-03"), world.lot("AAA", 20.0, 52.0, "2025-06-04")];
    let book = book(lots, vec![]);
    let lot = |world: &mut World, quantity, price, on| Holding {
        entry_price: Some(price),
        entry_date: Some(date(on)),
        price: Some(60.0),
        ..row(world, "AAA", quantity)
    };
    // Ten sold, five bought later, one lot as it was.
    let kept = lot(&mut world, 20.0, 52.0, "2025-06-04");
    let bought = lot(&mut world, 5.0, 58.0, "2025-06-12");
    let found = run(&world, &book, &stated(vec![kept.clone(), bought], None));
    assert_eq!((found.closings[0].position_id, found.closings[0].quantity), (1, 10.0));
    assert_eq!((found.openings[0].quantity, found.openings[0].date), (5.0, date("2025-06-12")));
    // The exit is stated: the lot is closed at it, on its day.
    let exit = Some((57.0, date("2025-06-11")));
    let sold = Holding { exit, ..lot(&mut world, 10.0, 50.0, "2025-06-03") };
    let with_exit = stated(vec![sold, kept], None);
    let found = run(&world, &book, &with_exit);
    assert_eq!((found.closings[0].price, found.closings[0].date), (57.0, date("2025-06-11")));
    assert!(found.openings.is_empty());
    assert!(run(&world, &after(&book, &found), &with_exit).is_empty());
    // The same units under other entries: the stored lots stay.
    let other = lot(&mut world, 30.0, 51.0, "2025-06-02");
    let found = run(&world, &book, &stated(vec![other], None));
    assert!(found.is_empty() && found.unchanged[0].entries_differ);
}

#[test]
fn cash_is_made_to_agree_once_a_day() {
    let mut world = World::default();
    world.price("AAA", &[("2025-06-03", 50.0), ("2025-06-04", 50.0)]);
    let ledger = vec![entry(1, "2025-06-02", CashKind::Opening, 1000.0, None)];
    let book = book(vec![world.lot("AAA", 10.0, 50.0, "2025-06-04")], ledger);
    let rows = vec![row(&mut world, "AAA", 10.0)];
    let cash = |book: &Book, amount| run(&world, book, &stated(rows.clone(), Some(amount))).cash;
    assert_eq!(cash(&book, 500.004), None, "half a cent is rounding");
    let change = cash(&book, 700.0).unwrap();
    assert_eq!((change.kind, change.amount, change.derived), (CashKind::Contribution, 200.0, 500.0));
    let mut imported = book.clone();
    imported.cash.push(entry(2, AS_OF, CashKind::Contribution, 200.0, Some(IMPORT_NOTE)));
    assert_eq!(cash(&imported, 700.0), None);
    let change = cash(&imported, 450.0).unwrap();
    assert_eq!((change.kind, change.amount, change.replaces), (CashKind::Withdrawal, -50.0, vec![2]));
}

#[derive(Debug, Clone)]
struct Stored {
    symbol: usize,
    quantity: i32,
    price: f64,
    day: u32,
}

const SYMBOLS: [&str; 4] = ["AAA", "BBB", "CCC", "BBB250815P00060000"];

fn june(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 6, day).unwrap()
}

fn lots() -> impl Strategy<Value = Vec<Stored>> {
    let lot = (0..SYMBOLS.len(), -30..30i32, 1.0..90.0f64, 2..13u32);
    let lot = lot.prop_map(|(symbol, q, price, day)| Stored { symbol, quantity: q * 2 + 1, price, day });
    prop::collection::vec(lot, 0..9)
}

fn units(book: &Book, symbol: &str) -> f64 {
    let open = book.lots.iter().filter(|lot| lot.position.is_open(date(AS_OF)));
    open.filter(|lot| lot.instrument.symbol == symbol).map(|lot| lot.position.quantity).sum()
}

proptest! {
    /// The changes applied give exactly what is stated, in units and cash, and a second comparison finds nothing.
    #[test]
    fn changes_lead_to_the_statement(
        held in lots(),
        rows in lots(),
        dated in prop::collection::vec(any::<bool>(), 4),
        cash in prop::option::of(-5000.0..5000.0f64),
    ) {
        let mut world = World::default();
        for symbol in SYMBOLS {
            world.price(symbol, &[(AS_OF, 20.0)]);
        }
        let held: Vec<Lot> = held.iter().map(|s| {
            world.lot(SYMBOLS[s.symbol], f64::from(s.quantity) / 10.0, s.price, &june(s.day).to_string())
        }).collect();
        let ledger = vec![entry(1, "2025-06-02", CashKind::Opening, 100.0, None)];
        let book = book(held, ledger);
        let rows: Vec<Holding> = rows.iter().map(|s| Holding {
            entry_price: Some(s.price),
            entry_date: dated[s.symbol].then(|| june(s.day)),
            ..row(&mut world, SYMBOLS[s.symbol], f64::from(s.quantity) / 10.0)
        }).collect();
        let stated = stated(rows, cash);
        let found = run(&world, &book, &stated);
        prop_assert!(found.unpriced.is_empty());
        let changed = after(&book, &found);
        for symbol in SYMBOLS {
            let of_symbol = stated.rows.iter().filter(|row| row.instrument.symbol == symbol);
            let wanted: f64 = of_symbol.map(|row| row.quantity).sum();
            prop_assert!((units(&changed, symbol) - wanted).abs() < 1e-9, "{}", symbol);
        }
        if let Some(cash) = cash {
            let found = world.roll(&changed, AS_OF).last().unwrap().cash;
            prop_assert!((found - cash).abs() < 0.005 + 1e-6, "{} {}", found, cash);
        }
        let again = run(&world, &changed, &stated);
        prop_assert!(again.is_empty() && again.unpriced.is_empty(), "{:?}", again);
    }
}
