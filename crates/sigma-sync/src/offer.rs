//! Asking the provider.

use std::collections::{BTreeMap, HashSet};

use chrono::NaiveDate;
use sigma_cli::App;
use sigma_core::model::{Dividend, OptionQuote, PriceBar, RatePoint, Split};
use sigma_providers::folder::{Folder, Security, Wanted};
use sigma_providers::{Offer, ProviderError, RowProblem};

use crate::args::Datasets;
use crate::needs::Needs;

/// Everything a provider offered of what was asked for.
#[derive(Debug, Clone, Default)]
pub struct Offered {
    pub bars: BTreeMap<String, Vec<PriceBar>>,
    pub splits: BTreeMap<String, Vec<Split>>,
    pub dividends: BTreeMap<String, Vec<Dividend>>,
    pub quotes: BTreeMap<String, Vec<OptionQuote>>,
    pub rates: BTreeMap<String, Vec<RatePoint>>,
    pub securities: Vec<Security>,
    pub problems: Vec<RowProblem>,
    /// Files that the folder does not have.
    pub absent: Vec<&'static str>,
}

/// Reads what the needs and the verb ask for.
pub fn read(app: &App, folder: &Folder, needs: &Needs, datasets: Datasets) -> Result<Offered, ProviderError> {
    let progress = app.progress(6, "reading");
    let mut offered = Offered::default();
    let asked = Wanted { symbols: needs.asked(), from: needs.start, to: needs.to };
    if datasets.prices {
        offered.bars = offered.take("prices.csv", folder.prices(&asked)?);
    }
    progress.step();
    if datasets.actions {
        // Actions before the first bar matter to positions that are older than it.
        let ever = Wanted { from: NaiveDate::MIN, ..asked.clone() };
        offered.splits = offered.take("splits.csv", folder.splits(&ever)?);
        offered.dividends = offered.take("dividends.csv", folder.dividends(&ever)?);
    }
    progress.advance(2);
    if datasets.options {
        let symbols: HashSet<String> = needs.contracts.iter().cloned().collect();
        let contracts = Wanted { symbols, ..asked.clone() };
        offered.quotes = offered.take("options.csv", folder.options(&contracts)?);
    }
    progress.step();
    if datasets.rates {
        offered.rates = offered.take("rates.csv", folder.rates(needs.start, needs.to)?);
        offered.rates.retain(|series, _| needs.takes_series(series));
    }
    progress.step();
    if datasets.profiles {
        let symbols = asked.symbols.iter().chain(&needs.contracts).cloned().collect();
        offered.securities = offered.take("securities.csv", folder.securities(&symbols)?);
    }
    Ok(offered)
}

impl Offered {
    fn take<T: Default>(&mut self, file: &'static str, offer: Option<Offer<T>>) -> T {
        match offer {
            Some(Offer { rows, problems }) => {
                self.problems.extend(problems);
                rows
            }
            None => {
                self.absent.push(file);
                T::default()
            }
        }
    }
}
