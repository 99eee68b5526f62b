//! A hand-made book over three sessions: shares long and short, a call, a put, a fund without a price, a private asset.
//!
//! What the engines store for it is made in `engines`.

use std::collections::HashMap;

use chrono::NaiveDate;
use sigma_core::model::*;
use sigma_store::*;
use tempfile::TempDir;

use crate::engines;

pub const AS_OF: &str = "2025-06-30";
pub const REPORT: &str = "hand-made_2025-06-30";
const SESSIONS: [&str; 3] = ["2025-06-26", "2025-06-27", "2025-06-30"];
pub const CALL: &str = "SPY250919C00610000";
pub const PUT: &str = "MSFT250718P00480000";

pub fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Which engines have run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engines {
    None,
    All,
}

/// A folder with `sigma.db` in it.
pub struct HandMade {
    pub dir: TempDir,
    pub store: Store,
}

/// The book with its prices and, on the last session, with results of the engines.
pub async fn hand_made(engines: Engines) -> HandMade {
    let dir = TempDir::new().unwrap();
    let url = format!("sqlite:{}", dir.path().join("sigma.db").display());
    Store::migrate(&url).await.unwrap();
    let mut store = Store::open(&url).await.unwrap();
    let ids = instruments(&mut store).await;
    prices(&mut store, &ids).await;
    positions(&mut store, &ids).await;
    definitions(&mut store).await;
    if engines == Engines::All {
        engines::results(&mut store, &ids).await;
    }
    HandMade { dir, store }
}

fn option(symbol: &str) -> NewInstrument {
    let occ = parse_occ(symbol).unwrap();
    let terms = OptionTerms {
        style: exercise_style_of(&occ.root),
        underlying: occ.root,
        kind: occ.kind,
        strike: occ.strike,
        expiry: occ.expiry,
        standard_deliverable: true,
    };
    NewInstrument {
        kind: Some(InstrumentKind::Option),
        option: Some(terms),
        ..NewInstrument::of_symbol(symbol)
    }
}

async fn instruments(store: &mut Store) -> HashMap<String, i64> {
    let share = |symbol: &str, kind, sector: Option<&str>| NewInstrument {
        kind: Some(kind),
        sector: sector.map(str::to_owned),
        ..NewInstrument::of_symbol(symbol)
    };
    let new = vec![
        share("AAPL", InstrumentKind::Stock, Some("Technology")),
        share("TSLA", InstrumentKind::Stock, Some("=Consumer | Cyclical")),
        share("SPY", InstrumentKind::Etf, None),
        share("MSFT", InstrumentKind::Stock, Some("Technology")),
        share("GONE", InstrumentKind::MutualFund, None),
        share("HOUSE", InstrumentKind::Private, None),
        option(CALL),
        option(PUT),
    ];
    store.upsert_instruments(new).await.unwrap().ids.into_iter().collect()
}

async fn prices(store: &mut Store, ids: &HashMap<String, i64>) {
    let bar = |(day, close): (&str, f64)| PriceBar {
        date: date(day),
        open: None,
        high: None,
        low: None,
        close,
        adj_close: None,
        volume: None,
        source: "file".into(),
        basis: CloseBasis::AsTraded,
    };
    let closes = [
        ("AAPL", [201.005, 201.08, 205.17]),
        ("TSLA", [325.78, 323.63, 317.66]),
        ("SPY", [611.87, 614.91, 617.85]),
        ("MSFT", [497.45, 495.94, 497.41]),
    ];
    let mut histories: HashMap<i64, Vec<PriceBar>> = closes
        .iter()
        .map(|(symbol, closes)| (ids[*symbol], SESSIONS.into_iter().zip(*closes).map(bar).collect()))
        .collect();
    // Stated half a year before, and held at that.
    histories.insert(ids["HOUSE"], vec![bar(("2024-12-31", 50_000.0))]);
    store.save_price_histories(&histories).await.unwrap();
    let quote = |(day, middle): (&str, f64)| OptionQuote {
        date: date(day),
        bid: Some(middle - 0.05),
        ask: Some(middle + 0.05),
        close: None,
        implied_volatility: Some(0.2),
        open_interest: None,
        forward: None,
        source: "file".into(),
        greeks: None,
    };
    let middles = [(CALL, [24.15, 25.4, 27.05]), (PUT, [3.3, 3.2, 2.75])];
    let quotes = middles
        .iter()
        .map(|(symbol, middles)| (ids[*symbol], SESSIONS.into_iter().zip(*middles).map(quote).collect()))
        .collect();
    store.save_option_quotes(&quotes).await.unwrap();
}

async fn positions(store: &mut Store, ids: &HashMap<String, i64>) {
    let user = store.upsert_user("ann@example.com", "Ann").await.unwrap();
    let portfolio = NewPortfolio {
        user_id: user,
        slug: "hand-made".into(),
        name: "Hand | Made".into(),
        currency: "USD".into(),
        opened_on: date(SESSIONS[0]),
        is_demo: false,
    };
    let portfolio_id = store.upsert_portfolio(portfolio).await.unwrap().id;
    let opening = NewCashEntry {
        portfolio_id,
        date: date(SESSIONS[0]),
        kind: CashKind::Opening,
        amount: 100_000.0,
        note: None,
    };
    store.add_cash(opening).await.unwrap();
    let lots = [
        ("AAPL", 100.25, 190.0, SESSIONS[0], Some("=Core")),
        ("TSLA", -50.0, 324.5, SESSIONS[1], Some("hedge")),
        (CALL, 2.0, 24.0, SESSIONS[1], None),
        (PUT, -1.0, 3.25, SESSIONS[0], Some("income")),
        ("GONE", 10.0, 20.0, SESSIONS[0], None),
        ("HOUSE", 1.0, 45_000.0, SESSIONS[0], None),
    ];
    for (symbol, quantity, entry_price, day, tag) in lots {
        let new = NewPosition {
            portfolio_id,
            instrument_id: ids[symbol],
            quantity,
            entry_price,
            entry_date: date(day),
            exit: None,
        };
        let position = store.add_position(new).await.unwrap();
        if let Some(name) = tag {
            let tag = store.add_tag(user, name).await.unwrap().id;
            store.tag_position(position, tag).await.unwrap();
        }
    }
    // Bought and sold again: its P&L belongs to the day, not to an open lot.
    let closed = NewPosition {
        portfolio_id,
        instrument_id: ids["MSFT"],
        quantity: 10.0,
        entry_price: 495.0,
        entry_date: date(SESSIONS[1]),
        exit: Some((499.125, date(SESSIONS[2]))),
    };
    store.add_position(closed).await.unwrap();
}

pub fn factors() -> [FactorDefinition; 3] {
    let factor = |name: &str, kind, proxy: &str| FactorDefinition {
        name: name.into(),
        kind,
        proxy: proxy.into(),
        description: String::new(),
    };
    [
        factor(MARKET, FactorKind::Market, "SPY"),
        factor("Low Volatility", FactorKind::Style, "USMV"),
        factor(RATES, FactorKind::Rates, "DGS10"),
    ]
}

async fn definitions(store: &mut Store) {
    store.save_factors(&factors()).await.unwrap();
    let scenario = |id: &str, name: &str, note: Option<&str>, shock: Shock| Scenario {
        id: id.into(),
        name: name.into(),
        category: "test".into(),
        severity: "mild".into(),
        note: note.map(str::to_owned),
        active: true,
        shocks: vec![shock],
    };
    let market = |size| Shock::Factor { factor: MARKET.into(), size, basis: ShockBasis::Return };
    let note = Some("inherited, not a replay");
    let scenarios = [
        scenario("market_down_10", "Market Decline 10%", note, market(-0.10)),
        scenario("market_crash_90", "Market Crash 90%", note, market(-0.90)),
        scenario("rates_up_100bp", "Rates Up 100bp", None, Shock::RatesBp { bp: 100.0 }),
    ];
    store.save_scenarios(&scenarios).await.unwrap();
}
