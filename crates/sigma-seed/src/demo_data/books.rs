//! `demo_portfolios.csv` and `demo_positions.csv`.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use chrono::NaiveDate;
use sigma_core::model::{OptionKind, parse_occ, slug_of};

use super::FileError;
use super::table::{self, Row};
use crate::decimal::{Decimal, parse_price, parse_quantity};
use crate::symbols::canonical;

/// A portfolio and its owner.
#[derive(Debug, Clone, PartialEq)]
pub struct DemoPortfolio {
    pub slug: String,
    pub user_email: String,
    pub user_name: String,
    pub name: String,
    pub opened_on: NaiveDate,
    pub opening_cash_usd: f64,
}

/// One lot.
#[derive(Debug, Clone, PartialEq)]
pub struct DemoPosition {
    /// Slug of the portfolio.
    pub portfolio: String,
    pub symbol: String,
    /// Signed: negative is short.
    pub quantity: f64,
    pub entry_price: f64,
    pub entry_date: NaiveDate,
    /// Number among the lots of the same portfolio, symbol and date, from 1.
    pub lot: i32,
    /// Underlying of an option, where the file names it.
    pub underlying: Option<String>,
    pub tags: Vec<String>,
}

impl DemoPosition {
    /// Quantity times entry price times the units a contract stands for: 100 for options.
    pub fn entry_value_usd(&self) -> f64 {
        let multiplier = if parse_occ(&self.symbol).is_some() { 100.0 } else { 1.0 };
        self.quantity * self.entry_price * multiplier
    }
}

/// Reads the portfolios; slugs must be unique.
pub fn read_portfolios(path: &Path, warnings: &mut Vec<String>) -> Result<Vec<DemoPortfolio>, FileError> {
    let columns = ["slug", "user_email", "user_name", "portfolio_name", "opened_on", "opening_cash"];
    let mut seen = HashSet::new();
    table::read(path, &columns, |row| {
        let slug = row.needed("slug")?.to_owned();
        if slug_of(&slug) != slug {
            let problem = format!("\"{slug}\" is not a slug");
            return Err(row.error(problem, format!("write it like {}", slug_of(&slug))));
        }
        if !seen.insert(slug.clone()) {
            return Err(
                row.error(format!("the slug {slug} stands here a second time"), "rename one of the two")
            );
        }
        Ok(DemoPortfolio {
            slug,
            user_email: row.needed("user_email")?.to_owned(),
            user_name: row.needed("user_name")?.to_owned(),
            name: row.needed("portfolio_name")?.to_owned(),
            opened_on: row.date("opened_on")?,
            opening_cash_usd: row.number("opening_cash", Decimal::parse, warnings)?,
        })
    })
}

/// Reads the positions; what the row says of the option must agree with its symbol.
pub fn read_positions(
    path: &Path,
    portfolios: &[DemoPortfolio],
    warnings: &mut Vec<String>,
) -> Result<Vec<DemoPosition>, FileError> {
    let columns = ["portfolio", "symbol", "quantity", "entry_price", "entry_date"];
    let mut lots: HashMap<(String, String, NaiveDate), i32> = HashMap::new();
    table::read(path, &columns, |row| {
        let portfolio = row.needed("portfolio")?.to_owned();
        if portfolios.iter().all(|known| known.slug != portfolio) {
            let known: Vec<&str> = portfolios.iter().map(|known| known.slug.as_str()).collect();
            let problem = format!("there is no portfolio \"{portfolio}\" in demo_portfolios.csv");
            return Err(row.error(problem, format!("use one of: {}", known.join(", "))));
        }
        let symbol = canonical(row.needed("symbol")?)
            .map_err(|error| row.error(error.to_string(), "write option symbols like SPY250919C00460000"))?;
        let quantity = row.number("quantity", parse_quantity, warnings)?;
        check_type(row, &symbol, quantity)?;
        check_terms(row, &symbol)?;
        let entry_date = row.date("entry_date")?;
        let lot = lots.entry((portfolio.clone(), symbol.clone(), entry_date)).or_default();
        *lot += 1;
        Ok(DemoPosition {
            portfolio,
            quantity,
            entry_price: row.number("entry_price", parse_price, warnings)?,
            entry_date,
            lot: *lot,
            underlying: parse_occ(&symbol).and(row.text("underlying")).map(str::to_owned),
            tags: tags(row),
            symbol,
        })
    })
}

fn tags(row: &Row<'_>) -> Vec<String> {
    let tags = row.text("tags").unwrap_or_default().split(';').map(str::trim);
    tags.filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
}

/// `position_type` says again what quantity and symbol say: the three must agree.
fn check_type(row: &Row<'_>, symbol: &str, quantity: f64) -> Result<(), FileError> {
    let Some(stated) = row.text("position_type") else { return Ok(()) };
    let actual = match (parse_occ(symbol).map(|occ| occ.kind), quantity > 0.0) {
        (None, true) => "LONG",
        (None, false) => "SHORT",
        (Some(OptionKind::Call), true) => "LC",
        (Some(OptionKind::Put), true) => "LP",
        (Some(OptionKind::Call), false) => "SC",
        (Some(OptionKind::Put), false) => "SP",
    };
    match stated == actual {
        true => Ok(()),
        false => Err(row.error(
            format!("`position_type` is {stated}, but {quantity} of {symbol} is {actual}"),
            "shorts have a negative quantity; correct the quantity, the symbol or the type",
        )),
    }
}

fn check_terms(row: &Row<'_>, symbol: &str) -> Result<(), FileError> {
    let Some(occ) = parse_occ(symbol) else { return Ok(()) };
    let right = if occ.kind == OptionKind::Call { "C" } else { "P" };
    let strike = row.text("strike").map(|text| text.parse::<f64>() == Ok(occ.strike));
    let expiry = row.text("expiry").map(|text| text == occ.expiry.to_string());
    let kind = row.text("option_type").map(|text| text == right);
    let differing = [("strike", strike), ("expiry", expiry), ("option_type", kind)];
    match differing.iter().find(|(_, agrees)| *agrees == Some(false)) {
        None => Ok(()),
        Some((column, _)) => Err(row.error(
            format!(
                "`{column}` is {}, which is not what {symbol} says",
                row.text(column).unwrap_or_default()
            ),
            format!("correct the symbol or leave `{column}` blank"),
        )),
    }
}
