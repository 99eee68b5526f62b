//! Reads the golden tables.

use std::collections::HashMap;

/// Rows of a fixture, each a map from column name to text.
pub fn table(name: &str) -> Vec<HashMap<String, String>> {
    let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(|row| row.unwrap()).collect()
}

/// A cell as a number; blank and nan are missing.
pub fn number(row: &HashMap<String, String>, column: &str) -> Option<f64> {
    Some(row[column].as_str())
        .filter(|text| !text.is_empty() && *text != "nan")
        .map(|text| text.parse().unwrap())
}

/// A wide table of numbers: the first column's texts, the other columns' names, and their values by column.
pub struct Wide {
    pub keys: Vec<String>,
    pub names: Vec<String>,
    pub columns: Vec<Vec<Option<f64>>>,
}

impl Wide {
    pub fn read(name: &str) -> Wide {
        let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
        let mut reader = csv::Reader::from_path(path).unwrap();
        let names: Vec<String> = reader.headers().unwrap().iter().skip(1).map(str::to_owned).collect();
        let mut wide = Wide { keys: vec![], columns: vec![vec![]; names.len()], names };
        for row in reader.records().map(|r| r.unwrap()) {
            wide.keys.push(row[0].to_owned());
            for (column, text) in wide.columns.iter_mut().zip(row.iter().skip(1)) {
                column.push(Some(text).filter(|t| !t.is_empty()).map(|t| t.parse().unwrap()));
            }
        }
        wide
    }

    pub fn column(&self, name: &str) -> &[Option<f64>] {
        let at = self.names.iter().position(|n| n == name).unwrap();
        &self.columns[at]
    }
}

/// Simple returns of the price fixture.
pub struct Returns {
    prices: Wide,
}

impl Returns {
    pub fn read() -> Returns {
        Returns { prices: Wide::read("prices_real_dev.csv") }
    }

    pub fn names(&self) -> &[String] {
        &self.prices.names
    }

    /// The last `window` returns up to and with `end`.
    pub fn window(&self, name: &str, end: &str, window: usize) -> Vec<f64> {
        let prices = self.prices.column(name);
        let last = self.prices.keys.iter().rposition(|d| d.as_str() <= end).unwrap();
        (last + 1 - window..=last).map(|t| prices[t].unwrap() / prices[t - 1].unwrap() - 1.0).collect()
    }
}

/// The largest error met, with its place, for the assertion's message.
#[derive(Debug, Default)]
pub struct Worst {
    pub error: f64,
    pub place: String,
    pub compared: usize,
}

impl Worst {
    /// Notes `|got - truth| / scale`.
    pub fn note(&mut self, got: f64, truth: f64, scale: f64, place: impl FnOnce() -> String) {
        let error = (got - truth).abs() / scale;
        self.compared += 1;
        if error.is_nan() || error > self.error {
            self.error = error;
            self.place = format!("{}: {got:e} against {truth:e}", place());
        }
    }

    #[track_caller]
    pub fn below(&self, limit: f64) {
        assert!(self.compared > 0);
        assert!(self.error <= limit, "{self:?}");
    }
}
