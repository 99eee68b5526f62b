//! What lots, trades, dividends and the ledger earn, session by session.

use chrono::NaiveDate;
use sigma_core::calendar::Calendar;
use sigma_core::model::CashKind::{Contribution, Fee, Interest, Opening, Withdrawal};

use crate::support::*;

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
