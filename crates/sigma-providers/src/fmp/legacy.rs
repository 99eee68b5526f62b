//! The shapes of `/api/v3`, which answers only keys made before September 2025.
//!
//! | asked for | answered |
//! |---|---|
//! | one symbol | `{"symbol": .., "historical": [..]}` |
//! | several | `{"historicalStockList": [{"symbol": .., "historical": [..]}, ..]}` |
//! | nothing known | `{}` |
//!
//! Prices, splits and dividends share them. Closes are adjusted for splits, `adjClose` for dividends as well.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::fault::{Fault, FaultKind};
use crate::http::Answer;

/// The rows of one symbol.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
pub struct History<T> {
    pub symbol: String,
    pub historical: Vec<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound = "T: DeserializeOwned")]
struct Several<T> {
    historical_stock_list: Vec<History<T>>,
}

/// Reads the histories of an answer, in its order.
pub fn histories<T: DeserializeOwned>(answer: &Answer) -> Result<Vec<History<T>>, Fault> {
    match answer.json::<Value>()? {
        Value::Array(rows) if rows.is_empty() => Ok(Vec::new()),
        Value::Object(object) if object.is_empty() => Ok(Vec::new()),
        Value::Object(object) if object.contains_key("historicalStockList") => {
            Ok(answer.json::<Several<T>>()?.historical_stock_list)
        }
        Value::Object(object) if object.contains_key("historical") => Ok(vec![answer.json()?]),
        _ => Err(answer.fault(FaultKind::Malformed, "neither `historical` nor `historicalStockList`")),
    }
}

/// The rows of one symbol in the shape of either interface: an array, or a history.
pub(super) fn rows<T: DeserializeOwned>(
    answer: &Answer,
    spelled: &str,
    is_legacy: bool,
) -> Result<Vec<T>, Fault> {
    if !is_legacy {
        return answer.json();
    }
    let all = histories(answer)?.into_iter();
    let of_symbol = all.filter(|history: &History<T>| history.symbol.eq_ignore_ascii_case(spelled));
    Ok(of_symbol.flat_map(|history| history.historical).collect())
}
