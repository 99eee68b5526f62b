//! Bodies of FRED: values in percent, missing ones as a full stop.

use std::fmt::Write;

use chrono::NaiveDate;
use serde_json::{Value, json};

/// A day and its value; a holiday has a row without one.
pub type Observation = (NaiveDate, Option<f64>);

/// `/fred/series/observations` with `file_type=json`: every value is a string; rows oldest first.
pub fn observations(rows: &[Observation], start: Option<NaiveDate>, end: Option<NaiveDate>) -> String {
    let today = rows.last().map(|(date, _)| *date);
    let row = |&(date, value): &Observation| json!({ "realtime_start": today, "realtime_end": today, "date": date, "value": written(value) });
    json!({
        "realtime_start": today,
        "realtime_end": today,
        "observation_start": start.map_or("1600-01-01".to_owned(), |date| date.to_string()),
        "observation_end": end.map_or("9999-12-31".to_owned(), |date| date.to_string()),
        "units": "lin",
        "output_type": 1,
        "file_type": "json",
        "order_by": "observation_date",
        "sort_order": "asc",
        "count": rows.len(),
        "offset": 0,
        "limit": 100_000,
        "observations": rows.iter().map(row).collect::<Vec<Value>>(),
    })
    .to_string()
}

/// `/graph/fredgraph.csv`: one column a series, one line for each day of any of them.
pub fn graph_csv(columns: &[(&str, Vec<Observation>)]) -> String {
    let mut out = "observation_date".to_owned();
    for (series, _) in columns {
        let _ = write!(out, ",{series}");
    }
    out.push('\n');
    let dates: std::collections::BTreeSet<NaiveDate> =
        columns.iter().flat_map(|(_, rows)| rows.iter().map(|(date, _)| *date)).collect();
    for date in dates {
        let _ = write!(out, "{date}");
        for (_, rows) in columns {
            let value = rows.iter().find(|(day, _)| *day == date).and_then(|(_, value)| *value);
            let _ = write!(out, ",{}", written(value));
        }
        out.push('\n');
    }
    out
}

fn written(value: Option<f64>) -> String {
    value.map_or(".".to_owned(), |value| format!("{value:.2}"))
}
