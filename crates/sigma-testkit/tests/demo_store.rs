//! The demo database: books, profiles and market as the files have them.

use sigma_core::model::InstrumentKind;
use sigma_seed::{demo_data::DemoData, seeding::seed};
use sigma_testkit::demo_store::{DemoStore, folder};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_database_holds_books_and_market() {
    let mut demo = DemoStore::with_market().await.unwrap();
    let books = demo.store.books(&[]).await.unwrap();
    let lots: Vec<_> = books.iter().map(|book| (book.portfolio.slug.as_str(), book.lots.len())).collect();
    assert_eq!(lots, [("demo-individual", 16), ("demo-hnw", 17), ("demo-hedgefundstyle", 30)]);

    let instruments = demo.store.instruments().await.unwrap();
    let kind = |symbol: &str| instruments.iter().find(|i| i.symbol == symbol).map(|i| i.kind);
    for (symbol, expected) in [
        ("AAPL", InstrumentKind::Stock),
        ("SPY", InstrumentKind::Etf),
        ("FXNAX", InstrumentKind::MutualFund),
        ("VIX", InstrumentKind::Index),
        ("SPY250919C00460000", InstrumentKind::Option),
    ] {
        assert_eq!(kind(symbol), Some(expected), "{symbol}");
    }

    let (from, to) = ("2025-02-20".parse().unwrap(), "2025-06-30".parse().unwrap());
    let market = demo.store.market(&instruments, from, to).await.unwrap();
    assert_eq!(market.quotes.len(), 8);
    assert!(market.quotes.values().all(|quotes| quotes.len() == 90));
    let priced = instruments.iter().filter(|i| !i.is_option());
    for instrument in priced {
        assert_eq!(market.histories[&instrument.id].bars.len(), 90, "{}", instrument.symbol);
    }
    assert_eq!(demo.store.rates(&[], from, to).await.unwrap().len(), 4);

    // Profiles have told shares from funds; the books must not untell it.
    let data = DemoData::read(&folder()).unwrap();
    assert_eq!(seed(&mut demo.store, &data).await.unwrap().saved.changed, 0);
}
