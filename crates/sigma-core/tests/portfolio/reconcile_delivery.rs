//! Contracts that ended as shares between two statements: no money appears, and profit is what it was.

use proptest::prelude::*;
use sigma_core::analytics::reconcile::*;
use sigma_core::calendar::Calendar;
use sigma_core::model::*;

use crate::reconcile::{AS_OF, book, row, stated};
use crate::support::*;

const EXPIRY: &str = "2025-06-06";
const CALL: &str = "AAA250606C00100000";
const PUT: &str = "AAA250606P00100000";

fn cash(amount: f64) -> CashEntry {
    let (date, kind) = (date("2025-06-02"), CashKind::Opening);
    CashEntry { id: 1, portfolio_id: 1, date, kind, amount, note: None }
}

/// The underlying closes at `close` on the expiry and at 130 on the day of the statement.
fn world(close: f64) -> World {
    let mut world = World::default();
    world.price("AAA", &[("2025-06-02", 100.0), (EXPIRY, close), (AS_OF, 130.0)]);
    world
}

fn run(world: &World, book: &Book, rows: Vec<Holding>, cash: f64) -> Reconciliation {
    reconcile(book, &stated(rows, Some(cash)), &world.market, Calendar::nyse()).unwrap()
}

type Told = (Option<Delivery>, f64, f64, f64);

fn closed(found: &Reconciliation) -> Vec<Told> {
    found.closings.iter().map(|c| (c.delivery, c.quantity, c.price, c.realized_usd)).collect()
}

fn opened(found: &Reconciliation) -> Vec<(Option<Delivery>, f64, f64)> {
    found.openings.iter().map(|o| (o.delivery, o.quantity, o.price)).collect()
}

#[test]
fn a_covered_call_takes_the_shares_at_the_strike() {
    let mut world = world(121.0);
    let shares = world.lot("AAA", 100.0, 100.0, "2025-06-02");
    let call = world.lot(CALL, -1.0, 5.0, "2025-06-03");
    let book = book(vec![shares, call], vec![cash(1000.0)]);
    let found = run(&world, &book, vec![], 1000.0 + 500.0 + 10_000.0);
    assert_eq!(
        closed(&found),
        [(Some(Delivery::CalledAway), 100.0, 100.0, 0.0), (Some(Delivery::Assigned), -1.0, 0.0, 500.0)]
    );
    assert!(found.closings.iter().all(|closing| closing.date == date(EXPIRY)));
    assert_eq!(found.cash, None);
    assert!(found.expired.is_empty() && found.unpriced.is_empty());
    // A price for what is gone is for what was sold, and nothing was.
    let mut given = stated(vec![], Some(11_500.0));
    given.exit_prices.insert("AAA".into(), 90.0);
    assert_eq!(reconcile(&book, &given, &world.market, Calendar::nyse()).unwrap(), found);
    // A price for the contract says that it was traded.
    given.exit_prices.insert(CALL.into(), 20.0);
    let traded = reconcile(&book, &given, &world.market, Calendar::nyse()).unwrap();
    assert!(traded.closings.iter().all(|closing| closing.delivery.is_none()), "{traded:?}");
    assert_eq!(closed(&traded)[1], (None, -1.0, 20.0, -1500.0));
}

/// Brokers count the premium into the cost of the shares; the strike and the premium are the same money.
#[test]
fn an_assigned_put_and_an_exercised_call_cost_the_strike_whatever_the_basis() {
    for basis in [10_000.0, 9_500.0] {
        let mut world = world(80.0);
        let put = world.lot(PUT, -1.0, 5.0, "2025-06-03");
        let book = book(vec![put], vec![cash(20_000.0)]);
        let shares = Holding { cost_basis: Some(basis), ..row(&mut world, "AAA", 100.0) };
        let found = run(&world, &book, vec![shares], 20_000.0 + 500.0 - 10_000.0);
        assert_eq!(opened(&found), [(Some(Delivery::Delivered), 100.0, 100.0)]);
        assert_eq!(found.openings[0].source, PriceSource::Strike);
        assert_eq!(closed(&found), [(Some(Delivery::Assigned), -1.0, 0.0, 500.0)]);
        assert_eq!(found.cash, None);
    }
    let mut world = world(121.0);
    let call = world.lot(CALL, 2.0, 4.0, "2025-06-03");
    let held = world.lot("AAA", 200.0, 90.0, "2025-06-03");
    let book = book(vec![call, held], vec![cash(50_000.0)]);
    let shares = Holding { cost_basis: Some(18_000.0 + 20_800.0), ..row(&mut world, "AAA", 400.0) };
    let found = run(&world, &book, vec![shares], 50_000.0 - 800.0 - 18_000.0 - 20_000.0);
    assert_eq!(opened(&found), [(Some(Delivery::Delivered), 200.0, 100.0)]);
    assert_eq!(closed(&found), [(Some(Delivery::Exercised), 2.0, 0.0, -800.0)]);
    assert_eq!(found.cash, None);
}

/// Long puts and short calls bring shares short; a short is covered by a call.
#[test]
fn shares_short() {
    for (symbol, contracts, close) in [(PUT, 1.0, 80.0), (CALL, -1.0, 121.0)] {
        let mut world = world(close);
        let contract = world.lot(symbol, contracts, 5.0, "2025-06-03");
        let book = book(vec![contract], vec![cash(1000.0)]);
        let rows = vec![row(&mut world, "AAA", -100.0)];
        let found = run(&world, &book, rows, 1000.0 - contracts * 500.0 + 10_000.0);
        assert_eq!(opened(&found), [(Some(Delivery::Delivered), -100.0, 100.0)]);
        assert_eq!(found.cash, None);
    }
    let mut world = world(121.0);
    let short = world.lot("AAA", -100.0, 110.0, "2025-06-03");
    let call = world.lot(CALL, 1.0, 5.0, "2025-06-03");
    let book = book(vec![short, call], vec![cash(1000.0)]);
    let found = run(&world, &book, vec![], 1000.0 + 11_000.0 - 500.0 - 10_000.0);
    assert_eq!(closed(&found)[0], (Some(Delivery::Delivered), -100.0, 100.0, 1000.0));
    assert_eq!(found.cash, None);
}

/// One of two contracts delivered, and thirty shares were sold: contracts deliver as a whole, the rest is a trade.
#[test]
fn a_part_is_delivered_and_the_rest_is_traded() {
    let mut world = world(121.0);
    let shares = world.lot("AAA", 300.0, 90.0, "2025-06-02");
    let calls = world.lot(CALL, -2.0, 5.0, "2025-06-03");
    let book = book(vec![shares, calls], vec![]);
    let rows = vec![Holding { price: Some(130.0), ..row(&mut world, "AAA", 170.0) }];
    let found = reconcile(&book, &stated(rows, None), &world.market, Calendar::nyse()).unwrap();
    assert_eq!(
        closed(&found),
        [
            (Some(Delivery::CalledAway), 100.0, 100.0, 1000.0),
            (Some(Delivery::Assigned), -1.0, 0.0, 500.0),
            (None, 30.0, 130.0, 1200.0),
        ]
    );
    assert_eq!(found.closings[1].remaining, -1.0);
    assert_eq!(found.expired, [CALL], "the other one has settled");
}

/// Out of the money, before the last statement, bought at another price, or unchanged: no delivery.
#[test]
fn what_speaks_against_a_delivery() {
    let delivered = |close: f64, previous: Option<&str>, basis: f64, units: f64| {
        let mut world = world(close);
        let call = world.lot(CALL, 1.0, 5.0, "2025-06-03");
        let book = book(vec![call], vec![]);
        let row = Holding { cost_basis: Some(basis), ..row(&mut world, "AAA", units) };
        let holdings = Holdings { previous: previous.map(date), ..stated(vec![row], None) };
        let found = reconcile(&book, &holdings, &world.market, Calendar::nyse()).unwrap();
        found.openings[0].delivery.is_some()
    };
    assert!(delivered(121.0, Some("2025-06-05"), 10_500.0, 100.0));
    assert!(!delivered(99.0, None, 10_500.0, 100.0));
    assert!(!delivered(121.0, Some("2025-06-09"), 10_500.0, 100.0));
    assert!(!delivered(121.0, None, 13_000.0, 100.0));
    assert!(!delivered(121.0, None, 4_200.0, 40.0));
    let mut world = World::default();
    let call = world.lot(CALL, 1.0, 5.0, "2025-06-03");
    let book = book(vec![call], vec![]);
    let rows = vec![row(&mut world, "AAA", 100.0)];
    let found = reconcile(&book, &stated(rows, None), &world.market, Calendar::nyse()).unwrap();
    assert_eq!(opened(&found), [(Some(Delivery::Delivered), 100.0, 100.0)], "units tell it without a close");
}

/// A file of lots tells which ones are gone, and dates the shares that came by itself.
#[test]
fn lots_of_a_file() {
    let mut world = world(121.0);
    let lots = vec![
        world.lot("AAA", 100.0, 90.0, "2025-06-02"),
        world.lot("AAA", 100.0, 95.0, "2025-06-03"),
        world.lot(CALL, -1.0, 5.0, "2025-06-03"),
    ];
    let book = book(lots, vec![]);
    let kept = Holding {
        entry_price: Some(90.0),
        entry_date: Some(date("2025-06-02")),
        ..row(&mut world, "AAA", 100.0)
    };
    let found = reconcile(&book, &stated(vec![kept], None), &world.market, Calendar::nyse()).unwrap();
    assert_eq!((found.closings[0].position_id, found.closings[0].price), (2, 100.0));
    assert_eq!(found.unchanged.len(), 1);
    assert!(!found.unchanged[0].entries_differ);
}

/// What is in the book on its first day came in kind: it is traded from the next session on, in cash.
#[test]
fn a_contract_that_ends_on_the_opening() {
    let symbol = "AAA250602C00100000";
    let mut world = world(121.0);
    world.price("AAA", &[]);
    world.history("AAA").bars[0].close = 110.0;
    let lots = vec![world.lot("AAA", 100.0, 100.0, "2025-06-02"), world.lot(symbol, -1.0, 5.0, "2025-06-02")];
    let book = book(lots, vec![cash(1000.0)]);
    let found = run(&world, &book, vec![], 11_000.0);
    assert_eq!(found.closings.len(), 2);
    assert!(found.closings.iter().all(|closing| closing.date == date("2025-06-03")));
    assert_eq!(found.cash, None);
}

proptest! {
    /// Whatever the contracts and shares, delivery is the strike in cash and shares: against the same book with the
    /// shares traded at the strike and the contracts bought back for nothing, no flow arises, and profit is the same.
    #[test]
    fn no_money_appears(
        contracts in prop_oneof![-3..=-1i32, 1..=3i32],
        is_call in any::<bool>(),
        held in -4..=4i32,
        premium in 0.5..20.0f64,
        depth in 0.5..40.0f64,
    ) {
        let sign = if is_call { 1.0 } else { -1.0 };
        let mut world = world(100.0 + sign * depth);
        let symbol = if is_call { CALL } else { PUT };
        let contracts = f64::from(contracts);
        let mut lots = vec![world.lot(symbol, contracts, premium, "2025-06-03")];
        if held != 0 {
            lots.push(world.lot("AAA", f64::from(held) * 100.0, 100.0, "2025-06-03"));
        }
        let book = book(lots, vec![cash(100_000.0)]);
        let shares = contracts * sign * 100.0;
        let units = f64::from(held) * 100.0 + shares;
        let rows = if units == 0.0 { vec![] } else { vec![row(&mut world, "AAA", units)] };
        let balance = 100_000.0 - contracts * premium * 100.0 - f64::from(held) * 10_000.0 - shares * 100.0;
        let found = run(&world, &book, rows.clone(), balance);
        prop_assert!(found.cash.is_none() && found.unpriced.is_empty(), "{found:?}");
        let mut after = applied(&book, &found);
        after.lots.iter_mut().zip(1..).for_each(|(lot, id)| lot.position.id = id);
        let last = world.roll(&after, AS_OF).pop().unwrap();
        prop_assert!((last.cash - balance).abs() < 1e-6);
        // Cash and the shares at their close, less what was paid in.
        prop_assert!((last.cumulative_pnl - (balance + units * 130.0 - 100_000.0)).abs() < 1e-6);
        prop_assert!(run(&world, &after, rows, balance).is_empty());
    }
}

/// Shares bought beside delivered ones cost what the stated cost leaves, with the premium counted into it or not.
#[test]
fn shares_bought_beside_delivered_ones_cost_the_rest_of_the_cost() {
    for (held, each) in [(0.0, 100.0), (0.0, 95.0), (100.0, 100.0), (100.0, 95.0)] {
        let mut world = world(90.0);
        let mut lots = vec![world.lot(PUT, -2.0, 5.0, "2025-06-03")];
        if held != 0.0 {
            lots.push(world.lot("AAA", held, 102.0, "2025-06-02"));
        }
        let book = book(lots, vec![cash(50_000.0)]);
        let basis = held * 102.0 + 200.0 * each + 30.0 * 118.0;
        let row =
            Holding { cost_basis: Some(basis), price: Some(130.0), ..row(&mut world, "AAA", held + 230.0) };
        let found = run(&world, &book, vec![row], 50_000.0 + 1_000.0 - 20_000.0 - 30.0 * 118.0);
        let bought = (None, 30.0, 118.0);
        assert_eq!(opened(&found), [(Some(Delivery::Delivered), 200.0, 100.0), bought], "{held} {each}");
        assert_eq!(found.openings[1].source, PriceSource::CostBasis);
        assert_eq!(found.cash, None, "{held} {each}");
    }
}
