//! Rows of an answer of any provider, so that one fault can be put into all of them.

use serde_json::{Value, json};
use sigma_testkit::fake::{Reply, Request};

use crate::fixture::AS_OF;

/// How data comes in: a provider, and the question that it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// The bars of a symbol.
    Polygon,
    /// The bars of a session.
    PolygonSession,
    Fmp,
    Tiingo,
    Yahoo,
    /// With a key.
    FredJson,
    /// Without one.
    FredCsv,
}

impl Route {
    pub fn name(self) -> &'static str {
        match self {
            Route::Polygon | Route::PolygonSession => "polygon",
            Route::Fmp => "fmp",
            Route::Tiingo => "tiingo",
            Route::Yahoo => "yahoo",
            Route::FredJson | Route::FredCsv => "fred",
        }
    }

    pub fn is_rates(self) -> bool {
        matches!(self, Route::FredJson | Route::FredCsv)
    }

    /// The symbol or series whose rows are spoilt.
    pub fn subject(self) -> &'static str {
        if self.is_rates() { "DGS10" } else { "S000" }
    }

    /// Whether a request asks for prices or yields.
    pub fn is_data(self, request: &Request) -> bool {
        let has = |part: &str| request.path.contains(part);
        match self {
            Route::Polygon => has("/aggs/ticker/"),
            Route::PolygonSession => has("/aggs/grouped/"),
            Route::Fmp => has("/historical-price-eod/"),
            Route::Tiingo | Route::Yahoo | Route::FredJson | Route::FredCsv => true,
        }
    }

    /// Whether the answer holds rows of the subject; of sessions, the last one is spoilt, and those before it come again.
    pub fn is_of_subject(self, request: &Request) -> bool {
        let is_met = match self {
            Route::PolygonSession => request.path.ends_with(AS_OF),
            _ => request.target.contains(self.subject()),
        };
        self.is_data(request) && is_met
    }

    /// The fields of a row that tell its date and its close.
    fn fields(self) -> (&'static str, &'static str) {
        match self {
            Route::Polygon | Route::PolygonSession => ("t", "c"),
            Route::Fmp | Route::Tiingo | Route::Yahoo => ("date", "close"),
            Route::FredJson | Route::FredCsv => ("date", "value"),
        }
    }

    /// A number as the rows of this provider hold it.
    fn number(self, number: f64) -> Value {
        if self.is_rates() { json!(number.to_string()) } else { json!(number) }
    }
}

/// What is wrong with rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// Every row stands there twice.
    Twice,
    /// The rows come in no order.
    Shuffled,
    /// The last session has a second row with another close.
    Contradicted,
    /// The last session has no close.
    LastIsNull,
    FifthLastIsNull,
    /// No session has a close.
    AllAreNull,
    LastIsZero,
    FifthLastIsNegative,
}

/// A good answer with this edit.
pub fn edited(route: Route, reply: &Reply, edit: Edit) -> Reply {
    let (date, close) = route.fields();
    let mut rows = rows_of(route, reply.body());
    rows.sort_by_key(|row| row[date].to_string());
    let last = rows.len() - 1;
    match edit {
        Edit::Twice => rows = rows.iter().flat_map(|row| [row.clone(), row.clone()]).collect(),
        Edit::Shuffled => {
            rows.sort_by_cached_key(|row| row[date].to_string().chars().rev().collect::<String>())
        }
        Edit::Contradicted => {
            let mut other = rows[last].clone();
            other[close] = json!(other[close].as_f64().unwrap() + 0.01);
            rows.push(other);
        }
        Edit::LastIsNull => rows[last][close] = Value::Null,
        Edit::FifthLastIsNull => rows[last - 4][close] = Value::Null,
        Edit::AllAreNull => rows.iter_mut().for_each(|row| row[close] = Value::Null),
        Edit::LastIsZero => rows[last][close] = route.number(0.0),
        Edit::FifthLastIsNegative => rows[last - 4][close] = route.number(-5.0),
    }
    let kind = if route == Route::FredCsv { "text/csv" } else { "application/json" };
    Reply::bytes(200, kind, body_with(route, reply.body(), rows))
}

fn parsed(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().unwrap().clone()
}

const COLUMNS: [&str; 5] = ["open", "high", "low", "close", "volume"];

fn rows_of(route: Route, body: &[u8]) -> Vec<Value> {
    match route {
        Route::Polygon | Route::PolygonSession => {
            let rows = list(&parsed(body)["results"]);
            let is_wanted = |row: &Value| row["T"].as_str().is_none_or(|symbol| symbol == route.subject());
            rows.into_iter().filter(is_wanted).collect()
        }
        Route::Fmp | Route::Tiingo => list(&parsed(body)),
        Route::FredJson => list(&parsed(body)["observations"]),
        Route::FredCsv => {
            let text = std::str::from_utf8(body).unwrap();
            let cells = text.lines().skip(1).filter_map(|line| line.split_once(','));
            cells.map(|(date, value)| json!({ "date": date, "value": value })).collect()
        }
        Route::Yahoo => {
            let body = parsed(body);
            let chart = &body["chart"]["result"][0];
            let quote = &chart["indicators"]["quote"][0];
            let row = |(i, stamp): (usize, &Value)| {
                let mut row = json!({ "date": stamp });
                COLUMNS.iter().for_each(|name| row[*name] = quote[*name][i].clone());
                row["adjclose"] = chart["indicators"]["adjclose"][0]["adjclose"][i].clone();
                row
            };
            list(&chart["timestamp"]).iter().enumerate().map(row).collect()
        }
    }
}

fn body_with(route: Route, body: &[u8], rows: Vec<Value>) -> String {
    match route {
        Route::Fmp | Route::Tiingo => Value::Array(rows).to_string(),
        Route::Polygon => {
            let mut body = parsed(body);
            body["results"] = Value::Array(rows);
            body.to_string()
        }
        Route::PolygonSession => {
            let mut body = parsed(body);
            let others = list(&body["results"]).into_iter().filter(|row| row["T"] != route.subject());
            body["results"] = others.chain(rows).collect();
            body.to_string()
        }
        Route::FredJson => {
            let mut body = parsed(body);
            body["count"] = json!(rows.len());
            body["observations"] = Value::Array(rows);
            body.to_string()
        }
        Route::FredCsv => {
            let head = std::str::from_utf8(body).unwrap().lines().next().unwrap();
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let lines = rows.iter().map(|row| format!("{},{}\n", text(&row["date"]), text(&row["value"])));
            format!("{head}\n{}", lines.collect::<String>())
        }
        Route::Yahoo => {
            let mut body = parsed(body);
            let chart = &mut body["chart"]["result"][0];
            let column = |name: &str| rows.iter().map(|row| row[name].clone()).collect::<Value>();
            chart["timestamp"] = column("date");
            for name in COLUMNS {
                chart["indicators"]["quote"][0][name] = column(name);
            }
            chart["indicators"]["adjclose"][0]["adjclose"] = column("adjclose");
            body.to_string()
        }
    }
}
