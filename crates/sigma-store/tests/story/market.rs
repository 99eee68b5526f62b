//! Prices, quotes, rates and what came with them: saved once, and in batches that are kept whole or not at all.

use std::collections::HashMap;

use sigma_core::model::*;
use sigma_store::*;

use crate::date;

pub fn bars(count: i64, shift: f64) -> Vec<PriceBar> {
    let bar = |i: i64| PriceBar {
        date: date("2025-01-02") + chrono::Days::new(i as u64),
        open: None,
        high: Some(101.0),
        low: Some(0.1 + 0.2),
        close: 100.0 + i as f64 / 3.0 + shift,
        adj_close: None,
        volume: Some(1e7),
        source: "file".into(),
        basis: CloseBasis::AsTraded,
    };
    (0..count).map(bar).collect()
}

pub async fn is_saved_once(store: &mut Store) {
    // Enough instruments that a history spans several statements.
    let symbols = (0..25).map(|i| NewInstrument::of_symbol(format!("S{i:02}"))).collect();
    let ids = store.upsert_instruments(symbols).await.unwrap().ids;
    let mut histories: HashMap<i64, Vec<PriceBar>> = ids.values().map(|&id| (id, bars(250, 0.0))).collect();
    let saved = store.save_price_histories(&histories).await.unwrap();
    assert_eq!(saved, Saved { stored: 6_250, changed: 6_250 });
    assert_eq!(store.save_price_histories(&histories).await.unwrap(), Saved { stored: 6_250, changed: 0 });
    let one = ids["S07"];
    histories.get_mut(&one).unwrap()[9].close += 1.0;
    assert_eq!(store.save_price_histories(&histories).await.unwrap().changed, 1);
    assert_eq!(store.save_prices(one, &bars(10, 0.0)).await.unwrap(), Saved { stored: 10, changed: 1 });

    let split = Split { date: date("2024-06-10"), from: 1.0, to: 10.0 };
    let dividend = Dividend { ex_date: date("2025-02-10"), amount: 0.25 };
    assert_eq!(store.save_splits(one, std::slice::from_ref(&split), "file").await.unwrap().changed, 1);
    assert_eq!(store.save_splits(one, std::slice::from_ref(&split), "file").await.unwrap().changed, 0);
    store.save_dividends(one, std::slice::from_ref(&dividend), "file").await.unwrap();
    let (from, to) = (date("2025-01-04"), date("2025-02-10"));
    let read = store.price_histories(&[one], from, to).await.unwrap().remove(&one).unwrap();
    assert_eq!(read.bars, bars(250, 0.0)[2..=39]);
    assert_eq!((read.splits, read.dividends), (vec![split], vec![dividend]));
    let early = store.price_histories(&[one], from, date("2025-02-09")).await.unwrap();
    assert_eq!(early[&one].dividends, []);

    let rebuilt: Vec<PriceBar> =
        bars(2, 0.0).into_iter().map(|bar| PriceBar { basis: CloseBasis::Rebuilt, ..bar }).collect();
    assert_eq!(store.save_prices(one, &rebuilt).await.unwrap().changed, 2, "the basis is part of a bar");
    let read = store.price_histories(&[one], rebuilt[0].date, rebuilt[1].date).await.unwrap();
    assert_eq!(read[&one].bars, rebuilt);
    assert_eq!(store.save_prices(one, &bars(2, 0.0)).await.unwrap().changed, 2);

    let last = bars(250, 0.0)[249].date;
    assert_eq!(store.latest_price_date().await.unwrap(), Some(last));
    let coverage = store.price_coverage().await.unwrap();
    assert_eq!(coverage.len(), 25);
    assert!(coverage.iter().all(|c| (c.first, c.last, c.count) == (date("2025-01-02"), last, 250)));
    let mut bad = bars(3, 0.0);
    bad[1].close = f64::NAN;
    let refused = store.save_prices(one, &bad).await.unwrap_err().to_string();
    assert!(refused.contains("prices") && refused.contains("2025-01-03"), "{refused}");
    quotes_and_rates(store, one).await;
    refused_bars(store).await;
}

async fn quotes_and_rates(store: &mut Store, id: i64) {
    let quote = OptionQuote {
        date: date("2025-03-03"),
        bid: Some(1.1),
        ask: Some(1.3),
        close: None,
        implied_volatility: Some(0.3),
        open_interest: Some(12.0),
        forward: None,
        source: "file".into(),
        greeks: None,
    };
    let quoted = QuotedGreeks { delta: Some(0.61), theta_per_day: Some(-0.02), ..QuotedGreeks::default() };
    let with_greeks = OptionQuote { date: date("2025-03-04"), greeks: Some(quoted), ..quote.clone() };
    let quotes = HashMap::from([(id, vec![quote, with_greeks])]);
    assert_eq!(store.save_option_quotes(&quotes).await.unwrap().changed, 2);
    assert_eq!(store.save_option_quotes(&quotes).await.unwrap().changed, 0);
    let (from, to) = (date("2025-03-01"), date("2025-03-31"));
    assert_eq!(store.option_quotes(&[id], from, to).await.unwrap(), quotes);

    let points: Vec<RatePoint> =
        [4, 3].map(|day| RatePoint { date: date(&format!("2025-03-0{day}")), percent: 4.25 }).into();
    assert_eq!(store.save_rates("DGS10", &points, "file").await.unwrap().changed, 2);
    assert_eq!(store.save_rates("DGS10", &points, "file").await.unwrap().changed, 0);
    let read = store.rates(&["DGS10".into()], from, to).await.unwrap();
    assert_eq!(read["DGS10"], [points[1].clone(), points[0].clone()]);
    store.save_rates("DGS10", &points[..1], "fred").await.unwrap();
    let sources = store.rate_sources(&["DGS10".into()], from, to).await.unwrap();
    let told: Vec<&str> = sources["DGS10"].values().map(String::as_str).collect();
    assert_eq!(told, ["file", "fred"]);
    store.save_rates("DGS10", &points, "file").await.unwrap();
}

async fn refused_bars(store: &mut Store) {
    let bar = QuarantinedBar {
        symbol: "S01".into(),
        date: date("2025-03-03"),
        source: "file".into(),
        reason: "jump".into(),
        detail: "close 10 times the previous".into(),
        payload: serde_json::json!({"close": 1000.1, "volume": null}),
        status: QuarantineStatus::Open,
    };
    assert_eq!(store.save_quarantine(vec![bar.clone()]).await.unwrap().changed, 1);
    assert_eq!(store.set_quarantine_status("S01", bar.date, QuarantineStatus::Dropped).await.unwrap(), 1);
    assert_eq!(store.save_quarantine(vec![bar.clone()]).await.unwrap().changed, 0);
    assert_eq!(store.quarantine(Some(QuarantineStatus::Open)).await.unwrap(), []);
    let dropped = QuarantinedBar { status: QuarantineStatus::Dropped, ..bar.clone() };
    assert_eq!(store.quarantine(None).await.unwrap(), std::slice::from_ref(&dropped));
    let other = QuarantinedBar { source: "polygon".into(), ..bar };
    store.save_quarantine(vec![other.clone()]).await.unwrap();
    let accepted = QuarantineStatus::Accepted;
    assert_eq!(store.set_quarantine_status_of("S01", other.date, "polygon", accepted).await.unwrap(), 1);
    let other = QuarantinedBar { status: accepted, ..other };
    assert_eq!(store.quarantine(None).await.unwrap(), [dropped, other.clone()]);
    assert!(store.set_quarantine_status_of("S01", other.date, "fmp", accepted).await.is_err());
}

fn fetch(subject: &str, dataset: Dataset) -> Fetch {
    Fetch {
        subject: subject.into(),
        dataset,
        source: "polygon".into(),
        from: Some(date("2025-01-02")),
        to: date("2025-03-03"),
        outcome: "ok".into(),
        detail: String::new(),
        fetched_at: "2025-03-03T22:00:00Z".into(),
    }
}

/// Some of everything for two instruments of their own.
async fn batch(store: &mut Store) -> (MarketBatch, i64) {
    let new = ["B1", "B2"].map(NewInstrument::of_symbol).into();
    let ids = store.upsert_instruments(new).await.unwrap().ids;
    let (one, two) = (ids["B1"], ids["B2"]);
    let quote = OptionQuote {
        date: date("2025-03-03"),
        bid: None,
        ask: None,
        close: Some(2.5),
        implied_volatility: None,
        open_interest: None,
        forward: None,
        source: "polygon".into(),
        greeks: None,
    };
    let batch = MarketBatch {
        bars: HashMap::from([(one, bars(4, 0.0)), (two, bars(2, 1.0))]),
        splits: vec![SourcedSplit {
            instrument_id: one,
            split: Split { date: date("2024-06-10"), from: 1.0, to: 4.0 },
            source: "polygon".into(),
        }],
        dividends: vec![SourcedDividend {
            instrument_id: two,
            dividend: Dividend { ex_date: date("2025-02-10"), amount: 0.5 },
            source: "polygon".into(),
        }],
        quotes: HashMap::from([(one, vec![quote])]),
        rates: vec![SourcedRates {
            series: "DGS2".into(),
            points: vec![RatePoint { date: date("2025-02-03"), percent: 4.2 }],
            source: "fred".into(),
        }],
        quarantine: vec![QuarantinedBar {
            symbol: "B1".into(),
            date: date("2025-03-04"),
            source: "polygon".into(),
            reason: "jump".into(),
            detail: "close 10 times the previous".into(),
            payload: serde_json::json!({"close": 1000.1}),
            status: QuarantineStatus::Open,
        }],
        fetches: vec![fetch("B1", Dataset::Prices), fetch("B2", Dataset::Prices)],
        ..MarketBatch::default()
    };
    (batch, two)
}

/// Everything a batch may write, as text.
async fn everything(store: &mut Store) -> String {
    let instruments = store.instruments_by_symbol(&["B1".into(), "B2".into()]).await.unwrap();
    let ids: Vec<i64> = instruments.iter().map(|instrument| instrument.id).collect();
    let (from, to) = (date("2024-01-01"), date("2025-12-31"));
    let mut histories: Vec<_> = store.price_histories(&ids, from, to).await.unwrap().into_iter().collect();
    histories.sort_by_key(|(id, _)| *id);
    let quotes = store.option_quotes(&ids, from, to).await.unwrap();
    let rates = store.rates(&["DGS2".into()], from, to).await.unwrap();
    let refused = store.quarantine(None).await.unwrap();
    format!("{histories:#?} {quotes:?} {rates:?} {refused:?} {:?}", store.fetches().await.unwrap())
}

pub async fn batches_are_saved_whole_or_not_at_all(store: &mut Store) {
    let nothing = store.save_market_batch(MarketBatch::default()).await.unwrap();
    assert_eq!(nothing, Saved::default());
    let (batch, two) = batch(store).await;
    assert_eq!(batch.rows(), 13);
    let before = everything(store).await;
    let spoils: [fn(&mut MarketBatch, i64); 5] = [
        |batch, id| batch.bars.get_mut(&id).unwrap()[1].close = f64::NAN,
        |batch, id| batch.bars.get_mut(&id).unwrap()[1].close = -1.0,
        |batch, _| batch.dividends[0].instrument_id = 999_999,
        |batch, _| batch.rates.push(batch.rates[0].clone()),
        |batch, _| batch.fetches[1] = batch.fetches[0].clone(),
    ];
    for (i, spoil) in spoils.into_iter().enumerate() {
        let mut spoiled = batch.clone();
        spoil(&mut spoiled, two);
        assert!(store.save_market_batch(spoiled).await.is_err(), "spoiled {i}");
        assert_eq!(everything(store).await, before, "spoiled {i}");
    }

    let all = Saved { stored: 13, changed: 13 };
    assert_eq!(store.save_market_batch(batch.clone()).await.unwrap(), all);
    let after = everything(store).await;
    assert_ne!(after, before);
    assert_eq!(store.save_market_batch(batch.clone()).await.unwrap(), Saved { changed: 0, ..all });
    let mut more = batch;
    more.bars.get_mut(&two).unwrap()[1].close += 1.0;
    more.splits[0].split.to = 5.0;
    assert_eq!(store.save_market_batch(more).await.unwrap(), Saved { changed: 2, ..all });
    assert_ne!(everything(store).await, after);
    events_are_withdrawn_with_what_takes_their_place(store, two).await;
}

/// A dividend that moves is taken away and added in one transaction.
async fn events_are_withdrawn_with_what_takes_their_place(store: &mut Store, id: i64) {
    let last = date("2025-12-31");
    let told = store.corporate_actions(&[id], last).await.unwrap().1;
    let (from, to) = (date("2025-02-10"), date("2025-02-12"));
    assert_eq!(told.iter().map(|told| told.dividend.ex_date).collect::<Vec<_>>(), [from]);
    let mut moved = told[0].clone();
    moved.dividend.ex_date = to;
    let mut batch = MarketBatch {
        dividends: vec![moved.clone()],
        withdrawn_dividends: vec![(id, from)],
        withdrawn_splits: vec![(id, from)],
        ..MarketBatch::default()
    };
    batch.dividends[0].dividend.amount = -1.0;
    assert!(store.save_market_batch(batch.clone()).await.is_err());
    assert_eq!(store.corporate_actions(&[id], last).await.unwrap().1, told, "none or both");
    batch.dividends[0].dividend.amount = 0.5;
    assert_eq!(store.save_market_batch(batch).await.unwrap(), Saved { stored: 1, changed: 2 });
    assert_eq!(store.corporate_actions(&[id], last).await.unwrap().1, [moved]);
}

pub async fn questions_are_remembered(store: &mut Store) {
    let rates = Fetch { from: None, source: "fred".into(), ..fetch("DGS10", Dataset::Rates) };
    let actions = fetch("AAPL", Dataset::Actions);
    let asked = vec![rates.clone(), actions.clone()];
    assert_eq!(store.save_fetches(asked.clone()).await.unwrap(), Saved { stored: 2, changed: 2 });
    assert_eq!(store.save_fetches(asked).await.unwrap(), Saved { stored: 2, changed: 0 });
    let again = Fetch { fetched_at: "2025-03-04T22:00:00Z".into(), ..actions };
    let longer = Fetch { to: date("2025-03-04"), outcome: "no_data".into(), ..rates };
    let asked = vec![again.clone(), longer.clone()];
    assert_eq!(store.save_fetches(asked.clone()).await.unwrap(), Saved { stored: 2, changed: 1 });
    let stored = store.fetches().await.unwrap();
    assert_eq!(stored, [again, fetch("B1", Dataset::Prices), fetch("B2", Dataset::Prices), longer.clone()]);
    let backwards = Fetch { from: Some(date("2025-03-05")), ..longer };
    assert!(store.save_fetches(vec![backwards]).await.is_err());
}
