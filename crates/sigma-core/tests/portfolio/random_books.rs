//! Identities that hold in every book: properties over random trades, prices, splits, dividends and ledgers.

use chrono::{Datelike, NaiveDate};
use proptest::prelude::*;
use sigma_core::analytics::performance;
use sigma_core::calendar::Calendar;
use sigma_core::model::CashKind::{self, Contribution, Fee, Interest, Opening, Withdrawal};
use sigma_core::model::*;

use crate::support::*;

#[derive(Debug, Clone)]
struct RandomLot {
    symbol: usize,
    quantity: i32,
    entry_price: f64,
    entry_day: i64,
    exit: Option<(i64, f64)>,
}

#[derive(Debug, Clone)]
pub struct RandomWorld {
    lots: Vec<RandomLot>,
    /// Price of each symbol on each calendar day; `None` is a gap.
    prices: Vec<Vec<Option<f64>>>,
    dividends: Vec<(usize, i64, f64)>,
    splits: Vec<(usize, i64)>,
    cash: Vec<(i64, u8, f64)>,
}

pub const SYMBOLS: [&str; 6] =
    ["AAA", "BBB", "CCC", "AAA250620C00050000", "BBB250627P00060000", "CCC250703C00040000"];
pub const DAYS: i64 = 36;

pub fn day(offset: i64) -> NaiveDate {
    // Includes Juneteenth and Independence Day; opens on a Saturday.
    date("2025-06-07") + chrono::Days::new(offset as u64)
}

pub fn random_world(gaps: bool) -> impl Strategy<Value = RandomWorld> {
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

pub fn build(random: &RandomWorld) -> (World, Book) {
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
