//! Trades that somebody thinks of making: an action on an instrument, sized in units or in dollars.

use serde::{Deserialize, Serialize};

use super::instrument::text_enum;

text_enum! {
    /// What a trade does.
    TradeAction {
        /// Buys: closes what is short first, then opens or adds to a long position.
        Buy = "BUY",
        /// Sells what is held long, never more.
        Sell = "SELL",
        /// Sells short: closes what is long first, then opens or adds to a short position.
        Short = "SHORT",
        /// Buys back what is held short, never more.
        Cover = "COVER",
    }
}

impl TradeAction {
    /// +1 where the holding grows, -1 where it falls.
    pub fn sign(self) -> f64 {
        match self {
            TradeAction::Buy | TradeAction::Cover => 1.0,
            TradeAction::Sell | TradeAction::Short => -1.0,
        }
    }

    /// Whether the trade can only close what is there.
    pub fn only_closes(self) -> bool {
        matches!(self, TradeAction::Sell | TradeAction::Cover)
    }
}

/// One trade as it is asked for. Either `quantity` or `dollars` is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trade {
    /// Line of the file that it stands on.
    pub row: usize,
    /// Canonical.
    pub symbol: String,
    pub action: TradeAction,
    /// Positive units; contracts for options.
    pub quantity: Option<f64>,
    /// Positive dollars.
    pub dollars: Option<f64>,
    /// Dollars per unit; the price of the as-of close when absent.
    pub price: Option<f64>,
    /// Label of what the trade opens.
    pub tag: Option<String>,
}

/// Why a trade cannot be made, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeProblem {
    /// Line of the file, 1 for its heading.
    pub row: usize,
    /// Name of the column at fault.
    pub column: String,
    /// What stands there.
    pub value: String,
    pub problem: String,
    pub remedy: String,
}
