//! Every recorded body once, as it is.

use sigma_providers::ask::QuotesAsk;
use sigma_providers::polygon::Polygon;
use sigma_providers::{Fault, FaultKind};
use sigma_testkit::fake::Reply;

use super::{KEY, ask, day, recorded, serve, symbols};

/// Which question a recorded body answers, and what comes of it.
const OUTCOMES: [(&str, &str, &str); 30] = [
    ("aggs_day.json", "bars ACME", "4 rows, 0 problems"),
    ("aggs_day_delayed_paged.json", "bars ACME", "2 rows, 0 problems"),
    ("aggs_day_empty.json", "bars NOSUCH", "NoData"),
    ("aggs_day_unadjusted_split_gap.json", "bars SPLT", "2 rows, 0 problems"),
    ("dividends_stocks_v1.json", "actions", "1 rows, 0 problems"),
    ("dividends_v3.json", "actions", "1 rows, 0 problems"),
    ("errors/200_not_authorized.json", "bars ACME", "PlanEndpoint"),
    ("errors/400_bad_request.json", "bars ACME", "BadRequest"),
    ("errors/401_missing_key.json", "bars ACME", "Auth"),
    ("errors/401_unknown_key.json", "bars ACME", "Auth"),
    ("errors/403_not_entitled.json", "bars ACME", "PlanEndpoint"),
    ("errors/403_timeframe.json", "bars ACME", "PlanTimeframe"),
    ("errors/404_path.txt", "bars ACME", "BadRequest"),
    ("errors/404_ticker.json", "bars ACME", "NotFound"),
    ("errors/429_rate_limit.json", "bars ACME", "RateLimited"),
    ("grouped_daily.json", "session", "3 rows, 0 problems"),
    ("grouped_daily_holiday.json", "session", "0 rows, 0 problems"),
    ("marketstatus_upcoming.json", "closures", "2 rows, 0 problems"),
    ("options_chain_empty.json", "quotes", "0 rows, 0 problems"),
    ("options_chain_snapshot.json", "quotes", "3 rows, 0 problems"),
    ("options_chain_snapshot_index.json", "quotes", "1 rows, 0 problems"),
    ("options_contracts.json", "contracts", "3 rows, 0 problems"),
    ("splits_stocks_v1.json", "actions", "1 rows, 0 problems"),
    ("splits_v3.json", "actions", "2 rows, 0 problems"),
    ("ticker_details.json", "profile ACME", "1 rows, 0 problems"),
    ("ticker_details_etf_sparse.json", "profile AETF", "1 rows, 0 problems"),
    ("ticker_events_rename.json", "renames", "1 rows, 0 problems"),
    ("tickers_inactive.json", "profile GONE", "NotFound"),
    ("../common/502_bad_gateway.html", "bars ACME", "Transient"),
    ("../fmp/stable_empty.json", "bars ACME", "Malformed"),
];

#[tokio::test]
async fn every_recorded_body_has_its_outcome() {
    let payloads = recorded();
    for (file, question, outcome) in OUTCOMES {
        let file = file.strip_prefix("../").map_or_else(|| format!("polygon/{file}"), str::to_owned);
        let answer = payloads.reply(&file);
        let name = file.clone();
        let (_server, polygon) = serve(move |request| match &*request.path {
            // What stands in for the other pages and questions.
            _ if request.query("cursor").is_some() => Reply::json(200, r#"{"results":[]}"#),
            "/stocks/v1/splits" if !file.contains("splits") => Reply::json(200, "{}"),
            "/stocks/v1/dividends" if file.contains("splits") => Reply::json(200, "{}"),
            path if path.starts_with("/v2/aggs/ticker/O:") => Reply::json(200, "{}"),
            "/v3/reference/tickers/GONE" => super::reply("errors/404_ticker.json"),
            _ => answer.clone(),
        });
        let found = match asked(&polygon, question).await {
            Ok((rows, problems)) => format!("{rows} rows, {} problems", problems.len()),
            Err(fault) => {
                assert!(!fault.to_string().contains(KEY));
                fault.kind.to_string()
            }
        };
        assert_eq!(found, outcome, "{name}: {question}");
    }
    assert_eq!(payloads.unused(&["polygon"]), [""; 0]);
}

async fn asked(polygon: &Polygon, question: &str) -> Result<(usize, Vec<String>), Fault> {
    let (what, symbol) = question.split_once(' ').unwrap_or((question, ""));
    let none = Vec::new();
    match what {
        "bars" => {
            let series = polygon.bars(&ask(symbol, "2025-06-01", "2025-11-04")).await?;
            Ok((series.bars.len(), series.problems))
        }
        "session" => {
            let session = polygon.session_bars(day("2025-11-03")).await?;
            Ok((session.bars.len(), session.problems))
        }
        "actions" => {
            let names = symbols(&["ACME", "SPLT", "REVR"]);
            let found = polygon.actions(&names, day("2024-01-01"), day("2025-12-31")).await?;
            let rows = found.values().map(|actions| actions.splits.len() + actions.dividends.len()).sum();
            Ok((rows, found.into_values().flat_map(|actions| actions.problems).collect()))
        }
        "quotes" => {
            let names = symbols(&[
                "ACME260116C00105000",
                "ACME251121C00040000",
                "ACME1260116C00090000",
                "SPXW251121C06900000",
            ]);
            let date = day("2025-11-04");
            let on_date = |contract| QuotesAsk { contract, from: date, to: date };
            let asks: Vec<QuotesAsk> = names.into_iter().map(on_date).collect();
            let quotes = polygon.quotes("ACME", &asks).await?;
            // The chain is recorded once and asked for by expiry: the second time it is a repetition.
            let problems = quotes.problems.into_iter().filter(|problem| !problem.contains("a second row"));
            Ok((quotes.quotes.len(), problems.collect()))
        }
        "contracts" => {
            let list = polygon.contract_list("ACME", day("2025-11-04")).await?;
            Ok((list.contracts.len(), list.problems))
        }
        "profile" => polygon.profile(symbol).await.map(|_| (1, none)),
        "renames" => polygon.renames("NEWN").await.map(|renames| (renames.len(), none)),
        "closures" => polygon.upcoming_closures().await.map(|closures| (closures.len(), none)),
        _ => unreachable!("{question}"),
    }
}

#[test]
fn the_kinds_of_the_recorded_errors_follow_from_status_and_body_alone() {
    use sigma_providers::http::Answer;
    let payloads = recorded();
    for (file, kind) in [
        ("polygon/errors/200_not_authorized.json", FaultKind::PlanEndpoint),
        ("polygon/errors/403_timeframe.json", FaultKind::PlanTimeframe),
        ("polygon/errors/404_ticker.json", FaultKind::NotFound),
        ("polygon/errors/404_path.txt", FaultKind::BadRequest),
    ] {
        let entry = payloads.entry(file);
        let answer = Answer::new("Polygon", entry.http_status, &entry.content_type, payloads.bytes(file));
        let fault = sigma_providers::polygon::classify(&answer).unwrap_err();
        assert_eq!((fault.kind, fault.status), (kind, Some(entry.http_status)), "{file}");
    }
}
