//! `exposures --what-if`: the list for the book after trades.

use serde_json::Value;
use sigma_core::model::{Trade, TradeAction};
use sigma_store::{WhatIfSession, WhatIfTrade};

use crate::book::{AS_OF, CALL, Engines};
use crate::generate::with_snapshots;
use crate::tool::report;

fn net(text: &str, bucket: &str) -> f64 {
    let document: Value = serde_json::from_str(text).unwrap();
    let rows = document["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["dimension"] == "underlying" && row["bucket"] == bucket);
    row.unwrap()["net_usd"].as_f64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn exposures_are_those_of_the_book_after_the_trades() {
    let made = with_snapshots(Engines::All).await;
    let folder = made.dir.path();
    let trades = format!("symbol,action,quantity,tag\nAAPL,SELL,100,\nTSLA,BUY,60,core\n{CALL},BUY,1,\n");
    std::fs::write(folder.join("trades.csv"), trades).unwrap();
    let before = report(folder, "exposures --format json").ended(0).out;
    let after = report(folder, "exposures --what-if trades.csv --format json").ended(0).out;
    assert!(after.contains("Exposures, pro forma after trades.csv"), "{after}");
    for (symbol, change) in [("AAPL", -100.0 * 205.17), ("TSLA", 60.0 * 317.66), ("MSFT", 0.0)] {
        let found = net(&after, symbol) - net(&before, symbol);
        assert!((found - change).abs() < 1e-6, "{symbol}: {found} instead of {change}");
    }
    let tags = report(folder, "exposures --what-if trades.csv --by tag --format csv").ended(0).out;
    assert!(tags.contains("core"), "{tags}");
    let rows = |line: &str| {
        let text = report(folder, line).ended(0).out;
        let document: Value = serde_json::from_str(&text).unwrap();
        (document["title"].as_str().unwrap().to_owned(), document["rows"].as_array().unwrap().clone())
    };
    let (title, lots) = rows("positions --what-if trades.csv --symbol TSLA --format json");
    assert_eq!(title, "Positions, pro forma after trades.csv");
    assert_eq!((lots.len(), lots[0]["quantity"].as_f64()), (1, Some(10.0)));
    assert!(lots[0]["position_id"].is_null(), "it is not stored: {lots:?}");
    let (_, groups) = rows("positions --what-if trades.csv --tag core --group-by underlying --format json");
    assert!(groups.iter().any(|row| row["group"] == "TSLA"), "{groups:?}");
    let (title, after) = rows("show --what-if trades.csv --format json");
    assert_eq!(title, "Snapshot, pro forma after trades.csv");
    let (_, before) = rows("show --format json");
    let change = |key: &str| after[0][key].as_f64().unwrap() - before[0][key].as_f64().unwrap();
    assert!(change("nav_usd").abs() < 1e-6);
    let net = -100.0 * 205.17 + 60.0 * 317.66;
    assert!((change("cash_usd") + change("net_usd")).abs() < 1e-6 && change("net_usd") > net, "{after:?}");
    assert!(after[0]["day_pnl_usd"].is_null(), "a book that opens at the close has no day");
    std::fs::write(folder.join("bad.csv"), "symbol,action,quantity\nAAPL,SELL,1000\nHOUSE,HOLD,1\n").unwrap();
    let refused = report(folder, "exposures --what-if bad.csv").ended(2);
    assert!(refused.err.contains("2 problems in the trades of bad.csv"), "{}", refused.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_exported_as_it_would_be_filled() {
    let mut made = with_snapshots(Engines::All).await;
    let trade = |row, symbol: &str, action, units| WhatIfTrade {
        trade: Trade {
            row,
            symbol: symbol.into(),
            action,
            quantity: None,
            dollars: Some(1e4),
            price: None,
            tag: None,
        },
        filled_quantity: units,
        filled_price: 1.0,
    };
    let session = WhatIfSession {
        name: "flip".into(),
        portfolio: "hand-made".into(),
        as_of: AS_OF.parse().unwrap(),
        fractional: true,
        created_at: "2025-07-01T12:00:00Z".into(),
        trades: vec![
            trade(2, "AAPL", TradeAction::Short, 150.0),
            trade(3, "TSLA", TradeAction::Buy, 50.0),
            trade(4, CALL, TradeAction::Buy, 2.0),
        ],
    };
    made.store.add_what_if_session(session).await.unwrap();
    let folder = made.dir.path();
    let csv = report(folder, "export trades --session flip").ended(0).out;
    let expected = format!(
        "symbol,action,quantity,dollars,price,tag\nAAPL,SELL,100.25,,,\nAAPL,SHORT,49.75,,,\nTSLA,COVER,50,,,\n{CALL},BUY,2,,,\n"
    );
    assert_eq!(csv, expected, "100.25 AAPL are held long and 50 TSLA short");
    let fix = report(folder, "export trades --session flip --format fix --readable").ended(0).out;
    let sides: Vec<&str> =
        fix.lines().map(|line| line.split("|54=").nth(1).unwrap().split('|').next().unwrap()).collect();
    assert_eq!(sides, ["2", "5", "1", "1"]);
    assert!(fix.lines().last().unwrap().contains("|77=O|"), "{fix}");
    let neither = report(folder, "export trades").ended(2).err;
    assert!(neither.contains("--session"), "{neither}");
    let unknown = report(folder, "export trades --session none").ended(2).err;
    assert!(unknown.contains("kept sessions: flip"), "{unknown}");
}
