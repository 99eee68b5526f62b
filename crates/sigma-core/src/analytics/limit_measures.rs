//! What a limit can be put on: one line a measure.
//!
//! # Formula
//! Every measure reads the results of one portfolio and close. Dollar measures may be bounded in dollars or as a
//! fraction of NAV. Measures by name, sector, tag and kind are sizes `|sum of signed values|`, so that one bound holds
//! long and short; factor dollars and Greeks keep their sign; losses are positive.
//!
//! # Degenerate cases
//! A bucket that holds nothing is zero; a bucket whose every lot is left out of the valuation is unknown. A total that
//! an engine has not delivered is unknown with the reason of its first exclusion, `not_computed` without one or where any
//! is.
//!
//! # Verified by
//! `tests/limits.rs`: each measure against the row it reads.

use super::exposures::labels;
use crate::model::{
    Dimension, Exclusion, ExposureRow, FactorExposure, Lot, MarketRiskResult, Reason, ScenarioPnl, Severity,
    Snapshot, StressResult,
};

use Quantity::{Dollars, Number};
use SubjectKind::{AssetType, Factor, MarketMove, Scenario, Sector, Symbol, Tag};

/// Results of one portfolio at one close, and the lots it holds then.
#[derive(Debug, Clone, Copy)]
pub struct LimitInputs<'a> {
    pub snapshot: &'a Snapshot,
    pub exposures: &'a [ExposureRow],
    pub factors: &'a [FactorExposure],
    pub stress: &'a [StressResult],
    pub market_risk: &'a [MarketRiskResult],
    /// With the engine that left something out.
    pub exclusions: &'a [(String, Exclusion)],
    pub lots: &'a [&'a Lot],
}

/// What a measure counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    Dollars,
    /// A ratio, a fraction or a count.
    Number,
}

/// What a measure is taken of, apart from the whole portfolio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SubjectKind {
    /// Symbol that carries the risk: options count for their underlying.
    Symbol,
    Sector,
    Tag,
    AssetType,
    Factor,
    /// A stress scenario by its id.
    Scenario,
    /// A market or yield move by its id.
    MarketMove,
}

impl SubjectKind {
    /// What errors call it.
    pub fn noun(self) -> &'static str {
        match self {
            SubjectKind::Symbol => "symbol",
            SubjectKind::Sector => "sector",
            SubjectKind::Tag => "tag",
            SubjectKind::AssetType => "asset type",
            SubjectKind::Factor => "factor",
            SubjectKind::Scenario => "scenario",
            SubjectKind::MarketMove => "market move",
        }
    }

    /// The grouping of exposures that it is a bucket of.
    pub(super) fn dimension(self) -> Option<Dimension> {
        match self {
            SubjectKind::Symbol => Some(Dimension::Underlying),
            SubjectKind::Sector => Some(Dimension::Sector),
            SubjectKind::Tag => Some(Dimension::Tag),
            SubjectKind::AssetType => Some(Dimension::AssetType),
            SubjectKind::Factor | SubjectKind::Scenario | SubjectKind::MarketMove => None,
        }
    }
}

/// A number, or why there is none.
pub type Known = Result<f64, Reason>;

/// Values with what they are of.
type BySubject<T> = Vec<(String, T)>;

/// Where a measure gets its value or values.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reading {
    Whole(fn(&LimitInputs<'_>) -> Option<f64>),
    Each(SubjectKind, fn(&LimitInputs<'_>) -> BySubject<Option<f64>>),
    Outcome(SubjectKind, fn(&LimitInputs<'_>) -> BySubject<Known>),
}

/// Something that a limit can be put on.
#[derive(Debug, Clone, Copy)]
pub struct Measure {
    pub name: &'static str,
    pub quantity: Quantity,
    /// Engine whose exclusions are missing from the value.
    pub engine: &'static str,
    /// One clause for people.
    pub about: &'static str,
    pub(super) reading: Reading,
}

impl PartialEq for Measure {
    fn eq(&self, other: &Measure) -> bool {
        self.name == other.name
    }
}

impl Measure {
    /// The measure of a name.
    pub fn find(name: &str) -> Option<&'static Measure> {
        MEASURES.iter().find(|measure| measure.name == name)
    }

    /// What it is taken of; `None` for the whole portfolio.
    pub fn subject_kind(&self) -> Option<SubjectKind> {
        match self.reading {
            Reading::Whole(_) => None,
            Reading::Each(kind, _) | Reading::Outcome(kind, _) => Some(kind),
        }
    }
}

/// Every measure.
#[rustfmt::skip]
pub const MEASURES: &[Measure] = &[
    whole("nav", Dollars, "valuation", "cash plus market values", |r| Some(r.snapshot.nav)),
    whole("cash", Dollars, "valuation", "cash", |r| Some(r.snapshot.cash)),
    whole("gross", Dollars, "valuation", "sum of absolute market values", |r| Some(r.snapshot.gross)),
    whole("net", Dollars, "valuation", "sum of signed market values", |r| Some(r.snapshot.net)),
    whole("long", Dollars, "valuation", "sum of positive market values", |r| Some(r.snapshot.long_value)),
    whole("short", Dollars, "valuation", "sum of negative market values, as a size", |r| Some(-r.snapshot.short_value)),
    whole("leverage", Number, "valuation", "gross over NAV", |r| over_nav(r, r.snapshot.gross)),
    whole("positions", Number, "valuation", "open lots", |r| Some(r.snapshot.position_count as f64)),
    whole("day_loss", Dollars, "valuation", "loss of the day", |r| Some(-r.snapshot.day_pnl)),
    whole("drawdown", Number, "valuation", "fall of the return index from its maximum, as a size", |r| r.snapshot.drawdown.map(|d| -d)),
    whole("realized_vol_21", Number, "valuation", "annual volatility over 21 sessions", |r| r.snapshot.realized_vol_21),
    whole("realized_vol_63", Number, "valuation", "annual volatility over 63 sessions", |r| r.snapshot.realized_vol_63),
    whole("hhi", Number, "valuation", "Herfindahl-Hirschman index, 0 to 10,000", |r| r.snapshot.hhi),
    whole("effective_positions", Number, "valuation", "number of equal positions as concentrated", |r| r.snapshot.effective_positions),
    whole("top_3", Number, "valuation", "share of gross in the three largest names", |r| r.snapshot.top_3_fraction),
    whole("top_10", Number, "valuation", "share of gross in the ten largest names", |r| r.snapshot.top_10_fraction),
    whole("delta_dollars", Dollars, "greeks", "value of the underlyings that moves as much", |r| r.snapshot.delta_dollars),
    whole("gamma_dollars_per_1pct", Dollars, "greeks", "change of delta dollars per 1 % rise", |r| r.snapshot.gamma_dollars_per_1pct),
    whole("theta_per_day", Dollars, "greeks", "dollars per calendar day", |r| r.snapshot.theta_per_day),
    whole("vega_per_point", Dollars, "greeks", "dollars per point of volatility", |r| r.snapshot.vega_per_point),
    whole("rho_per_point", Dollars, "greeks", "dollars per point of rates", |r| r.snapshot.rho_per_point),
    whole("beta", Number, "factors", "beta-adjusted exposure over NAV", |r| r.snapshot.market_beta),
    each("single_name", Symbol, "valuation", "market value by underlying, as a size", |r| sizes(r, Symbol, |row| Some(row.net))),
    each("single_name_delta", Symbol, "greeks", "delta-adjusted value by underlying, as a size", |r| sizes(r, Symbol, |row| row.delta_adjusted)),
    each("sector", Sector, "valuation", "market value by sector, as a size", |r| sizes(r, Sector, |row| Some(row.net))),
    each("sector_gross", Sector, "valuation", "sum of absolute market values by sector", |r| sizes(r, Sector, |row| Some(row.gross))),
    each("sector_delta", Sector, "greeks", "delta-adjusted value by sector, as a size", |r| sizes(r, Sector, |row| row.delta_adjusted)),
    each("asset_type", AssetType, "valuation", "sum of absolute market values by kind of instrument", |r| sizes(r, AssetType, |row| Some(row.gross))),
    each("tag", Tag, "valuation", "market value by tag, as a size", |r| sizes(r, Tag, |row| Some(row.net))),
    each("tag_gross", Tag, "valuation", "sum of absolute market values by tag", |r| sizes(r, Tag, |row| Some(row.gross))),
    each("tag_delta", Tag, "greeks", "delta-adjusted value by tag, as a size", |r| sizes(r, Tag, |row| row.delta_adjusted)),
    each("factor", Factor, "factors", "dollar exposure by factor, signed", |r| r.factors.iter().map(|f| (f.factor.clone(), Some(f.dollar_exposure))).collect()),
    outcome("stress_loss", Scenario, "stress", "loss by scenario, the worse of both modes", |r| scenarios(r, |s| worse(loss(&s.direct), loss(&s.correlated)))),
    outcome("stress_loss_direct", Scenario, "stress", "loss by scenario, only the named factors move", |r| scenarios(r, |s| loss(&s.direct))),
    outcome("stress_loss_correlated", Scenario, "stress", "loss by scenario, the other factors follow", |r| scenarios(r, |s| loss(&s.correlated))),
    outcome("market_loss", MarketMove, "stress", "loss by market or yield move", |r| r.market_risk.iter().map(|m| (m.scenario_id.clone(), loss(&m.outcome))).collect()),
];

const fn whole(
    name: &'static str,
    quantity: Quantity,
    engine: &'static str,
    about: &'static str,
    read: fn(&LimitInputs<'_>) -> Option<f64>,
) -> Measure {
    Measure { name, quantity, engine, about, reading: Reading::Whole(read) }
}

const fn each(
    name: &'static str,
    kind: SubjectKind,
    engine: &'static str,
    about: &'static str,
    read: fn(&LimitInputs<'_>) -> BySubject<Option<f64>>,
) -> Measure {
    Measure { name, quantity: Dollars, engine, about, reading: Reading::Each(kind, read) }
}

const fn outcome(
    name: &'static str,
    kind: SubjectKind,
    engine: &'static str,
    about: &'static str,
    read: fn(&LimitInputs<'_>) -> BySubject<Known>,
) -> Measure {
    Measure { name, quantity: Dollars, engine, about, reading: Reading::Outcome(kind, read) }
}

fn over_nav(inputs: &LimitInputs<'_>, value: f64) -> Option<f64> {
    (inputs.snapshot.nav > 0.0).then(|| value / inputs.snapshot.nav)
}

fn sizes(
    inputs: &LimitInputs<'_>,
    kind: SubjectKind,
    pick: fn(&ExposureRow) -> Option<f64>,
) -> BySubject<Option<f64>> {
    let rows = inputs.exposures.iter().filter(|row| Some(row.dimension) == kind.dimension());
    rows.map(|row| (row.bucket.clone(), pick(row).map(f64::abs))).collect()
}

fn scenarios(inputs: &LimitInputs<'_>, pick: fn(&StressResult) -> Known) -> BySubject<Known> {
    inputs.stress.iter().map(|result| (result.scenario_id.clone(), pick(result))).collect()
}

fn loss(outcome: &Result<ScenarioPnl, Reason>) -> Known {
    outcome.as_ref().map(|pnl| -pnl.pnl).map_err(|reason| *reason)
}

/// The larger loss; unknown while one of them is, for it could be the larger.
fn worse(a: Known, b: Known) -> Known {
    Ok(a?.max(b?))
}

impl LimitInputs<'_> {
    /// What an engine left out for good, by subject and reason; warnings only qualify a number.
    pub(super) fn left_out<'s>(&'s self, engine: &'s str) -> impl Iterator<Item = (&'s str, Reason)> {
        let of_engine = self
            .exclusions
            .iter()
            .filter(move |(name, exclusion)| name == engine && exclusion.issue.severity == Severity::Error);
        of_engine.map(|(_, exclusion)| (exclusion.issue.subject.as_str(), exclusion.issue.reason))
    }

    /// Why a total of an engine is absent. What a snapshot itself lacks is a NAV, a gross value or returns.
    pub(super) fn reason(&self, engine: &str) -> Reason {
        let is_empty = self.snapshot.nav <= 0.0 || self.snapshot.gross <= 0.0;
        match engine {
            "valuation" if is_empty => Reason::InvalidInput,
            "valuation" => Reason::InsufficientHistory,
            // What an engine can still deliver comes before what nobody can: it has a remedy.
            _ => {
                let mut reasons = self.left_out(engine).map(|(_, reason)| reason);
                let first = reasons.next().unwrap_or(Reason::NotComputed);
                if reasons.any(|reason| reason == Reason::NotComputed) { Reason::NotComputed } else { first }
            }
        }
    }

    /// Buckets that lots of this symbol are in.
    pub(super) fn buckets(&self, symbol: &str, dimension: Dimension) -> impl Iterator<Item = String> {
        let lots = self.lots.iter().filter(move |lot| lot.instrument.symbol == symbol);
        lots.flat_map(move |lot| labels(dimension, lot))
    }

    /// Whether a lot of this symbol is in a bucket.
    pub(super) fn holds(&self, symbol: &str, dimension: Dimension, bucket: &str) -> bool {
        self.buckets(symbol, dimension).any(|label| label == bucket)
    }
}
