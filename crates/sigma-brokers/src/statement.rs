//! What every format is read into.

use chrono::NaiveDate;
use serde::Serialize;
use sigma_core::model::{CashKind, InstrumentKind};

use crate::occ::Contract;

/// Holdings of one file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Statement {
    /// Id of the format in [`crate::BROKERS`]; `mapping` when a mapping file was used.
    pub format: &'static str,
    /// Day the holdings are of: as asked for, else as the file says.
    pub as_of: Option<NaiveDate>,
    /// In the order of the file. A file that names no account has one without name.
    pub accounts: Vec<Account>,
}

/// Holdings of one account.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Account {
    pub name: Option<String>,
    /// Last characters of the account number, at most four: enough to tell accounts apart, too few to be the number.
    pub number_tail: Option<String>,
    pub positions: Vec<ImportedPosition>,
    pub cash: Vec<CashBalance>,
    /// Money moved by an activity file, apart from trades.
    pub flows: Vec<CashFlow>,
    /// What the trades of an activity file cost beyond units times price; a delivery without cash is a flow of its worth.
    pub trade_costs: Vec<CashFlow>,
    /// Totals the file itself states, to check the reading against.
    pub totals: Vec<StatedTotal>,
    /// First day of the transactions that the positions were replayed from; absent where the file states holdings.
    pub activity_since: Option<NaiveDate>,
}

/// What a position is, as far as the file tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AssetClass {
    /// Listed under a ticker.
    Public,
    /// A listed option.
    Option,
    /// Without a market price: private funds, bonds by CUSIP, plans without ticker. Held at its stated value.
    Private,
    /// A money market fund held in units of one.
    CashLike,
}

impl AssetClass {
    /// The printed form.
    pub fn as_str(self) -> &'static str {
        match self {
            AssetClass::Public => "public",
            AssetClass::Option => "option",
            AssetClass::Private => "private",
            AssetClass::CashLike => "cash_like",
        }
    }
}

/// Something about a position that its numbers do not show.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// A digit behind the option root: the deliverable was adjusted.
    AdjustedContract,
    /// A contract over ten shares.
    MiniContract,
    /// A digit before the option root.
    FlexContract,
    /// A Saturday expiry, and the Friday session that is meant.
    SaturdayExpiry {
        proposed: NaiveDate,
    },
    /// The exchange is closed on the expiry.
    ExpiryWithoutSession,
    /// Stated per 100 of face value; the prices here are per 1.
    BondPricedPer100,
    /// The file names no ticker; the symbol was made from the name.
    NoTicker,
    NoCostBasis,
    NoEntryDate,
    /// Built from transactions.
    Replayed,
    /// A row of an export of our own, which is taken as it is.
    Exact,
}

/// One lot or holding.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImportedPosition {
    /// Line of the file.
    pub row: u64,
    /// Canonical symbol (`BRK.B`), compact OCC form for options.
    pub symbol: String,
    pub description: Option<String>,
    pub class: AssetClass,
    /// Only when the file tells it.
    pub kind: Option<InstrumentKind>,
    /// Present exactly when `class` is [`AssetClass::Option`].
    pub contract: Option<Contract>,
    /// Signed units: contracts for options, face value for bonds.
    pub quantity: f64,
    /// Dollars per unit; for options per unit of the underlying.
    pub entry_price: Option<f64>,
    pub entry_date: Option<NaiveDate>,
    /// Present with `exit_date` on a closed lot.
    pub exit_price: Option<f64>,
    pub exit_date: Option<NaiveDate>,
    /// Last day whose splits quantity and entry price count, where the file tells it: of a replayed split, or of an
    /// export of our own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adjusted_through: Option<NaiveDate>,
    /// Signed: quantity x entry price x multiplier.
    pub cost_basis: Option<f64>,
    /// As stated, per unit.
    pub price: Option<f64>,
    /// As stated, signed.
    pub market_value: Option<f64>,
    pub currency: String,
    pub tags: Vec<String>,
    pub flags: Vec<Flag>,
}

impl ImportedPosition {
    /// Units of the underlying one unit stands for.
    pub fn multiplier(&self) -> f64 {
        self.contract.as_ref().map_or(1.0, |contract| contract.multiplier)
    }

    /// `LONG`, `SHORT`, or for options `LC`, `LP`, `SC`, `SP`.
    pub fn position_type(&self) -> &'static str {
        let long = self.quantity >= 0.0;
        match self.contract.as_ref().map(|contract| contract.terms.kind.sign() > 0.0) {
            None if long => "LONG",
            None => "SHORT",
            Some(true) if long => "LC",
            Some(true) => "SC",
            Some(false) if long => "LP",
            Some(false) => "SP",
        }
    }

    /// Whether the lot has been closed.
    pub fn is_closed(&self) -> bool {
        self.exit_date.is_some()
    }
}

/// What an amount of cash is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CashBasis {
    /// What the account holds.
    Balance,
    /// Announced and not yet settled; part of the account's total.
    Pending,
    /// The sum of all amounts of an activity file: a change, not a balance.
    ChangeOverFile,
}

/// Cash in one currency.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CashBalance {
    pub row: Option<u64>,
    pub currency: String,
    pub amount: f64,
    pub basis: CashBasis,
    /// The sweep fund that holds it, or what the file calls it.
    pub held_in: Option<String>,
}

/// Why money moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowKind {
    Dividend,
    Interest,
    Fee,
    Tax,
    /// Money in.
    Contribution,
    /// Money out.
    Withdrawal,
}

impl FlowKind {
    /// The kind of ledger entry it becomes. Dividends follow from the lots, before taxes.
    pub fn ledger_kind(self) -> Option<CashKind> {
        match self {
            FlowKind::Dividend => None,
            FlowKind::Interest => Some(CashKind::Interest),
            FlowKind::Fee | FlowKind::Tax => Some(CashKind::Fee),
            FlowKind::Contribution => Some(CashKind::Contribution),
            FlowKind::Withdrawal => Some(CashKind::Withdrawal),
        }
    }
}

/// One movement of money that is not a trade.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CashFlow {
    pub row: u64,
    pub date: NaiveDate,
    pub kind: FlowKind,
    /// Signed: positive is money in.
    pub amount: f64,
    pub currency: String,
    /// Whose dividend it is, when the file says so.
    pub symbol: Option<String>,
    pub description: Option<String>,
}

/// A total that the file states.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StatedTotal {
    /// As the file calls it.
    pub what: String,
    pub value: f64,
    pub row: u64,
}

impl Account {
    /// Sum of stated values and cash: what a stated account total should be. `None` when an open position states no value.
    pub fn stated_value(&self) -> Option<f64> {
        let open = self.positions.iter().filter(|position| !position.is_closed());
        let values: Option<f64> = open.map(|position| position.market_value).sum();
        let cash = self.cash.iter().filter(|cash| cash.basis != CashBasis::ChangeOverFile);
        Some(values? + cash.map(|cash| cash.amount).sum::<f64>())
    }
}
