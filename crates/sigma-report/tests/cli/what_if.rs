//! `exposures --what-if`: the list for the book after trades.

use serde_json::Value;

use crate::book::{CALL, Engines};
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
    std::fs::write(folder.join("bad.csv"), "symbol,action,quantity\nAAPL,SELL,1000\nHOUSE,HOLD,1\n").unwrap();
    let refused = report(folder, "exposures --what-if bad.csv").ended(2);
    assert!(refused.err.contains("2 problems in the trades of bad.csv"), "{}", refused.err);
}
