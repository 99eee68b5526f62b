//! Yahoo's charts against recorded answers.

#[path = "../asking/mod.rs"]
mod asking;
mod splits;

use asking::{always, ask, day, payloads, settings};
use serde_json::{Value, json};
use sigma_core::model::CloseBasis;
use sigma_providers::FaultKind::{self, *};
use sigma_providers::ask::{BarsAsk, Series};
use sigma_providers::http::Sign;
use sigma_providers::yahoo::Yahoo;
use sigma_testkit::fake::{Reply, Server};

fn open(server: &Server) -> Yahoo {
    Yahoo::open(settings(server, Sign::None)).unwrap()
}

fn any() -> BarsAsk {
    ask("ACME", "2025-10-01", "2025-11-04")
}

async fn bars(reply: Reply) -> Result<Series, FaultKind> {
    open(&always(reply)).bars(&any()).await.map_err(|fault| fault.kind)
}

/// The recorded chart with a change.
async fn changed(change: impl FnOnce(&mut Value)) -> Result<Series, FaultKind> {
    let mut body: Value = serde_json::from_slice(&payloads().bytes("yahoo/chart_1d.json")).unwrap();
    change(&mut body["chart"]["result"][0]);
    bars(Reply::json(200, body.to_string())).await
}

#[tokio::test]
async fn every_recorded_answer_is_what_it_is() {
    let payloads = payloads();
    for file in payloads.files(&["yahoo"]) {
        let expected = match file.as_str() {
            // Four rows, one of them without trade.
            "yahoo/chart_1d.json" => Ok(3),
            "yahoo/chart_1d_live_duplicate_day.json" => Ok(2),
            "yahoo/chart_fund_capital_gains.json" => Ok(2),
            "yahoo/chart_weekend_no_timestamps.json" => Err(NoData),
            "yahoo/options_v7.json" => Err(Malformed),
            "yahoo/errors/200_down.html" => Err(Transient),
            "yahoo/errors/400_before_listing.json" => Err(NoData),
            "yahoo/errors/401_invalid_crumb.json" => Err(Auth),
            "yahoo/errors/404_not_found.json" => Err(NotFound),
            "yahoo/errors/422_range.json" => Err(BadRequest),
            "yahoo/errors/429.txt" | "yahoo/errors/crumb_429.txt" => Err(RateLimited),
            other => panic!("{other} has no expectation"),
        };
        assert_eq!(bars(payloads.reply(&file)).await.map(|series| series.bars.len()), expected, "{file}");
    }
    assert_eq!(payloads.unused(&["yahoo"]), Vec::<String>::new());
    assert_eq!(bars(payloads.reply("common/502_bad_gateway.html")).await, Err(Transient));
}

#[tokio::test]
async fn raw_prices_without_the_noise_of_single_precision() {
    let series = bars(payloads().reply("yahoo/chart_1d.json")).await.unwrap();
    let rows: Vec<_> = series
        .bars
        .iter()
        .map(|bar| (bar.date, bar.open.unwrap(), bar.close, bar.adj_close.unwrap()))
        .collect();
    // The split of 30 October is before the close of that day: no price changes.
    let expected = [
        (day("2025-10-30"), 101.1, 102.9, 102.66),
        (day("2025-10-31"), 102.9, 103.55, 103.55),
        (day("2025-11-04"), 104.5, 101.65, 101.65),
    ];
    assert_eq!(rows, expected);
    assert!(series.bars.iter().all(|bar| bar.basis == CloseBasis::Rebuilt && bar.source == "yahoo"));
    assert_eq!(series.problems, Vec::<String>::new());
}

#[tokio::test]
async fn the_last_row_of_a_date_stands() {
    let series = bars(payloads().reply("yahoo/chart_1d_live_duplicate_day.json")).await.unwrap();
    let closes: Vec<_> = series.bars.iter().map(|bar| (bar.date, bar.close, bar.volume)).collect();
    let expected =
        [(day("2025-11-03"), 104.75, Some(4_022_871.0)), (day("2025-11-04"), 101.88, Some(3_010_500.0))];
    assert_eq!(closes, expected);
}

#[tokio::test]
async fn asks_from_midnight_to_midnight_in_new_york() {
    let server = always(payloads().reply("yahoo/chart_1d.json"));
    let ask = BarsAsk { today: day("2025-11-04"), ..ask("BRK.B", "2025-10-30", "2025-10-31") };
    let series = open(&server).bars(&ask).await.unwrap();
    let log = server.log();
    let request = &log[0].request;
    assert_eq!(request.path, "/v8/finance/chart/BRK-B");
    // Summer time on the first day (04:00Z), winter time on the day after today (05:00Z).
    assert_eq!(request.query("period1"), Some("1761796800"));
    assert_eq!(request.query("period2"), Some("1762318800"));
    assert_eq!(request.query("interval"), Some("1d"));
    assert_eq!(request.query("events"), Some("div,splits,capitalGains"));
    assert_eq!(request.query("includePrePost"), Some("false"));
    assert_eq!(request.header("user-agent"), Some("sigma-test/1.0"));
    let dates: Vec<_> = series.bars.iter().map(|bar| bar.date).collect();
    assert_eq!(dates, [day("2025-10-30"), day("2025-10-31")], "later bars are there for the splits");
}

#[tokio::test]
async fn a_row_without_a_close_is_a_problem_and_a_day_without_trade_is_not() {
    let series = changed(|chart| chart["indicators"]["quote"][0]["close"][1] = Value::Null).await.unwrap();
    assert_eq!(series.bars.len(), 2);
    assert_eq!(series.problems[0], "2025-10-31: no close");
    let series = changed(|chart| chart["indicators"]["quote"][0]["high"][1] = Value::Null).await.unwrap();
    assert_eq!((series.bars[1].high, series.bars[1].close), (None, 103.55));
}

#[tokio::test]
async fn columns_of_unequal_length_are_malformed() {
    for path in ["/indicators/quote/0/close", "/indicators/quote/0/volume", "/indicators/adjclose/0/adjclose"]
    {
        let result = changed(|chart| {
            chart.pointer_mut(path).unwrap().as_array_mut().unwrap().pop();
        });
        assert_eq!(result.await, Err(Malformed), "{path}");
    }
    assert_eq!(changed(|chart| chart["indicators"]["quote"] = json!([{}])).await, Err(Malformed));
}

#[tokio::test]
async fn adjusted_closes_may_be_missing_or_infinite() {
    let series = changed(|chart| {
        chart["indicators"].as_object_mut().unwrap().remove("adjclose");
    });
    let series = series.await.unwrap();
    assert!(series.bars.iter().all(|bar| bar.adj_close.is_none()));
    let text = String::from_utf8(payloads().bytes("yahoo/chart_1d.json")).unwrap();
    assert!(text.contains("102.66000366210938"));
    let infinite = text.replace("102.66000366210938", "Infinity");
    let series = bars(Reply::json(200, infinite)).await.unwrap();
    assert_eq!((series.bars[0].adj_close, series.bars[1].adj_close), (None, Some(103.55)));
}

#[tokio::test]
async fn only_listings_in_dollars_on_the_clock_of_the_exchange() {
    for (field, value, kind, said) in [
        ("exchangeTimezoneName", json!("Europe/London"), NotFound, "Europe/London"),
        ("exchangeTimezoneName", Value::Null, Malformed, "unknown"),
        ("currency", json!("GBp"), NotFound, "GBp"),
        ("currency", Value::Null, Malformed, "unknown"),
    ] {
        let mut body: Value = serde_json::from_slice(&payloads().bytes("yahoo/chart_1d.json")).unwrap();
        body["chart"]["result"][0]["meta"][field] = value;
        let server = always(Reply::json(200, body.to_string()));
        let yahoo = Yahoo::open(asking::with_retries(&server, Sign::None, 3)).unwrap();
        let fault = yahoo.bars(&any()).await.unwrap_err();
        assert!(fault.kind == kind && fault.detail.contains(said), "{fault}");
        assert_eq!(server.count(), 1, "another attempt would bring the same");
    }
    let chicago = changed(|chart| chart["meta"]["exchangeTimezoneName"] = json!("America/Chicago"));
    assert_eq!(chicago.await.unwrap().bars.len(), 3);
}

#[tokio::test]
async fn errors_by_status_code_and_text() {
    let coded = |code: &str| json!({ "chart": { "result": null, "error": { "code": code } } }).to_string();
    for (reply, expected) in [
        (Reply::json(200, coded("Not Found")), NotFound),
        (Reply::json(200, coded("Internal Server Error")), Transient),
        (Reply::json(500, coded("Internal Server Error")), Transient),
        (Reply::json(200, coded("Argument Error")), BadRequest),
        (Reply::html(200, "<html>Edge: Too Many Requests</html>"), RateLimited),
        (Reply::html(200, "<html>Consent</html>"), Malformed),
        (Reply::html(429, "<html></html>"), RateLimited),
        (Reply::json(200, r#"{"chart":{"result":[],"error":null}}"#), Malformed),
        (Reply::json(200, r#"{"chart":{"result":[{"meta":{}}],"error":null}}"#), Malformed),
        (payloads().reply("yahoo/chart_1d.json").truncated(1500), Malformed),
    ] {
        let said = format!("{reply:?}");
        assert_eq!(bars(reply).await, Err(expected), "{said}");
    }
}

#[tokio::test]
async fn probes_with_one_request() {
    let server = always(payloads().reply("yahoo/chart_1d.json"));
    let abilities = open(&server).probe().await;
    assert_eq!(abilities[0].outcome, Ok("SPY to 2025-11-04".to_owned()));
    assert_eq!((server.count(), server.log()[0].request.path.as_str()), (1, "/v8/finance/chart/SPY"));
    let server = always(payloads().reply("yahoo/errors/429.txt"));
    assert_eq!(open(&server).probe().await[0].outcome.as_ref().unwrap_err().kind, RateLimited);
}
