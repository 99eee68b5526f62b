//! Refused bars of sessions that have a bar: nothing is missing there, and nothing is left to decide.
//!
//! A provider corrects a bad bar, or the next one has a good one; the refused bar stays in quarantine as a record of what
//! came. To accept it then would put it in the place of the good one, and no later run would bring that back.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use sigma_cli::store_error;
use sigma_core::model::PriceBar;
use sigma_store::{QuarantineStatus, QuarantinedBar, Store};

/// The daily bars that are stored for the sessions of refused ones, by symbol and date.
#[derive(Debug, Clone, Default)]
pub struct Superseding(HashMap<(String, NaiveDate), PriceBar>);

impl Superseding {
    /// Looks for the sessions of these rows.
    pub async fn of(store: &mut Store, rows: &[QuarantinedBar]) -> anyhow::Result<Superseding> {
        let dates: BTreeSet<NaiveDate> = rows.iter().map(|row| row.date).collect();
        let (Some(&first), Some(&last)) = (dates.first(), dates.last()) else {
            return Ok(Superseding::default());
        };
        let symbols: BTreeSet<String> = rows.iter().map(|row| row.symbol.clone()).collect();
        let symbols: Vec<String> = symbols.into_iter().collect();
        let instruments = store.instruments_by_symbol(&symbols).await.map_err(store_error)?;
        let ids: Vec<i64> = instruments.iter().map(|instrument| instrument.id).collect();
        let mut histories = store.price_histories(&ids, first, last).await.map_err(store_error)?;
        let mut bars = HashMap::new();
        for instrument in &instruments {
            let history = histories.remove(&instrument.id).unwrap_or_default();
            // A last price only stands in until there is a bar.
            let daily = history.bars.into_iter().filter(|bar| !bar.is_provisional());
            bars.extend(daily.map(|bar| ((instrument.symbol.clone(), bar.date), bar)));
        }
        Ok(Superseding(bars))
    }

    /// The bar that is stored for the session of a refused one.
    pub fn stored(&self, row: &QuarantinedBar) -> Option<&PriceBar> {
        self.0.get(&(row.symbol.clone(), row.date))
    }

    /// Whether nobody has decided about a refused bar, and nobody has to.
    pub fn is_superseded(&self, row: &QuarantinedBar) -> bool {
        row.status == QuarantineStatus::Open && self.stored(row).is_some()
    }
}
