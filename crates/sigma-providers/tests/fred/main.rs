//! FRED against recorded answers.

#[path = "../asking/mod.rs"]
mod asking;

use std::time::Duration;

use asking::{KEY, always, day, payloads, settings, with_retries};
use sigma_core::model::RatePoint;
use sigma_providers::FaultKind::{self, *};
use sigma_providers::fred::Fred;
use sigma_providers::http::Sign;
use sigma_providers::{Fault, ProviderId};
use sigma_testkit::fake::{Exchange, Provider, Reply, Server};

fn key() -> Sign {
    Sign::Query("api_key", KEY.to_owned().into())
}

async fn yields(server: &Server, sign: Sign, series: &str) -> Result<Vec<RatePoint>, Fault> {
    let fred = Fred::open(settings(server, sign)).unwrap();
    fred.yields(series, day("2025-11-01"), day("2025-11-30")).await
}

async fn kind(reply: Reply, sign: Sign) -> Result<Vec<RatePoint>, FaultKind> {
    yields(&always(reply), sign, "DGS3MO").await.map_err(|fault| fault.kind)
}

fn rates(rows: &[(&str, f64)]) -> Vec<RatePoint> {
    rows.iter().map(|&(date, percent)| RatePoint { date: day(date), percent }).collect()
}

#[tokio::test]
async fn every_recorded_answer_is_what_it_is() {
    let payloads = payloads();
    for file in payloads.files(&["fred"]) {
        let sign = if file.ends_with(".csv") { Sign::None } else { key() };
        let expected = match file.as_str() {
            "fred/fredgraph_DGS3MO.csv" => Ok(rates(&[("2025-11-10", 3.93), ("2025-11-12", 3.95)])),
            // Veterans Day: the bond market is closed, the exchange is not.
            "fred/observations_DGS10_holiday.json" => {
                Ok(rates(&[("2025-11-10", 4.11), ("2025-11-12", 4.08)]))
            }
            "fred/observations_DGS3MO.json" => {
                Ok(rates(&[("2025-11-03", 3.94), ("2025-11-04", 3.91), ("2025-11-05", 3.95)]))
            }
            "fred/observations_empty.json" => Err(NoData),
            "fred/errors/400_key_format.json"
            | "fred/errors/400_key_missing.json"
            | "fred/errors/400_key_unregistered.json" => Err(Auth),
            "fred/errors/400_series.json" | "fred/errors/400_series.xml" => Err(NotFound),
            "fred/errors/429.json" => Err(RateLimited),
            other => panic!("{other} has no expectation"),
        };
        assert_eq!(kind(payloads.reply(&file), sign).await, expected, "{file}");
    }
    assert_eq!(payloads.unused(&["fred"]), Vec::<String>::new());
    assert_eq!(kind(payloads.reply("common/502_bad_gateway.html"), key()).await, Err(Transient));
}

#[tokio::test]
async fn asks_for_json_with_a_key_and_for_csv_without() {
    let payloads = payloads();
    let server = always(payloads.reply("fred/observations_DGS3MO.json"));
    yields(&server, key(), "DGS3MO").await.unwrap();
    let request = &server.log()[0].request;
    assert_eq!(request.path, "/fred/series/observations");
    for (name, value) in [
        ("series_id", "DGS3MO"),
        ("file_type", "json"),
        ("observation_start", "2025-11-01"),
        ("observation_end", "2025-11-30"),
        ("sort_order", "asc"),
        ("limit", "100000"),
        ("api_key", KEY),
    ] {
        assert_eq!(request.query(name), Some(value), "{name}");
    }
    let server = always(payloads.reply("fred/fredgraph_DGS3MO.csv"));
    yields(&server, Sign::None, "DGS3MO").await.unwrap();
    let target = "/graph/fredgraph.csv?id=DGS3MO&cosd=2025-11-01&coed=2025-11-30";
    assert_eq!(server.log()[0].request.target, target);
}

#[tokio::test]
async fn the_csv_stands_in_for_a_service_that_is_down_and_for_no_refusal() {
    let server = Server::start(|request| match request.path.as_str() {
        "/graph/fredgraph.csv" => Reply::csv(200, "DATE,DGS3MO\n2025-11-04,3.91\n"),
        _ => Reply::html(503, "<html>busy</html>"),
    });
    let fred = Fred::open(with_retries(&server, key(), 2)).unwrap();
    let found = fred.yields("DGS3MO", day("2025-11-01"), day("2025-11-30")).await.unwrap();
    assert_eq!(found, rates(&[("2025-11-04", 3.91)]));
    assert_eq!(server.count(), 4);
    assert!(!server.log()[3].contains("cAnArY"), "the page of graphs needs no key");

    let refusal = payloads().reply("fred/errors/400_key_format.json");
    let server = Server::start(move |_| refusal.clone());
    assert_eq!(yields(&server, key(), "DGS3MO").await.unwrap_err().kind, Auth);
    assert_eq!(server.count(), 1);

    let server = always(Reply::html(503, "<html>busy</html>"));
    let fred = Fred::open(with_retries(&server, key(), 1)).unwrap();
    let fault = fred.yields("DGS3MO", day("2025-11-01"), day("2025-11-30")).await.unwrap_err();
    assert_eq!((fault.kind, fault.status, server.count()), (Transient, Some(503), 3));
}

#[tokio::test]
async fn a_key_that_is_not_registered_is_tried_once_more() {
    let payloads = payloads();
    let refusal = payloads.reply("fred/errors/400_key_unregistered.json");
    let server = Server::start({
        let (refusal, good) = (refusal.clone(), payloads.reply("fred/observations_DGS3MO.json"));
        let first = std::sync::atomic::AtomicBool::new(true);
        move |_| {
            if first.swap(false, std::sync::atomic::Ordering::SeqCst) {
                refusal.clone()
            } else {
                good.clone()
            }
        }
    });
    let fred = Fred::open(with_retries(&server, key(), 3)).unwrap();
    assert_eq!(fred.yields("DGS3MO", day("2025-11-01"), day("2025-11-30")).await.unwrap().len(), 3);
    let log = server.log();
    assert!(log[1].at - log[0].at >= Duration::from_millis(120), "120 pauses of a millisecond");

    let server = always(refusal);
    let fred = Fred::open(with_retries(&server, key(), 3)).unwrap();
    let fault = fred.yields("DGS3MO", day("2025-11-01"), day("2025-11-30")).await.unwrap_err();
    assert_eq!((fault.kind, server.count()), (Auth, 2));
}

#[tokio::test]
async fn a_table_of_another_shape_is_malformed() {
    for body in [
        "observation_date,DGS10\n2025-11-04,3.91\n",
        "date,DGS3MO\n2025-11-04,3.91\n",
        "observation_date,DGS3MO,DGS10\n2025-11-04,3.91,4.1\n",
        "observation_date,DGS3MO\n2025-11-04,n/a\n",
        "observation_date,DGS3MO\n2025-11-04,NaN\n",
        "observation_date,DGS3MO\nyesterday,3.91\n",
        "observation_date,DGS3MO\n2025-11-03,3.94\n2025-11-04,3.9",
        "observation_date,DGS3MO\n2025-11-03,3.94\n2025-11-04\n",
        "",
    ] {
        assert_eq!(kind(Reply::csv(200, body), Sign::None).await, Err(Malformed), "{body:?}");
    }
    let page = Reply::html(200, "<!DOCTYPE html><html>Checking your browser</html>");
    assert_eq!(kind(page.clone(), Sign::None).await, Err(Malformed));
    assert_eq!(kind(page, key()).await, Err(Malformed));
    let unknown = Reply::html(404, "<html>Not Found</html>");
    assert_eq!(kind(unknown, Sign::None).await, Err(NotFound));
    let good = payloads().reply("fred/observations_DGS3MO.json");
    assert_eq!(kind(good.truncated(400), key()).await, Err(Malformed));
    let short = r#"{"count":2,"observations":[{"date":"2025-11-04","value":"3.91"}]}"#;
    assert_eq!(kind(Reply::json(200, short), key()).await, Err(Malformed));
}

#[tokio::test]
async fn days_without_a_value_are_left_out() {
    // Nor is one of two values known to be right.
    let body = "observation_date,DGS3MO\n2025-10-31,3.9\n2025-11-05,3.95\n2025-11-04,n/a\n2025-11-03,3.94\n\
                2025-11-03,3.49\n2025-11-06,.\n2025-11-05,3.95\n2025-12-01,3.7\n";
    let expected = rates(&[("2025-11-05", 3.95)]);
    assert_eq!(kind(Reply::csv(200, body), Sign::None).await, Ok(expected));
    let closed = "observation_date,DGS3MO\n2025-11-11,.\n";
    assert_eq!(kind(Reply::csv(200, closed), Sign::None).await, Err(NoData));
}

#[tokio::test]
async fn errors_that_are_answered_with_success_or_text_are_errors() {
    let limited = r#"{"error_code":429,"error_message":"Too Many Requests.  Exceeded Rate Limit"}"#;
    assert_eq!(kind(Reply::json(200, limited), key()).await, Err(RateLimited));
    let wrong =
        r#"{"error_code":400,"error_message":"Bad Request.  Value of limit is not between 1 and 100000."}"#;
    assert_eq!(kind(Reply::json(400, wrong), key()).await, Err(BadRequest));
    assert_eq!(kind(Reply::text(500, "oops"), key()).await, Err(Transient));
    assert_eq!(kind(Reply::text(429, ""), key()).await, Err(RateLimited));
}

#[tokio::test]
async fn probes_with_one_request() {
    let exchange = Exchange::new()
        .rates("DGS3MO", vec![(day("2025-11-03"), Some(3.94)), (day("2025-11-04"), Some(3.91))])
        .require_key(Provider::Fred, KEY);
    let server = Server::start(move |request| exchange.reply(request));
    for (sign, expected) in [
        (key(), Ok("DGS3MO 3.91 % on 2025-11-04 (with a key)")),
        (Sign::None, Ok("DGS3MO 3.91 % on 2025-11-04 (CSV without a key)")),
        (Sign::Query("api_key", "other".to_owned().into()), Err(Auth)),
    ] {
        let abilities = Fred::open(settings(&server, sign)).unwrap().probe().await;
        assert_eq!(abilities.len(), 1);
        let outcome = abilities[0].outcome.as_ref().map(String::as_str).map_err(|fault| fault.kind);
        assert_eq!(outcome, expected);
    }
    assert_eq!(server.count(), 3);
}

#[test]
fn the_listed_address_is_known_as_the_one_without_graphs() {
    let server = always(Reply::text(200, ""));
    let mut settings = settings(&server, Sign::None);
    settings.address = sigma_providers::http::Address::parse(ProviderId::Fred.entry().address).unwrap();
    let fred = format!("{:?}", Fred::open(settings).unwrap());
    assert!(fred.contains("\"fred.stlouisfed.org\"") && !fred.contains("api.stlouisfed.org"), "{fred}");
}
