//! The matrix: for each provider its faults, each with exit code, kind, and when it heals.

use std::time::Duration;

use sigma_providers::FaultKind::{self, *};
use sigma_testkit::fake::{Payloads, Reply};

use super::bench::{Answer, Cell, Heals};
use super::rows::{Edit, Route};

fn cell(name: &str, answer: Answer, code: i32, kind: Option<FaultKind>, heals: Heals) -> Cell {
    Cell { name: name.to_owned(), answer, code, kind, quarantine: None, heals }
}

/// An answer to everything, its exit code and its kind. The next run asks again.
fn always(name: &str, reply: Reply, code: i32, kind: FaultKind) -> Cell {
    cell(name, Answer::Always(reply), code, Some(kind), Heals::AtOnce)
}

/// A recorded body.
fn recorded(payloads: &Payloads, file: &str, code: i32, kind: FaultKind) -> Cell {
    always(file, payloads.reply(file), code, kind)
}

fn rows(edit: Edit, code: i32, heals: Heals) -> Cell {
    cell(&format!("{edit:?}"), Answer::Rows(edit), code, None, heals)
}

fn refused(edit: Edit, code: i32, reason: &'static str, heals: Heals) -> Cell {
    Cell { quarantine: Some(reason), ..rows(edit, code, heals) }
}

/// What every provider can meet.
fn common(route: Route, payloads: &Payloads) -> Vec<Cell> {
    // This provider has no plans that leave anything out: who is not let in has the wrong key.
    let refusal = if route == Route::Tiingo { Auth } else { PlanEndpoint };
    let an_hour = limit().header("Retry-After", "3600");
    let bent =
        |name, how: fn(Reply) -> Reply, kind| cell(name, Answer::Bent(how), 6, Some(kind), Heals::AtOnce);
    let once = |name, reply: fn() -> Reply| cell(name, Answer::Once(reply), 0, None, Heals::Whole);
    let of_one = |name, reply, kind, heals| cell(name, Answer::OfOne(reply), 3, Some(kind), heals);
    let mut cells = vec![
        always("401", Reply::json(401, "{}"), 4, Auth),
        always("402", Reply::json(402, "{}"), 4, refusal),
        always("403", Reply::json(403, "{}"), 4, refusal),
        always("404", Reply::json(404, "{}"), 3, NotFound),
        always("429", limit(), 5, RateLimited),
        Cell { heals: Heals::AfterTheWait, ..always("429, Retry-After an hour", an_hour, 5, RateLimited) },
        once("429 once, Retry-After 1", || limit().header("Retry-After", "1")),
        once("429 once, Retry-After a date", || limit().header("Retry-After", &in_two_seconds())),
        always("500", Reply::json(500, "{}"), 6, Transient),
        once("500 once", || Reply::json(500, "{}")),
        recorded(payloads, "common/502_bad_gateway.html", 6, Transient),
        always("timeout", Reply::stall(), 6, Transient),
        once("timeout once", Reply::stall),
        bent("reset", |reply| reply.reset_after(40), Transient),
        bent("hang-up", |reply| reply.hang_up_after(40), Transient),
        bent("truncated", |reply| shorter(&reply), Malformed),
        always("HTML with 200", Reply::html(200, "<html><body>Sign in</body></html>"), 6, Malformed),
        always("nothing with 200", Reply::json(200, ""), 6, Malformed),
        cell(
            "labelled text/plain",
            Answer::Bent(|reply| Reply::text(200, reply.body())),
            0,
            None,
            Heals::Whole,
        ),
        of_one("404 of one", Reply::json(404, "{}"), NotFound, Heals::AtOnce),
        of_one("500 of one", Reply::json(500, "{}"), Transient, Heals::AtOnce),
        of_one("cut short of one", Reply::json(200, "[{"), Malformed, Heals::AtOnce),
        rows(Edit::Twice, 0, Heals::Whole),
        rows(Edit::Shuffled, 0, Heals::Whole),
    ];
    if route.is_rates() {
        cells.extend([
            rows(Edit::LastIsNull, 0, Heals::AtOnce),
            rows(Edit::LastIsZero, 0, Heals::AsTold),
            rows(Edit::FifthLastIsNegative, 0, Heals::AsTold),
        ]);
    } else {
        cells.extend([
            rows(Edit::LastIsNull, 3, Heals::AtOnce),
            refused(Edit::LastIsZero, 3, "not_positive", Heals::AtOnce),
            rows(Edit::FifthLastIsNull, 0, Heals::AtOnce),
            refused(Edit::FifthLastIsNegative, 3, "not_positive", Heals::AtOnce),
            Cell { kind: Some(Malformed), ..rows(Edit::AllAreNull, 3, Heals::AtOnce) },
        ]);
    }
    cells
}

fn limit() -> Reply {
    Reply::json(429, "{}")
}

/// As an HTTP date, which has no fractions: it is one second away at least.
fn in_two_seconds() -> String {
    (sigma_cli::system_now() + Duration::from_secs(2)).format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn shorter(reply: &Reply) -> Reply {
    reply.clone().truncated(reply.body().len() - 3)
}

pub fn polygon(payloads: &Payloads) -> Vec<Cell> {
    let of = |file: &str, code, kind| recorded(payloads, &format!("polygon/{file}"), code, kind);
    let mut cells = common(Route::Polygon, payloads);
    // A path that is not there is told in a page or a line, an unknown symbol in JSON.
    cells.extend([
        of("errors/401_unknown_key.json", 4, Auth),
        of("errors/401_missing_key.json", 4, Auth),
        of("errors/403_not_entitled.json", 4, PlanEndpoint),
        of("errors/403_timeframe.json", 4, PlanTimeframe),
        of("errors/200_not_authorized.json", 4, PlanEndpoint),
        of("errors/404_ticker.json", 3, NotFound),
        of("errors/404_path.txt", 3, BadRequest),
        of("errors/400_bad_request.json", 3, BadRequest),
        of("errors/429_rate_limit.json", 5, RateLimited),
        // Of no symbol that anybody asked for, but it is an answer with nothing in it.
        cell("empty", Answer::Bent(|reply| no_rows(&reply)), 3, Some(NoData), Heals::AtOnce),
        refused(Edit::Contradicted, 3, "duplicate_date", Heals::AtOnce),
    ]);
    cells
}

/// An aggregate answer without `results`.
fn no_rows(reply: &Reply) -> Reply {
    let mut body: serde_json::Value = serde_json::from_slice(reply.body()).unwrap();
    body.as_object_mut().unwrap().remove("results");
    Reply::json(200, body.to_string())
}

/// A session for all symbols at once; where that fails, each symbol is asked for alone.
pub fn polygon_session(payloads: &Payloads) -> Vec<Cell> {
    let of = |file: &str, code, kind| recorded(payloads, &format!("polygon/{file}"), code, kind);
    let whole = |name: &str, how| cell(name, Answer::Bent(how), 0, None, Heals::Whole);
    vec![
        of("errors/401_unknown_key.json", 4, Auth),
        of("errors/403_not_entitled.json", 4, PlanEndpoint),
        of("errors/403_timeframe.json", 4, PlanTimeframe),
        of("errors/429_rate_limit.json", 5, RateLimited),
        recorded(payloads, "common/502_bad_gateway.html", 6, Transient),
        always("timeout", Reply::stall(), 6, Transient),
        whole("only the session refused", |_| {
            Reply::json(403, r#"{"status":"NOT_AUTHORIZED","message":"no"}"#)
        }),
        whole("only the session down", |_| Reply::json(500, "{}")),
        whole("only the session cut short", |reply| shorter(&reply)),
        whole("only the session empty", |reply| no_rows(&reply)),
        rows(Edit::Twice, 0, Heals::Whole),
        refused(Edit::LastIsZero, 3, "not_positive", Heals::AtOnce),
    ]
}

pub fn fmp(payloads: &Payloads) -> Vec<Cell> {
    let of = |file: &str, code, kind| recorded(payloads, &format!("fmp/{file}"), code, kind);
    let premium = payloads.reply("fmp/errors/402_premium_symbol.txt");
    let mut cells = common(Route::Fmp, payloads);
    cells.extend([
        of("errors/401_invalid_key.json", 4, Auth),
        of("errors/402_premium_symbol.txt", 4, PlanSymbol),
        of("errors/402_restricted_endpoint.txt", 4, PlanEndpoint),
        of("errors/402_exclusive_endpoint.json", 4, PlanEndpoint),
        of("errors/403_legacy_endpoint.json", 4, PlanEndpoint),
        of("errors/429_limit_reach.json", 5, RateLimited),
        Cell { heals: Heals::AfterTheWait, ..of("errors/429_bandwidth.json", 5, QuotaExhausted) },
        of("errors/200_limit_reach.json", 5, RateLimited),
        of("stable_empty.json", 3, NoData),
        // The plan has the other symbols.
        cell("402 of one", Answer::OfOne(premium), 3, Some(PlanSymbol), Heals::AtOnce),
        refused(Edit::Contradicted, 3, "duplicate_date", Heals::AtOnce),
    ]);
    cells
}

pub fn tiingo(payloads: &Payloads) -> Vec<Cell> {
    let of = |file: &str, code, kind| recorded(payloads, &format!("tiingo/{file}"), code, kind);
    let mut cells = common(Route::Tiingo, payloads);
    cells.extend([
        of("errors/401.json", 4, Auth),
        of("errors/404.json", 3, NotFound),
        of("errors/429.json", 5, RateLimited),
        of("errors/200_ticker_error.txt", 3, NotFound),
        of("empty.json", 3, NoData),
        refused(Edit::Contradicted, 3, "duplicate_date", Heals::AtOnce),
    ]);
    cells
}

pub fn yahoo(payloads: &Payloads) -> Vec<Cell> {
    let of = |file: &str, code, kind| recorded(payloads, &format!("yahoo/{file}"), code, kind);
    let mut cells = common(Route::Yahoo, payloads);
    cells.extend([
        of("errors/401_invalid_crumb.json", 4, Auth),
        of("errors/404_not_found.json", 3, NotFound),
        of("errors/422_range.json", 3, BadRequest),
        of("errors/429.txt", 5, RateLimited),
        of("errors/crumb_429.txt", 5, RateLimited),
        of("errors/400_before_listing.json", 3, NoData),
        of("errors/200_down.html", 6, Transient),
        of("chart_weekend_no_timestamps.json", 3, NoData),
    ]);
    cells
}

pub fn fred_with_a_key(payloads: &Payloads) -> Vec<Cell> {
    let of = |file: &str, code, kind| recorded(payloads, &format!("fred/{file}"), code, kind);
    let mut cells = common(Route::FredJson, payloads);
    cells.extend([
        of("errors/400_key_format.json", 4, Auth),
        of("errors/400_key_missing.json", 4, Auth),
        of("errors/400_key_unregistered.json", 4, Auth),
        of("errors/400_series.json", 3, NotFound),
        of("errors/400_series.xml", 3, NotFound),
        of("errors/429.json", 5, RateLimited),
        of("observations_empty.json", 3, NoData),
        // The table behind the graphs stands in.
        cell("API down", Answer::At("/observations", Reply::json(503, "{}")), 0, None, Heals::Whole),
    ]);
    cells
}

pub fn fred_without_a_key(payloads: &Payloads) -> Vec<Cell> {
    let mut cells = common(Route::FredCsv, payloads);
    cells.extend([
        always("no series", Reply::html(404, "<html><body>Not Found</body></html>"), 3, NotFound),
        cell("empty", Answer::Bent(|reply| header_only(&reply)), 3, Some(NoData), Heals::AtOnce),
    ]);
    cells
}

fn header_only(reply: &Reply) -> Reply {
    let end = reply.body().iter().position(|&byte| byte == b'\n').unwrap() + 1;
    Reply::csv(200, &reply.body()[..end])
}
