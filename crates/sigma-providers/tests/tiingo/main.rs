//! Tiingo against recorded answers.

#[path = "../asking/mod.rs"]
mod asking;

use asking::{KEY, always, ask, day, payloads, settings};
use sigma_core::model::{CloseBasis, Dividend, InstrumentKind, Split};
use sigma_providers::FaultKind::{self, *};
use sigma_providers::ask::{BarsAsk, Series};
use sigma_providers::http::Sign;
use sigma_providers::tiingo::Tiingo;
use sigma_testkit::fake::market::Listing;
use sigma_testkit::fake::{Exchange, Reply, Server};

fn open(server: &Server) -> Tiingo {
    Tiingo::open(settings(server, Sign::Token(KEY.to_owned().into()))).unwrap()
}

fn any() -> BarsAsk {
    ask("ACME", "2025-10-01", "2025-11-30")
}

async fn bars(reply: Reply) -> Result<Series, FaultKind> {
    open(&always(reply)).bars(&any()).await.map_err(|fault| fault.kind)
}

#[tokio::test]
async fn every_recorded_answer_is_what_it_is() {
    let payloads = payloads();
    for file in payloads.files(&["tiingo"]) {
        let expected = match file.as_str() {
            "tiingo/daily_prices.json" => Ok(4),
            "tiingo/empty.json" => Err(NoData),
            "tiingo/errors/200_ticker_error.txt" | "tiingo/errors/404.json" => Err(NotFound),
            "tiingo/errors/401.json" => Err(Auth),
            "tiingo/errors/429.json" => Err(RateLimited),
            other => panic!("{other} has no expectation"),
        };
        assert_eq!(bars(payloads.reply(&file)).await.map(|series| series.bars.len()), expected, "{file}");
    }
    assert_eq!(payloads.unused(&["tiingo"]), Vec::<String>::new());
    assert_eq!(bars(payloads.reply("common/502_bad_gateway.html")).await, Err(Transient));
}

#[tokio::test]
async fn a_key_without_rights_is_told_from_a_wrong_one() {
    let told = |detail: &str| format!(r#"{{"detail":"{detail}"}}"#);
    for (status, detail, kind) in [
        (403, "You do not have permission to access this dataset.", PlanEndpoint),
        (402, "Error: You do not have permission to perform this action.", PlanEndpoint),
        (401, "Invalid token.", Auth),
        (403, "Please supply a token", Auth),
        (403, "", Auth),
    ] {
        assert_eq!(bars(Reply::json(status, told(detail))).await, Err(kind), "{status} {detail}");
    }
}

#[tokio::test]
async fn raw_prices_of_sessions_by_name() {
    let series = bars(payloads().reply("tiingo/daily_prices.json")).await.unwrap();
    let last = &series.bars[3];
    assert_eq!((last.date, last.close, last.adj_close), (day("2025-11-04"), 101.65, Some(101.417_221_5)));
    assert_eq!((last.open, last.high, last.low), (Some(104.5), Some(104.9), Some(101.2)));
    assert_eq!((last.volume, last.source.as_str()), (Some(6_102_341.0), "tiingo"));
    assert_eq!(last.basis, CloseBasis::AsTraded);
    assert_eq!((series.splits, series.dividends, series.problems), (Some(vec![]), Some(vec![]), vec![]));
}

#[tokio::test]
async fn asks_in_its_own_spelling_with_the_key_in_a_header() {
    let server = always(payloads().reply("tiingo/daily_prices.json"));
    open(&server).bars(&ask("BRK.B", "2025-10-01", "2025-11-30")).await.unwrap();
    let log = server.log();
    assert_eq!(log[0].request.target, "/tiingo/daily/BRK-B/prices?startDate=2025-10-01&endDate=2025-11-30");
    assert_eq!(log[0].request.header("authorization"), Some(format!("Token {KEY}").as_str()));
}

#[tokio::test]
async fn indices_are_not_asked_for() {
    let server = always(Reply::text(500, ""));
    let of_index = BarsAsk { kind: Some(InstrumentKind::Index), ..ask("SPX", "2025-10-01", "2025-11-30") };
    for ask in [of_index, ask("VIX", "2025-10-01", "2025-11-30")] {
        assert_eq!(open(&server).bars(&ask).await.unwrap_err().kind, NotFound);
    }
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn splits_and_dividends_come_with_the_rows() {
    let row = |date: &str, cash: f64, factor: f64| {
        format!(r#"{{"date":"{date}T00:00:00.000Z","close":10.0,"divCash":{cash},"splitFactor":{factor}}}"#)
    };
    let rows = [
        row("2025-11-03", 0.24, 1.0),
        row("2025-11-03", 0.24, 1.0),
        row("2025-10-01", 0.0, 4.0),
        row("2025-10-02", 0.0, 0.05),
        row("2025-10-03", 0.0, 0.066667),
        row("2025-10-06", 0.0, 1.5),
        row("2025-10-07", 0.0, 0.99),
        row("2025-10-08", 0.0, 0.0),
    ];
    let series = bars(Reply::json(200, format!("[{}]", rows.join(",")))).await.unwrap();
    let split = |date, from, to| Split { date: day(date), from, to };
    let expected = vec![
        split("2025-10-01", 1.0, 4.0),
        split("2025-10-02", 20.0, 1.0),
        split("2025-10-03", 15.0, 1.0),
        split("2025-10-06", 1.0, 1.5),
        split("2025-10-07", 1.0, 0.99),
    ];
    assert_eq!(series.splits, Some(expected));
    // The row came twice and the cash once.
    assert_eq!(series.dividends, Some(vec![Dividend { ex_date: day("2025-11-03"), amount: 0.24 }]));
    assert_eq!(series.problems, ["2025-10-08: a split factor of 0"]);
    assert_eq!(series.bars.len(), 8, "twins and order are for the screen to see");
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_named_and_the_others_stand() {
    let body = r#"[{"date":"2025-11-03T00:00:00.000Z","close":"None","volume":7.07e7},
        {"date":"2025-11-04T00:00:00.000Z","close":-1.5,"high":null,"volume":7.07e7},
        {"date":"tomorrow","close":1},
        {"date":"2025-12-24T00:00:00.000Z","close":1}]"#;
    let series = bars(Reply::json(200, body)).await.unwrap();
    // Whether a price is possible is not for the provider to judge.
    let bar = &series.bars[0];
    assert_eq!((series.bars.len(), bar.close, bar.high, bar.volume), (1, -1.5, None, Some(7.07e7)));
    assert_eq!(series.problems, ["2025-11-03: no close", "\"tomorrow\" is not a date"]);
    let nothing = r#"[{"date":"2025-11-03T00:00:00.000Z","close":null}]"#;
    assert_eq!(bars(Reply::json(200, nothing)).await, Err(Malformed));
}

#[tokio::test]
async fn errors_by_status_and_text() {
    let month = "Error: You have run over your 500 symbol look up for this month. Please upgrade.";
    let daily = r#"{"detail":"Error: You have run over your daily request allocation."}"#;
    for (reply, expected) in [
        (Reply::text(429, "You have run over your hourly request allocation."), RateLimited),
        (Reply::text(200, "Error: You have run over your hourly request allocation."), RateLimited),
        (Reply::text(429, month), QuotaExhausted),
        (Reply::json(429, daily), QuotaExhausted),
        (Reply::json(429, "{}"), RateLimited),
        (Reply::json(200, r#"{"detail":"Not found."}"#), NotFound),
        (Reply::json(403, r#"{"detail":"Please supply a token"}"#), Auth),
        (Reply::json(400, r#"{"detail":"Error: resampleFreq must be at least 1day"}"#), BadRequest),
        (Reply::html(200, "<html>maintenance</html>"), Malformed),
        (Reply::json(200, r#"{"prices":[]}"#), Malformed),
        (payloads().reply("tiingo/daily_prices.json").truncated(700), Malformed),
    ] {
        let said = format!("{reply:?}");
        assert_eq!(bars(reply).await, Err(expected), "{said}");
    }
}

#[tokio::test]
async fn a_generated_market_comes_back_as_traded() {
    let sessions = [day("2025-10-30"), day("2025-10-31"), day("2025-11-03"), day("2025-11-04")];
    let closes = sessions.map(|date| date).into_iter().zip([400.0, 404.0, 101.0, 100.5]).collect::<Vec<_>>();
    let listing =
        Listing::new("ACME", &closes).split(day("2025-11-03"), 1.0, 4.0).dividend(day("2025-10-31"), 0.96);
    let exchange = Exchange::new().list(listing);
    let server = Server::start(move |request| exchange.reply(request));
    let series = open(&server).bars(&any()).await.unwrap();
    let raw: Vec<_> = series.bars.iter().map(|bar| (bar.date, bar.close)).collect();
    assert_eq!(raw, closes);
    assert_eq!(series.splits, Some(vec![Split { date: day("2025-11-03"), from: 1.0, to: 4.0 }]));
    assert_eq!(series.dividends, Some(vec![Dividend { ex_date: day("2025-10-31"), amount: 0.96 }]));
}

#[tokio::test]
async fn probes_the_key() {
    let server = Server::start(|request| match request.header("authorization") {
        Some(value) if value.ends_with(KEY) && request.path == "/api/test" => {
            Reply::json(200, r#"{"message":"You successfully sent a request"}"#)
        }
        _ => Reply::json(401, r#"{"detail":"Invalid token."}"#),
    });
    let good = open(&server).probe().await;
    assert_eq!(good[0].outcome, Ok("the key is accepted".to_owned()));
    let other = Tiingo::open(settings(&server, Sign::Token("other".to_owned().into()))).unwrap();
    assert_eq!(other.probe().await[0].outcome.as_ref().unwrap_err().kind, Auth);
}
