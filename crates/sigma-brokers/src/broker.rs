//! The list of formats.

use serde::Serialize;

use crate::columns::Layout;
use crate::formats;
use crate::input::Input;
use crate::problem::Problem;
use crate::statement::Account;
use chrono::NaiveDate;

/// Defines the ids with their text forms.
macro_rules! broker_ids {
    ($($id:ident = $text:literal),+ $(,)?) => {
        /// One format.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
        pub enum BrokerId { $(#[serde(rename = $text)] $id),+ }

        impl BrokerId {
            /// The typed and printed form.
            pub fn as_str(self) -> &'static str {
                match self { $(BrokerId::$id => $text),+ }
            }

            /// Parses the typed form.
            pub fn parse(text: &str) -> Option<BrokerId> {
                match text { $($text => Some(BrokerId::$id),)+ _ => None }
            }
        }
    };
}

broker_ids! {
    Generic = "generic",
    Template = "template",
    Schwab = "schwab",
    SchwabTransactions = "schwab-transactions",
    Fidelity = "fidelity",
    Vanguard = "vanguard",
    Etrade = "etrade",
    IbkrActivity = "ibkr-activity",
    IbkrFlex = "ibkr-flex",
    Robinhood = "robinhood",
    Thinkorswim = "thinkorswim",
    Merrill = "merrill",
    Ghostfolio = "ghostfolio",
    PortfolioPerformance = "portfolio-performance",
}

/// How a format writes numbers and dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dates {
    MonthFirst,
    DayFirst,
    YearFirst,
    /// Told by the file as a whole.
    ByFile,
}

/// What a format reads out of a file.
pub struct Parsed {
    pub as_of: Option<NaiveDate>,
    pub accounts: Vec<Account>,
}

/// A format: what it is called, how it is known, how it is read.
pub struct Broker {
    pub id: BrokerId,
    pub label: &'static str,
    /// Where the file comes from and what is in it.
    pub about: &'static str,
    /// Headers that tell the format: all required columns of one of them in one row.
    pub(crate) layouts: &'static [Layout],
    pub(crate) dates: Dates,
    pub(crate) parse: fn(&Input<'_>, &mut Vec<Problem>) -> Parsed,
}

impl Broker {
    /// The header cells that tell the format, one list for each layout; the first spelling of each.
    pub fn signatures(&self) -> Vec<Vec<&'static str>> {
        let cells = |layout: &Layout| {
            let required = layout.iter().filter(|column| column.required);
            required.filter_map(|column| column.names.first().copied()).collect()
        };
        self.layouts.iter().map(cells).collect()
    }
}

/// Every format. Adding one is a file in `formats` and a line here.
pub const BROKERS: &[&Broker] = &[
    &formats::generic::BROKER,
    &formats::template::BROKER,
    &formats::schwab::BROKER,
    &formats::schwab_transactions::BROKER,
    &formats::fidelity::BROKER,
    &formats::vanguard::BROKER,
    &formats::etrade::BROKER,
    &formats::ibkr_activity::BROKER,
    &formats::ibkr_flex::BROKER,
    &formats::robinhood::BROKER,
    &formats::thinkorswim::BROKER,
    &formats::merrill::BROKER,
    &formats::ghostfolio::BROKER,
    &formats::portfolio_performance::BROKER,
];
