//! `show`, `exposures`, `performance`, `positions`: shapes of the answers and their errors.

use serde_json::Value;

use crate::book::{Engines, hand_made};
use crate::generate::with_snapshots;
use crate::tool::report;

fn rows(text: &str) -> Vec<Value> {
    let document: Value = serde_json::from_str(text).unwrap();
    document["rows"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_show_what_is_stored() {
    let made = with_snapshots(Engines::All).await;
    let folder = made.dir.path();
    let shown = rows(&report(folder, "show --format json").ended(0).out);
    assert_eq!(shown.len(), 1);
    assert_eq!((&shown[0]["portfolio"], &shown[0]["as_of"]), (&"hand-made".into(), &"2025-06-30".into()));
    assert_eq!(
        (shown[0]["position_count"].as_i64(), shown[0]["excluded_count"].as_i64()),
        (Some(6), Some(1))
    );

    let series = rows(&report(folder, "performance --format json --from 2025-06-27").ended(0).out);
    assert_eq!(series.len(), 2);
    assert!((series[1]["nav_usd"].as_f64().unwrap() - shown[0]["nav_usd"].as_f64().unwrap()).abs() < 1e-9);

    let sectors = rows(&report(folder, "exposures --by sector --format json --sort -gross_usd").ended(0).out);
    let buckets: Vec<&str> = sectors.iter().map(|row| row["bucket"].as_str().unwrap()).collect();
    assert_eq!(buckets, ["Unclassified", "Technology", "=Consumer | Cyclical"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_are_filtered_and_sorted() {
    let made = with_snapshots(Engines::All).await;
    let folder = made.dir.path();
    let symbols = |line: &str| -> Vec<String> {
        let rows = rows(&report(folder, line).ended(0).out);
        rows.iter().map(|row| row["symbol"].as_str().unwrap().to_owned()).collect()
    };
    let largest = symbols("positions --format json --sort -market_value_usd --limit 2");
    assert_eq!(largest, ["HOUSE", "AAPL"]);
    assert_eq!(symbols("positions --format json --symbol SPY"), ["SPY250919C00610000"]);
    assert_eq!(symbols("positions --format json --tag hedge"), ["TSLA"]);
    let table = report(folder, "positions").ended(0).out;
    assert!(table.contains("n/a (no_price)"), "{table}");
    let ran = report(folder, "positions --sort value").ended(2);
    assert!(ran.err.contains("use one of: portfolio"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_without_snapshots_name_the_command() {
    let made = hand_made(Engines::None).await;
    for verb in ["show", "exposures", "performance", "positions"] {
        let ran = report(made.dir.path(), verb).ended(1);
        assert!(ran.err.contains("hint: run `sigma-report snapshot`"), "{verb}: {}", ran.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_narrow_positions_and_exposures() {
    let made = with_snapshots(Engines::All).await;
    let folder = made.dir.path();
    let symbols = |line: &str| -> Vec<String> {
        let rows = rows(&report(folder, &format!("positions --format json {line}")).ended(0).out);
        rows.iter().map(|row| row["symbol"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(symbols("--tag HEDGE --tag income"), ["MSFT250718P00480000", "TSLA"]);
    assert!(symbols("--all-tags hedge,income").is_empty());
    assert_eq!(symbols("--type SP"), ["MSFT250718P00480000"]);
    assert_eq!(symbols("--type option --underlying SPY"), ["SPY250919C00610000"]);
    let wrong = report(folder, "positions --tag hegde").ended(2);
    assert!(wrong.err.contains("did you mean \"hedge\"?"), "{}", wrong.err);

    let whole = rows(&report(folder, "exposures --by total --format json").ended(0).out);
    let part = rows(&report(folder, "exposures --by total --format json --type option").ended(0).out);
    let options = rows(&report(folder, "exposures --by asset_type --format json").ended(0).out);
    let option = options.iter().find(|row| row["bucket"] == "option").unwrap();
    assert_eq!(part[0]["net_usd"], option["net_usd"]);
    assert_ne!(part[0]["net_usd"], whole[0]["net_usd"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_add_up_to_the_total() {
    let made = with_snapshots(Engines::All).await;
    let folder = made.dir.path();
    let whole = &rows(&report(folder, "show --format json").ended(0).out)[0];
    for by in ["tag", "type", "position_type", "underlying", "strategy", "sector"] {
        for limit in ["", " --sort -gross_usd --limit 2"] {
            let line = format!("positions --format json --group-by {by}{limit}");
            let rows = rows(&report(folder, &line).ended(0).out);
            let (total, groups) = rows.split_last().unwrap();
            assert_eq!(total["row"], "total");
            assert_eq!(total["position_count"], whole["position_count"]);
            for key in
                ["market_value_usd", "weight_fraction", "day_pnl_usd", "delta_dollars", "position_count"]
            {
                let sum: f64 = groups.iter().filter_map(|row| row[key].as_f64()).sum();
                assert!((sum - total[key].as_f64().unwrap()).abs() < 1e-6, "{by}{limit} {key}");
            }
            let net = whole["net_usd"].as_f64().unwrap();
            assert!((total["market_value_usd"].as_f64().unwrap() - net).abs() < 1e-6);
        }
    }
    let table = report(folder, "positions --group-by tag").ended(0).out;
    assert!(table.contains("=Core") && table.contains("Total"), "{table}");
    let csv = report(folder, "positions --group-by tag --format csv").ended(0).out;
    assert!(csv.contains(",'=Core,group,"), "{csv}");
}

#[test]
fn trades_are_exported_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let trades = "symbol,action,quantity,dollars,price,tag\nAAPL,BUY,10,,200.5,Core\n\
                  SPY   250919P00500000,SHORT,2,,,\nMSFT,SELL,,2500,,@x\n";
    std::fs::write(path.join("trades.csv"), trades).unwrap();
    let csv = report(path, "export trades --file trades.csv -o orders.csv").ended(0);
    assert_eq!(csv.out, "");
    let written = std::fs::read_to_string(path.join("orders.csv")).unwrap();
    let expected = "symbol,action,quantity,dollars,price,tag\nAAPL,BUY,10,,200.5,Core\n\
                    SPY250919P00500000,SHORT,2,,,\nMSFT,SELL,,2500,,'@x\n";
    assert_eq!(written, expected);
    report(path, "export trades --file orders.csv").ended(0);

    let orders = rows(&report(path, "export trades --file trades.csv --format json").ended(0).out);
    assert_eq!(orders[0]["order_id"], "SIGMA-20250701120000-0001");
    assert_eq!((&orders[1]["right"], &orders[1]["strike_usd"]), (&"put".into(), &500.0.into()));

    let fix = report(path, "export trades --file trades.csv --format fix --account A1").ended(0).out;
    assert_eq!(fix.lines().count(), 3);
    assert!(fix.starts_with("8=FIX.4.4\u{1}9="), "{fix:?}");
    let readable = report(path, "export trades --file trades.csv --format fix --readable").ended(0).out;
    assert!(readable.contains("|55=SPY|461=OPXXXX|167=OPT|200=202509|541=20250919|201=0|202=500|54=2|"));

    std::fs::write(path.join("wrong.csv"), "symbol,action,quantity\nAAPL,HOLD,1\nA B,BUY,-2\n").unwrap();
    let wrong = report(path, "export trades --file wrong.csv --format fix -o never.fix").ended(2);
    assert!(wrong.err.contains("HOLD") && wrong.err.contains("3 problems"), "{}", wrong.err);
    assert!(!path.join("never.fix").exists());
    // No such date: it is not ordered as a share.
    std::fs::write(path.join("wrong.csv"), "symbol,action,quantity\nAAPL250631C00500000,BUY,1\n").unwrap();
    let wrong = report(path, "export trades --file wrong.csv").ended(2);
    assert!(wrong.err.contains("looks like an option symbol and is none"), "{}", wrong.err);
    assert!(wrong.err.contains("1 problem in"), "{}", wrong.err);
    report(path, "export trades").ended(2);
}
