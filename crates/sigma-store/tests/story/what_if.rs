//! Sessions of trades thought of, and books stored as portfolios.

use sigma_core::model::*;
use sigma_store::*;

use crate::date;

fn session(name: &str, portfolio: &str) -> WhatIfSession {
    let trade = Trade {
        row: 2,
        symbol: "AAPL".into(),
        action: TradeAction::Buy,
        quantity: None,
        dollars: Some(1_000.0),
        price: None,
        tag: Some("idea".into()),
    };
    let second =
        Trade { row: 5, quantity: Some(3.5), dollars: None, action: TradeAction::Sell, ..trade.clone() };
    let filled = |trade: Trade, filled_quantity| WhatIfTrade { trade, filled_quantity, filled_price: 190.5 };
    WhatIfSession {
        name: name.into(),
        portfolio: portfolio.into(),
        as_of: date("2025-03-03"),
        fractional: true,
        created_at: "2025-03-03T22:00:00Z".into(),
        trades: vec![filled(trade, 5.25), filled(second, 3.5)],
    }
}

pub async fn sessions_are_kept(store: &mut Store) {
    let slug = store.portfolios(&[]).await.unwrap()[0].slug.clone();
    let kept = session("less-apple", &slug);
    store.add_what_if_session(kept.clone()).await.unwrap();
    assert_eq!(store.what_if_session("less-apple").await.unwrap(), kept);
    let again = store.add_what_if_session(kept).await;
    assert!(matches!(again, Err(StoreError::Conflict { .. })), "{again:?}");
    let infinite = store.add_what_if_session(WhatIfSession {
        trades: vec![WhatIfTrade { filled_price: f64::INFINITY, ..session("x", &slug).trades.remove(0) }],
        ..session("infinite", &slug)
    });
    assert!(matches!(infinite.await, Err(StoreError::Invalid { .. })));
    let unknown = store.what_if_session("infinite").await.unwrap_err().to_string();
    assert!(unknown.contains("kept sessions: less-apple"), "{unknown}");
    store.remove_what_if_session("less-apple").await.unwrap();
    assert_eq!(store.what_if_sessions().await.unwrap(), []);
    assert!(matches!(store.remove_what_if_session("less-apple").await, Err(StoreError::Missing { .. })));
    store.add_what_if_session(session("goes-with-everything", &slug)).await.unwrap();
}

pub async fn books_are_stored_whole_or_not_at_all(store: &mut Store) {
    let mut book = store.books(&[]).await.unwrap().remove(0);
    book.portfolio.opened_on = date("2025-03-03");
    let before = store.portfolios(&[]).await.unwrap().len();
    let taken = store.add_book(&book, &book.portfolio.slug, "Twice").await;
    assert!(matches!(taken, Err(StoreError::Conflict { .. })), "{taken:?}");
    let mut broken = book.clone();
    broken.lots.last_mut().unwrap().position.quantity = 0.0;
    assert!(store.add_book(&broken, "broken", "Broken").await.is_err());
    assert_eq!(store.portfolios(&[]).await.unwrap().len(), before);

    let id = store.add_book(&book, "second", "Second").await.unwrap();
    let stored = store.books(&["second".into()]).await.unwrap().remove(0);
    let lots = |book: &Book| -> Vec<(i64, f64, f64, Vec<String>)> {
        let of = |lot: &Lot| {
            (lot.instrument.id, lot.position.quantity, lot.position.entry_price, lot.tags.clone())
        };
        book.lots.iter().map(of).collect()
    };
    assert_eq!((lots(&stored), stored.cash.len()), (lots(&book), book.cash.len()));
    assert!(!stored.portfolio.is_demo);
    store.remove_portfolio(id).await.unwrap();
}
