//! What one provider has offered, before it is judged.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;
use sigma_core::analytics::screen::Refused;
use sigma_core::model::{Dataset, Dividend, Issue, OptionQuote, PriceBar, RatePoint, Split};
use sigma_providers::ask::{Actions, Contract, Quotes, Series};
use sigma_providers::folder::{Folder, Wanted};
use sigma_providers::{Offer, ProviderError, ProviderId, RowProblem, Security};
use sigma_store::Fetch;

use crate::args::Datasets;
use crate::coverage::Covered;
use crate::events::{Whole, Withdrawn};
use crate::memory::{Memory, OK};
use crate::needs::Needs;

/// Rows of one provider.
#[derive(Debug, Clone)]
pub struct Offered {
    pub source: ProviderId,
    pub bars: BTreeMap<String, Vec<PriceBar>>,
    pub splits: BTreeMap<String, Vec<Split>>,
    pub dividends: BTreeMap<String, Vec<Dividend>>,
    pub quotes: BTreeMap<String, Vec<OptionQuote>>,
    pub rates: BTreeMap<String, Vec<RatePoint>>,
    pub securities: Vec<Security>,
    /// Terms of option contracts.
    pub contracts: Vec<Contract>,
    pub problems: Vec<RowProblem>,
    /// Files that the folder does not have.
    pub absent: Vec<&'static str>,
    /// How services answered.
    pub fetches: Vec<Fetch>,
    /// Bars that were refused before they were compared with others.
    pub refused: Vec<(String, Refused)>,
    /// Where the splits and dividends of a symbol are all that there are.
    pub whole: BTreeMap<String, Whole>,
    /// What is to be said about stored splits and dividends, and what is left to do about them.
    pub notes: Vec<String>,
    pub issues: Vec<Issue>,
    /// Stored splits and dividends that are not told any more.
    pub withdrawn: Withdrawn,
    /// Symbols whose stored bars were all asked for again.
    pub redownloaded: BTreeSet<String>,
}

impl Offered {
    pub fn of(source: ProviderId) -> Offered {
        Offered {
            source,
            bars: BTreeMap::new(),
            splits: BTreeMap::new(),
            dividends: BTreeMap::new(),
            quotes: BTreeMap::new(),
            rates: BTreeMap::new(),
            securities: Vec::new(),
            contracts: Vec::new(),
            problems: Vec::new(),
            absent: Vec::new(),
            fetches: Vec::new(),
            refused: Vec::new(),
            whole: BTreeMap::new(),
            notes: Vec::new(),
            issues: Vec::new(),
            withdrawn: Withdrawn::default(),
            redownloaded: BTreeSet::new(),
        }
    }

    /// Adds the bars of a symbol, and the corporate actions that came with them.
    pub fn add_series(&mut self, symbol: &str, series: Series) {
        let Series { bars, splits, dividends, problems, unusable: _ } = series;
        self.bars.entry(symbol.to_owned()).or_default().extend(bars);
        let actions = Actions {
            splits: splits.unwrap_or_default(),
            dividends: dividends.unwrap_or_default(),
            problems,
        };
        self.add_actions(symbol, actions);
    }

    pub fn add_actions(&mut self, symbol: &str, actions: Actions) {
        let Actions { splits, dividends, problems } = actions;
        if !splits.is_empty() {
            self.splits.entry(symbol.to_owned()).or_default().extend(splits);
        }
        if !dividends.is_empty() {
            self.dividends.entry(symbol.to_owned()).or_default().extend(dividends);
        }
        self.add_problems(symbol, problems);
    }

    pub fn add_quotes(&mut self, underlying: &str, quotes: Quotes) {
        for (contract, quotes) in quotes.quotes {
            self.quotes.entry(contract).or_default().extend(quotes);
        }
        self.add_problems(underlying, quotes.problems);
    }

    /// Rows of a service that could not be used.
    pub fn add_problems(&mut self, subject: &str, problems: Vec<String>) {
        let problem = |message| RowProblem { file: subject.to_owned(), line: None, message };
        self.problems.extend(problems.into_iter().map(problem));
    }

    /// Leaves out what is there already: a folder beside services only fills what they left open.
    pub fn keep_missing(&mut self, covered: &Covered, memory: &Memory) {
        let is_open = |known: &HashMap<String, BTreeSet<NaiveDate>>, name: &str, date: NaiveDate| {
            !known.get(name).is_some_and(|dates| dates.contains(&date))
        };
        self.bars.iter_mut().for_each(|(s, bars)| bars.retain(|bar| is_open(&covered.bars, s, bar.date)));
        self.quotes.iter_mut().for_each(|(s, quotes)| quotes.retain(|q| is_open(&covered.quotes, s, q.date)));
        self.rates.iter_mut().for_each(|(s, points)| points.retain(|p| is_open(&covered.rates, s, p.date)));
        self.bars.retain(|_, bars| !bars.is_empty());
        self.quotes.retain(|_, quotes| !quotes.is_empty());
        self.rates.retain(|_, points| !points.is_empty());
        let is_told = |symbol: &str, dataset| {
            sigma_providers::PROVIDERS
                .iter()
                .any(|entry| memory.get(symbol, dataset, entry.id).is_some_and(|fetch| fetch.outcome == OK))
        };
        self.splits.retain(|symbol, _| !is_told(symbol, Dataset::Actions));
        self.dividends.retain(|symbol, _| !is_told(symbol, Dataset::Actions));
        self.securities.retain(|facts| !is_told(&facts.symbol, Dataset::Profile));
    }

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

/// Reads from a folder what the needs and the verb ask for.
pub fn read_folder(folder: &Folder, needs: &Needs, datasets: Datasets) -> Result<Offered, ProviderError> {
    let mut offered = Offered::of(ProviderId::File);
    let asked = Wanted { symbols: needs.asked(), from: needs.start, to: needs.to };
    if datasets.prices {
        offered.bars = offered.take("prices.csv", folder.prices(&asked)?);
    }
    if datasets.actions {
        // Actions before the first bar matter to positions that are older than it.
        let ever = Wanted { from: NaiveDate::MIN, ..asked.clone() };
        offered.splits = offered.take("splits.csv", folder.splits(&ever)?);
        offered.dividends = offered.take("dividends.csv", folder.dividends(&ever)?);
    }
    if datasets.options {
        let symbols: HashSet<String> = needs.contracts.iter().cloned().collect();
        let contracts = Wanted { symbols, ..asked.clone() };
        offered.quotes = offered.take("options.csv", folder.options(&contracts)?);
    }
    if datasets.rates {
        offered.rates = offered.take("rates.csv", folder.rates(needs.start, needs.to)?);
        offered.rates.retain(|series, _| needs.takes_series(series));
    }
    if datasets.profiles {
        let symbols = asked.symbols.iter().chain(&needs.contracts).cloned().collect();
        offered.securities = offered.take("securities.csv", folder.securities(&symbols)?);
    }
    Ok(offered)
}
