//! Paths of FRED: the interface with a key, and the graph page's CSV without.

use serde_json::json;

use super::{Exchange, date};
use crate::fake::market::fred as body;
use crate::fake::{Reply, Request};

pub(super) fn reply(exchange: &Exchange, request: &Request) -> Reply {
    match request.path.as_str() {
        "/fred/series/observations" => observations(exchange, request),
        "/graph/fredgraph.csv" => graph(exchange, request),
        _ => Reply::html(404, "<html><body><h1>Not Found</h1></body></html>"),
    }
}

fn observations(exchange: &Exchange, request: &Request) -> Reply {
    let (start, end) = (date(request, "observation_start"), date(request, "observation_end"));
    let series = request.query("series_id").unwrap_or_default();
    let Some(rows) = exchange.observations(series, exchange.window(start, end)) else {
        return failure("The series does not exist.");
    };
    if request.query("file_type") != Some("json") {
        let empty = r#"<?xml version="1.0" encoding="utf-8" ?><observations count="0"></observations>"#;
        return Reply::bytes(200, "text/xml", empty);
    }
    if request.query("sort_order") == Some("desc") {
        return Reply::text(501, "this fake sorts upwards only");
    }
    Reply::json(200, body::observations(rows, start, end))
}

fn graph(exchange: &Exchange, request: &Request) -> Reply {
    let window = exchange.window(date(request, "cosd"), date(request, "coed"));
    let ids = request.query("id").unwrap_or_default().split(',');
    let columns: Option<Vec<_>> =
        ids.map(|id| exchange.observations(id, window).map(|rows| (id, rows.to_vec()))).collect();
    match columns {
        Some(columns) => Reply::csv(200, body::graph_csv(&columns)),
        None => Reply::html(404, "<html><body><h1>Not Found</h1></body></html>"),
    }
}

pub(super) fn unknown_key(given: bool) -> Reply {
    failure(if given {
        "The value for variable api_key is not registered.  Read \
         https://fred.stlouisfed.org/docs/api/api_key.html for more information."
    } else {
        "Variable api_key is not set.  Read https://fred.stlouisfed.org/docs/api/api_key.html for more \
         information."
    })
}

/// A refused key is a bad request here, too.
fn failure(text: &str) -> Reply {
    let body = json!({ "error_code": 400, "error_message": format!("Bad Request.  {text}") });
    Reply::json(400, body.to_string())
}
