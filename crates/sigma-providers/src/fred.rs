//! FRED of the Federal Reserve Bank of St. Louis: yields in percent a year, one value a day.
//!
//! # Two ways
//! With a key, JSON from `api.stlouisfed.org`; without one, the CSV behind the graphs of `fred.stlouisfed.org`. The CSV
//! also stands in, for one attempt, when the first way is down. It never stands in for a refused key: that is told.
//!
//! # Missing days
//! A holiday of the bond market is a row with `.` or with nothing: no value, and no problem. A row with anything else
//! that is no number is left out; only an answer without one readable row is malformed.
//!
//! # Errors
//! Nearly all are answered with 400, a refused key among them, so the text decides. A service that is asked too often
//! calls the key "not registered" as well: that is tried once more after a pause.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{Days, NaiveDate};
use serde::Deserialize;
use sigma_core::model::RatePoint;

use crate::ask::Ability;
use crate::fault::{Fault, FaultKind};
use crate::http::{Address, Answer, Service, Settings, Sign};
use crate::moment;

const NAME: &str = "FRED";

/// Where the interface for keys lives, and where the graphs do.
const API_HOST: &str = "api.stlouisfed.org";
const GRAPH_ADDRESS: &str = "https://fred.stlouisfed.org";

/// Largest number of rows that one answer may hold; a daily series of a hundred years has a third of it.
const LIMIT: usize = 100_000;

/// Pauses of patience before a key that is "not registered" is tried again.
const PAUSES_FOR_KEY: u32 = 120;

/// Series and days of the cheap request that tells whether the service can be used.
const PROBE_SERIES: &str = "DGS3MO";
const PROBE_DAYS: u64 = 14;

/// The service.
#[derive(Debug)]
pub struct Fred {
    /// Only with a key.
    api: Option<Box<Service>>,
    graph: Service,
}

impl Fred {
    /// `settings.sign` is `Query("api_key", ..)` or `None`. An address other than the service's own answers both ways.
    pub fn open(settings: Settings) -> Result<Fred, Fault> {
        let has_key = !matches!(settings.sign, Sign::None);
        let mut of_graph = Settings { sign: Sign::None, ..settings.clone() };
        if settings.address.host() == API_HOST {
            let parsed = Address::parse(GRAPH_ADDRESS);
            of_graph.address =
                parsed.map_err(|error| Fault::new(NAME, FaultKind::BadRequest, error.to_string()))?;
        }
        if has_key {
            of_graph.patience.retries = 0;
        }
        let api = has_key.then(|| Service::open(NAME, settings)).transpose()?.map(Box::new);
        Ok(Fred { api, graph: Service::open(NAME, of_graph)? })
    }

    /// The service that is asked first.
    pub(crate) fn service(&self) -> &Service {
        self.api.as_deref().unwrap_or(&self.graph)
    }

    /// Values of a series between two dates, both included, by ascending date.
    pub async fn yields(
        &self,
        series: &str,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<RatePoint>, Fault> {
        let Some(api) = &self.api else { return self.of_graph(series, from, to).await };
        match of_api(api, series, from, to).await {
            // The first fault says more than that of the second way.
            Err(fault) if fault.kind == FaultKind::Transient => {
                self.of_graph(series, from, to).await.map_err(|_| fault)
            }
            result => result,
        }
    }

    /// One cheap request.
    pub async fn probe(&self) -> Vec<Ability> {
        let to = moment::new_york(self.graph.data_now()).date();
        let from = to.checked_sub_days(Days::new(PROBE_DAYS)).unwrap_or(to);
        let (rates, how) = match &self.api {
            Some(api) => (of_api(api, PROBE_SERIES, from, to).await, "with a key"),
            None => (self.of_graph(PROBE_SERIES, from, to).await, "CSV without a key"),
        };
        let outcome = rates.map(|rates| match rates.last() {
            Some(rate) => format!("{PROBE_SERIES} {} % on {} ({how})", rate.percent, rate.date),
            None => format!("{PROBE_SERIES} ({how})"),
        });
        vec![Ability { name: "Treasury yields", outcome }]
    }

    async fn of_graph(&self, series: &str, from: NaiveDate, to: NaiveDate) -> Result<Vec<RatePoint>, Fault> {
        let query = [("id", series.to_owned()), ("cosd", from.to_string()), ("coed", to.to_string())];
        let request = self.graph.request(&["graph", "fredgraph.csv"], &query);
        self.graph.get(&request, |answer| read_graph(answer, series, from, to)).await
    }
}

async fn of_api(
    api: &Service,
    series: &str,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<RatePoint>, Fault> {
    let query = [
        ("series_id", series.to_owned()),
        ("file_type", "json".to_owned()),
        ("observation_start", from.to_string()),
        ("observation_end", to.to_string()),
        ("sort_order", "asc".to_owned()),
        ("limit", LIMIT.to_string()),
    ];
    let request = api.request(&["fred", "series", "observations"], &query);
    let pause = api.patience().backoff.saturating_mul(PAUSES_FOR_KEY);
    api.get(&request, |answer| read_observations(answer, from, to, pause)).await
}

#[derive(Deserialize)]
struct Body {
    count: Option<usize>,
    observations: Vec<Observation>,
}

#[derive(Deserialize)]
struct Observation {
    date: String,
    /// `.` where there is none.
    value: Option<String>,
}

fn read_observations(
    answer: &Answer,
    from: NaiveDate,
    to: NaiveDate,
    pause: Duration,
) -> Result<Vec<RatePoint>, Fault> {
    refuse(answer, pause)?;
    let body: Body = answer.json()?;
    if let Some(count) = body.count.filter(|&count| count > body.observations.len()) {
        let detail = format!("{} of {count} observations", body.observations.len());
        return Err(answer.fault(FaultKind::Malformed, detail));
    }
    let rows =
        body.observations.iter().map(|row| (row.date.as_str(), row.value.as_deref().unwrap_or_default()));
    points(answer, rows, from, to)
}

fn read_graph(
    answer: &Answer,
    series: &str,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<RatePoint>, Fault> {
    refuse(answer, Duration::ZERO)?;
    let malformed = |detail: String| answer.fault(FaultKind::Malformed, detail);
    if answer.is_html() {
        return Err(malformed("a page of HTML instead of CSV".to_owned()));
    }
    // Half a number is a number as well: a table that breaks off in a line is not believed.
    if !answer.body.ends_with(b"\n") {
        return Err(malformed(format!("the CSV is cut short: {}", answer.quote())));
    }
    let mut reader = csv::Reader::from_reader(answer.body.as_slice());
    let header = reader.headers().map_err(|error| malformed(error.to_string()))?;
    let cells: Vec<&str> = header.iter().map(str::trim).collect();
    if !matches!(cells[..], ["observation_date" | "DATE", column] if column == series) {
        return Err(malformed(format!("not the columns of {series}: {}", cells.join(","))));
    }
    let rows: Vec<csv::StringRecord> =
        reader.records().collect::<Result<_, _>>().map_err(|error| malformed(error.to_string()))?;
    let cells = rows.iter().map(|row| (row.get(0).unwrap_or_default(), row.get(1).unwrap_or_default()));
    points(answer, cells, from, to)
}

/// Rows with a value. A date that comes twice with two values has none: neither is known to be right.
fn points<'a>(
    answer: &Answer,
    rows: impl Iterator<Item = (&'a str, &'a str)>,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<RatePoint>, Fault> {
    let mut values = BTreeMap::new();
    let mut unreadable = None;
    for (date, value) in rows.map(|(date, value)| (date.trim(), value.trim())) {
        if matches!(value, "." | "") {
            continue;
        }
        let percent = value.parse::<f64>().ok().filter(|percent| percent.is_finite());
        match (date.parse::<NaiveDate>(), percent) {
            (Ok(date), Some(percent)) if (from..=to).contains(&date) => {
                let known = values.entry(date).or_insert(Some(percent));
                *known = known.filter(|known| *known == percent);
            }
            (Ok(_), Some(_)) => {}
            _ => unreadable = Some(format!("no row can be read, such as \"{date}\", \"{value}\"")),
        }
    }
    let point = |(date, percent): (NaiveDate, Option<f64>)| Some(RatePoint { date, percent: percent? });
    let points: Vec<RatePoint> = values.into_iter().filter_map(point).collect();
    match unreadable {
        _ if !points.is_empty() => Ok(points),
        Some(detail) => Err(answer.fault(FaultKind::Malformed, detail)),
        None => Err(answer.fault(FaultKind::NoData, format!("no value from {from} to {to}"))),
    }
}

/// Classifies an answer that is an error: by the text where there is one, else by the status.
fn refuse(answer: &Answer, pause: Duration) -> Result<(), Fault> {
    if answer.status == 429 || answer.status >= 500 {
        return answer.fault_by_status().map_or(Ok(()), Err);
    }
    let Some(message) = error_message(answer) else {
        return answer.fault_by_status().map_or(Ok(()), Err);
    };
    let said = message.to_ascii_lowercase();
    let kind = if said.contains("too many requests") {
        FaultKind::RateLimited
    } else if said.contains("api_key") {
        FaultKind::Auth
    } else if said.contains("series does not exist") {
        FaultKind::NotFound
    } else {
        answer.fault_by_status().map_or(FaultKind::BadRequest, |fault| fault.kind)
    };
    let mut fault = answer.fault(kind, message.trim());
    if kind == FaultKind::Auth && said.contains("not registered") {
        fault.retry_after = fault.retry_after.or(Some(pause));
    }
    Err(fault)
}

/// `error_message` of the JSON or `message` of the XML that the service falls back to.
fn error_message(answer: &Answer) -> Option<String> {
    #[derive(Deserialize)]
    struct Refusal {
        error_message: String,
    }
    if let Ok(refusal) = serde_json::from_slice::<Refusal>(&answer.body) {
        return Some(one_line(&refusal.error_message));
    }
    let text = answer.text();
    let element = &text[text.find("<error ")?..];
    let (_, value) = element.split_once("message=\"")?;
    Some(one_line(value.split_once('"')?.0))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
