//! Imports on both databases: everything of a file in one transaction, or nothing.

use chrono::NaiveDate;
use sigma_core::model::*;
use sigma_store::*;
use sigma_testkit::postgres::PrivateServer;
use tempfile::TempDir;

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    let dir = TempDir::new().unwrap();
    story(format!("sqlite:{}", dir.path().join("sigma.db").display())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    let Some(server) = PrivateServer::start().unwrap() else { return };
    story(server.create_database().unwrap()).await;
}

fn lot(symbol: &str, quantity: f64, tags: &[&str]) -> ImportedLot {
    ImportedLot {
        symbol: symbol.into(),
        quantity,
        entry_price: 50.0,
        entry_date: date("2025-06-03"),
        exit: None,
        adjusted_through: None,
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
    }
}

fn record(as_of: &str) -> NewImport {
    NewImport {
        account: Some("1234".into()),
        file_name: "positions.csv".into(),
        sha256: "ab".repeat(32),
        format: "schwab".into(),
        as_of: date(as_of),
        file_rows: 3,
        positions: 2,
        opened: 2,
        closed: 0,
        changed: 0,
        imported_at: "2025-07-01T12:00:00Z".into(),
        status: ImportStatus::Complete,
    }
}

fn portfolio(slug: &str) -> NewPortfolio {
    NewPortfolio {
        user_id: 0,
        slug: slug.into(),
        name: slug.into(),
        currency: "USD".into(),
        opened_on: date("2025-06-03"),
        is_demo: false,
    }
}

fn cash(amount: f64) -> NewCashEntry {
    let (date, note) = (date("2025-06-03"), Some("import".into()));
    NewCashEntry { portfolio_id: 0, date, kind: CashKind::Opening, amount, note }
}

fn plan(slug: &str) -> ImportPlan {
    let bar = PriceBar {
        date: date("2025-06-03"),
        open: None,
        high: None,
        low: None,
        close: 1000.0,
        adj_close: None,
        volume: None,
        source: "import".into(),
        basis: CloseBasis::AsTraded,
    };
    let private = NewInstrument { kind: Some(InstrumentKind::Private), ..NewInstrument::of_symbol("FUND_A") };
    ImportPlan {
        target: ImportTarget::New { email: "ann@example.com".into(), portfolio: portfolio(slug) },
        instruments: vec![NewInstrument::of_symbol("AAA"), private],
        values: vec![("FUND_A".into(), bar)],
        lots: vec![
            lot("AAA", 100.0, &["Core", "Value"]),
            lot("FUND_A", 1.0, &[]),
            lot("AAA", -5.0, &["Core"]),
        ],
        closes: vec![],
        adjusted: vec![],
        cash: vec![cash(1000.0)],
        cash_replaced: vec![],
        record: Some(record("2025-06-03")),
    }
}

/// Everything that an import can touch.
async fn state(store: &mut Store) -> String {
    let books = store.books(&[]).await.unwrap();
    let (users, imports) = (store.users().await.unwrap(), store.imports(&[]).await.unwrap());
    format!("{books:?} {users:?} {imports:?} {:?}", store.instruments().await.unwrap())
}

async fn story(url: String) {
    Store::migrate(&url).await.unwrap();
    let mut store = Store::open(&url).await.unwrap();
    let applied = store.apply_imports(vec![plan("one"), plan("two")]).await.unwrap();
    // One portfolio, two instruments and a value, three lots with three tags, cash, history.
    assert_eq!(applied[0].saved, Saved { stored: 12, changed: 12 });
    let books = store.books(&[]).await.unwrap();
    assert_eq!(books.len(), 2);
    let lots: Vec<_> = books[0].lots.iter().map(|lot| (lot.position.quantity, lot.tags.len())).collect();
    assert_eq!(lots, [(100.0, 2), (1.0, 0), (-5.0, 1)]);
    assert_eq!((books[0].cash[0].kind, books[0].cash[0].amount), (CashKind::Opening, 1000.0));
    assert_eq!(store.imports(&[applied[1].portfolio_id]).await.unwrap()[0].import, record("2025-06-03"));
    assert_eq!(store.users().await.unwrap().len(), 1);
    closes_lots(&mut store, &books[0]).await;
    keeps_nothing_of_a_spoiled_import(&mut store).await;
    starts_anew(&mut store, &books[1].portfolio).await;
    assert_eq!(store.check_invariants().await.unwrap(), []);
}

async fn closes_lots(store: &mut Store, book: &Book) {
    let close = |lot: usize, quantity, remaining| LotClose {
        position_id: book.lots[lot].position.id,
        quantity,
        remaining,
        price: 60.0,
        date: date("2025-06-30"),
    };
    let plan = ImportPlan {
        target: ImportTarget::Existing(book.portfolio.id),
        closes: vec![close(0, 40.0, 60.0), close(0, 60.0, 0.0), close(2, -5.0, 0.0)],
        adjusted: vec![(book.lots[0].position.id, date("2025-06-20"))],
        lots: vec![],
        cash: vec![cash(900.0)],
        cash_replaced: vec![book.cash[0].id],
        record: None,
        ..plan("")
    };
    store.apply_imports(vec![plan]).await.unwrap();
    let after = store.books(std::slice::from_ref(&book.portfolio.slug)).await.unwrap().remove(0);
    let closed = after.lots.iter().filter(|lot| lot.position.exit_date.is_some());
    let closed: Vec<_> =
        closed.map(|lot| (lot.position.quantity, lot.position.exit_price, lot.tags.len())).collect();
    assert_eq!(closed, [(60.0, Some(60.0), 2), (-5.0, Some(60.0), 1), (40.0, Some(60.0), 2)]);
    // A part that is closed is in the units of its lot.
    let adjusted = after.lots.iter().filter(|lot| lot.position.adjusted_through == Some(date("2025-06-20")));
    assert_eq!(adjusted.map(|lot| lot.position.quantity).collect::<Vec<_>>(), [60.0, 40.0]);
    assert_eq!(after.cash.iter().map(|entry| entry.amount).collect::<Vec<_>>(), [900.0]);
}

/// Whatever a plan stumbles over, at its beginning or its end, nothing of it and of the plans before it stays.
async fn keeps_nothing_of_a_spoiled_import(store: &mut Store) {
    let before = state(store).await;
    let unknown =
        LotClose { position_id: 9999, quantity: 1.0, remaining: 0.0, price: 1.0, date: date("2025-06-30") };
    let spoiled = [
        ImportPlan { lots: vec![lot("NOWHERE", 1.0, &[])], ..plan("four") },
        ImportPlan { lots: vec![lot("AAA", f64::NAN, &[])], ..plan("four") },
        ImportPlan { lots: vec![lot("AAA", 0.0, &["New"])], ..plan("four") },
        ImportPlan { closes: vec![unknown], ..plan("four") },
        ImportPlan { adjusted: vec![(9999, date("2025-06-30"))], ..plan("five") },
        ImportPlan { cash: vec![cash(f64::INFINITY)], ..plan("four") },
        ImportPlan {
            record: Some(NewImport { sha256: "short".into(), ..record("2025-06-03") }),
            ..plan("four")
        },
        plan("three"),
    ];
    for bad in spoiled {
        let name = format!("{bad:?}");
        let fresh = ImportPlan { instruments: vec![NewInstrument::of_symbol("NEW")], ..plan("three") };
        let fresh = ImportPlan { lots: vec![lot("NEW", 1.0, &["Newer"])], values: vec![], ..fresh };
        assert!(store.apply_imports(vec![fresh, bad]).await.is_err(), "{name}");
        assert_eq!(state(store).await, before, "{name}");
    }
}

async fn starts_anew(store: &mut Store, old: &Portfolio) {
    let portfolio =
        NewPortfolio { user_id: old.user_id, opened_on: date("2025-06-30"), ..portfolio(&old.slug) };
    let again = ImportPlan {
        target: ImportTarget::Anew { id: old.id, portfolio },
        lots: vec![lot("AAA", 7.0, &[])],
        record: Some(record("2025-06-30")),
        ..plan("")
    };
    let applied = store.apply_imports(vec![again]).await.unwrap();
    let book = store.books(std::slice::from_ref(&old.slug)).await.unwrap().remove(0);
    assert_eq!((book.lots.len(), book.portfolio.opened_on), (1, date("2025-06-30")));
    assert_eq!(store.imports(&[applied[0].portfolio_id]).await.unwrap().len(), 2, "the history goes on");
}
