//! What a symbol is: details, its end and its changes of name. And when the exchange is closed.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde_json::Value;
use sigma_core::model::InstrumentKind;

use super::fault::read;
use super::row::Row;
use crate::Security;
use crate::fault::{Fault, FaultKind};
use crate::http::Service;
use crate::moment::new_york;
use crate::symbols::{Dialect, Rename, canonical, spell};

/// A day on which the New York Stock Exchange is closed or closes early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closure {
    pub date: NaiveDate,
    /// `Thanksgiving`.
    pub name: Option<String>,
    /// The whole day.
    pub is_closed: bool,
    /// On the wall of the exchange, of an early close.
    pub closes_at: Option<NaiveTime>,
}

#[derive(serde::Deserialize)]
struct One {
    results: Value,
}

pub(super) async fn profile(service: &Service, symbol: &str) -> Result<Security, Fault> {
    let spelled = spell(symbol, None, Dialect::Polygon);
    let request = service.request(&["v3", "reference", "tickers", &spelled], &[]);
    let details = service.get(&request, |answer| {
        let one: One = read(answer)?;
        match Row(&one.results).text("ticker") {
            Some(ticker) if ticker == spelled => Ok(parse_profile(Row(&one.results), symbol)),
            other => {
                let other = other.unwrap_or("no symbol");
                Err(answer
                    .fault(FaultKind::Malformed, format!("{spelled} was asked for, and {other} answered")))
            }
        }
    });
    match details.await {
        Err(mut fault) if fault.kind == FaultKind::NotFound => {
            if let Ok(Some(end)) = end_of(service, &spelled).await {
                fault.detail = told(service, symbol, end).await;
            }
            Err(fault)
        }
        other => other,
    }
}

/// How a symbol ended.
struct End {
    date: NaiveDate,
    /// Of the security, whatever its symbol is.
    figi: Option<String>,
}

/// The last end of a symbol that no longer trades.
async fn end_of(service: &Service, spelled: &str) -> Result<Option<End>, Fault> {
    let query = [("ticker", spelled.to_owned()), ("active", "false".into()), ("limit", "100".into())];
    let request = service.request(&["v3", "reference", "tickers"], &query);
    // One page: more rows than a symbol had owners are not asked for.
    let rows = service.get(&request, read::<One>).await?.results;
    let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
    let own = rows.iter().map(Row).filter(|row| row.text("ticker") == Some(spelled));
    let end = |row: Row<'_>| {
        let figi = row.text("composite_figi").map(str::to_owned);
        Some(End { date: delisting_date(row.text("delisted_utc")?)?, figi })
    };
    Ok(own.filter_map(end).max_by_key(|end| end.date))
}

/// What became of a symbol. A symbol only finds events of who has it now, hence the search by the security's number.
async fn told(service: &Service, symbol: &str, end: End) -> String {
    let changes = match &end.figi {
        Some(figi) => events(service, figi).await.unwrap_or_default(),
        None => Vec::new(),
    };
    let last = changes.last().filter(|last| last.new != symbol && changes.iter().any(|c| c.old == symbol));
    match last {
        Some(last) => format!("{symbol} trades as {} since {}", last.new, last.date),
        None => format!("{symbol} was delisted on {}", end.date),
    }
}

/// A midnight of Greenwich is a date without a time; any other moment has its date in New York.
fn delisting_date(text: &str) -> Option<NaiveDate> {
    let at = DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc);
    match at.time() == NaiveTime::MIN {
        true => Some(at.date_naive()),
        false => Some(new_york(at).date()),
    }
}

fn parse_profile(row: Row<'_>, symbol: &str) -> Security {
    let text = |name| row.text(name).map(str::to_owned);
    Security {
        name: text("name"),
        kind: kind_of(row),
        // Sectors of the industry classification of the SEC are not those that portfolios are sorted by.
        sector: None,
        industry: row.text("sic_description").map(title_case),
        exchange: text("primary_exchange"),
        country: row.text("locale").filter(|locale| *locale == "us").map(str::to_ascii_uppercase),
        currency: row.text("currency_name").filter(|name| is_code(name)).map(str::to_ascii_uppercase),
        market_cap: row.above_zero("market_cap"),
        ..Security::of_symbol(symbol)
    }
}

fn is_code(currency: &str) -> bool {
    currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_alphabetic())
}

/// Closed-end funds, units, rights and warrants are none of the kinds, and stay unknown.
fn kind_of(row: Row<'_>) -> Option<InstrumentKind> {
    match row.text("type") {
        Some("CS" | "ADRC" | "ADRP" | "ADRR" | "GDR" | "OS" | "NYRS" | "PFD") => Some(InstrumentKind::Stock),
        Some("ETF" | "ETN" | "ETV" | "ETS") => Some(InstrumentKind::Etf),
        _ if row.text("market") == Some("indices") => Some(InstrumentKind::Index),
        _ => None,
    }
}

/// `SERVICES-PREPACKAGED SOFTWARE` as `Services-Prepackaged Software`; what has small letters stays as it is.
fn title_case(text: &str) -> String {
    if text.chars().any(char::is_lowercase) {
        return text.to_owned();
    }
    let mut is_inside = false;
    let letter = |c: char| {
        let letter = if is_inside { c.to_ascii_lowercase() } else { c };
        is_inside = c.is_alphabetic() || c == '\'';
        letter
    };
    let titled: String = text.chars().map(letter).collect();
    [" And ", " Of ", " For ", " The ", " In "]
        .iter()
        .fold(titled, |titled, word| titled.replace(word, &word.to_ascii_lowercase()))
}

pub(super) async fn renames(service: &Service, symbol: &str) -> Result<Vec<Rename>, Fault> {
    events(service, &spell(symbol, None, Dialect::Polygon)).await
}

async fn events(service: &Service, id: &str) -> Result<Vec<Rename>, Fault> {
    let query = [("types", "ticker_change".to_owned())];
    let request = service.request(&["vX", "reference", "tickers", id, "events"], &query);
    Ok(parse_renames(Row(&service.get(&request, read::<One>).await?.results)))
}

/// Each event names the symbol that holds from its date on.
fn parse_renames(row: Row<'_>) -> Vec<Rename> {
    let events = row.list("events").iter().map(Row);
    let mut names: Vec<(NaiveDate, String)> = events
        .filter(|event| event.text("type") == Some("ticker_change"))
        .filter_map(|event| {
            let ticker = event.object("ticker_change").text("ticker")?;
            Some((event.date("date")?, canonical(ticker, Dialect::Polygon)))
        })
        .collect();
    names.sort();
    names.dedup_by(|later, earlier| later.1 == earlier.1);
    let change = |pair: &[(NaiveDate, String)]| Rename {
        old: pair[0].1.clone(),
        new: pair[1].1.clone(),
        date: pair[1].0,
    };
    names.windows(2).map(change).collect()
}

pub(super) async fn closures(service: &Service) -> Result<Vec<Closure>, Fault> {
    let request = service.request(&["v1", "marketstatus", "upcoming"], &[]);
    let rows: Vec<Value> = service.get(&request, read).await?;
    Ok(rows.iter().map(Row).filter_map(closure).collect())
}

fn closure(row: Row<'_>) -> Option<Closure> {
    row.text("exchange").filter(|exchange| *exchange == "NYSE")?;
    let is_closed = match row.text("status")? {
        "closed" => true,
        "early-close" => false,
        _ => return None,
    };
    let at = |text| DateTime::parse_from_rfc3339(text).ok().map(|at| new_york(at.with_timezone(&Utc)).time());
    let closes_at = row.text("close").filter(|_| !is_closed).and_then(at);
    Some(Closure { date: row.date("date")?, name: row.text("name").map(str::to_owned), is_closed, closes_at })
}
