//! Listed option contracts.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde_json::Value;
use sigma_core::model::{ExerciseStyle, OccSymbol, OptionKind, parse_occ};

use super::options::chain_query;
use super::paging;
use super::row::Row;
use crate::ask::Contract;
use crate::fault::Fault;
use crate::http::Service;
use crate::symbols::{Dialect, canonical};

/// The contracts of an underlying, with what is wrong with the rows that are none.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ContractList {
    pub contracts: Vec<Contract>,
    pub problems: Vec<String>,
}

/// Here an index underlying is spelled without its prefix.
pub(super) async fn fetch(
    service: &Service,
    underlying: &str,
    as_of: NaiveDate,
) -> Result<ContractList, Fault> {
    let query = [
        ("underlying_ticker", underlying.to_owned()),
        ("as_of", as_of.to_string()),
        ("limit", "1000".into()),
    ];
    let request = service.request(&["v3", "reference", "options", "contracts"], &query);
    Ok(parse(&paging::plain_rows(service, request).await?))
}

/// The terms of given contracts of one underlying: one request for each expiry.
pub(super) async fn terms(
    service: &Service,
    underlying: &str,
    contracts: &[String],
    as_of: NaiveDate,
) -> Result<ContractList, Fault> {
    let wanted: Vec<OccSymbol> = contracts.iter().filter_map(|symbol| parse_occ(symbol)).collect();
    let expiries: BTreeSet<NaiveDate> = wanted.iter().map(|occ| occ.expiry).collect();
    let mut found = ContractList::default();
    for expiry in expiries {
        let mut query = vec![("underlying_ticker", underlying.to_owned()), ("as_of", as_of.to_string())];
        query.extend(chain_query(wanted.iter().filter(|occ| occ.expiry == expiry), expiry));
        let request = service.request(&["v3", "reference", "options", "contracts"], &query);
        let list = parse(&paging::plain_rows(service, request).await?);
        found.contracts.extend(list.contracts.into_iter().filter(|known| contracts.contains(&known.symbol)));
        found.problems.extend(list.problems);
    }
    Ok(found)
}

fn parse(rows: &[Value]) -> ContractList {
    let mut list = ContractList::default();
    for row in rows.iter().map(Row) {
        match contract(row) {
            Ok(contract) => list.contracts.push(contract),
            Err(problem) => {
                list.problems.push(format!("{}: {problem}", row.text("ticker").unwrap_or("a contract")));
            }
        }
    }
    list
}

fn contract(row: Row<'_>) -> Result<Contract, String> {
    let symbol = canonical(row.text("ticker").ok_or("no symbol")?, Dialect::Polygon);
    let occ = parse_occ(&symbol).ok_or("not an option symbol")?;
    let kind = match row.text("contract_type") {
        Some("call") => OptionKind::Call,
        Some("put") => OptionKind::Put,
        other => return Err(format!("{} is neither a call nor a put", other.unwrap_or("it"))),
    };
    let style = match row.text("exercise_style") {
        Some("american") => ExerciseStyle::American,
        Some("european") => ExerciseStyle::European,
        other => return Err(format!("exercise style {} is not valued", other.unwrap_or("unknown"))),
    };
    let strike = row.above_zero("strike_price").ok_or("no strike")?;
    let expiry = row.date("expiration_date").ok_or("no expiration date")?;
    if kind != occ.kind || expiry != occ.expiry || (strike - occ.strike).abs() > 0.0005 {
        return Err(format!("its terms are {} {strike} of {expiry}, not those of its symbol", kind.as_str()));
    }
    Ok(Contract {
        symbol,
        underlying: canonical(row.text("underlying_ticker").ok_or("no underlying")?, Dialect::Polygon),
        kind,
        strike,
        expiry,
        style,
        multiplier: row.above_zero("shares_per_contract").ok_or("no shares per contract")?,
        is_standard: row.list("additional_underlyings").is_empty(),
    })
}
