//! Limits: bounds on measures of a portfolio, and how far it is from them.
//!
//! # Formula
//! With value `v` and bound `b`, headroom is `b - v` below a maximum and `v - b` above a minimum; negative is a breach.
//! The part of the bound that is used is `v / b` where the bound is met by growing towards it (a positive maximum, a
//! negative minimum) and `b / v` otherwise; a value that uses `warn_at` of its bound or more is a warning. A bound of
//! zero has no such part and warns never. A value on its bound keeps it, rounding to one part in 10^9 allowed.
//!
//! # Which limits hold
//! A limit that names portfolios stands, for them, in place of every limit on all portfolios with the same measure,
//! subject and side.
//!
//! # Missing values
//! A value that is not known is [`Status::Unknown`] with its reason, never a pass; a limit on each subject has such a row
//! for names, sectors and tags that only lots without a price are in. A value that engines could only
//! compute for a part of the lots is judged as it stands and names the rest.
//!
//! # Verified by
//! Hand-worked cases and the sign identities in `tests/limits.rs`.

pub use super::limit_measures::{Known, LimitInputs, MEASURES, Measure, Quantity, SubjectKind};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::limit_measures::Reading;
use crate::model::{Reason, text_enum};

text_enum! {
    /// What a bound is written in.
    Unit {
        Usd = "usd",
        /// Fraction of NAV.
        Nav = "nav",
        Number = "number",
    }
}

text_enum! {
    /// Side of a bound.
    Side { Max = "max", Min = "min" }
}

text_enum! {
    /// Verdict on one limit, from good to bad.
    Status {
        Ok = "ok",
        Warning = "warning",
        Unknown = "unknown",
        Breach = "breach",
    }
}

/// Rounding that a value may lie beyond its bound by, relative to the bound.
const TOLERANCE: f64 = 1e-9;

/// One bound on one measure.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// What people call it; the name of the measure by default.
    pub name: String,
    pub measure: &'static Measure,
    /// One symbol, sector, factor and so on; `None` for each of them, or for the whole portfolio.
    pub subject: Option<String>,
    pub unit: Unit,
    pub side: Side,
    pub bound: f64,
    /// Part of the bound from which a value is a warning, 0 to 1.
    pub warn_at: f64,
    /// Slugs; none for every portfolio.
    pub portfolios: Vec<String>,
}

/// One limit held against one value.
#[derive(Debug, Clone, PartialEq)]
pub struct Check<'a> {
    pub limit: &'a Limit,
    pub subject: Option<String>,
    /// In the unit of the limit.
    pub value: Known,
    /// In the unit of the limit; negative beyond the bound.
    pub headroom: Option<f64>,
    /// Of the size of the bound; `None` for a bound of zero.
    pub headroom_fraction: Option<f64>,
    /// Part of the bound that is used; `None` for a bound of zero.
    pub used_fraction: Option<f64>,
    pub status: Status,
    /// Symbols that the value does not cover.
    pub left_out: Vec<String>,
}

/// The limits that hold for a portfolio.
pub fn applicable<'a>(limits: &'a [Limit], slug: &str) -> Vec<&'a Limit> {
    let names = |limit: &Limit| limit.portfolios.iter().any(|known| known == slug);
    let same = |a: &Limit, b: &Limit| (a.measure, &a.subject, a.side) == (b.measure, &b.subject, b.side);
    let holds = |limit: &&Limit| match limit.portfolios.is_empty() {
        true => !limits.iter().any(|other| names(other) && same(other, limit)),
        false => names(limit),
    };
    limits.iter().filter(holds).collect()
}

/// Holds a limit against every value it is about: one, or one for each subject. Without results (no snapshot of the
/// date) the answer is one unknown.
pub fn check<'a>(limit: &'a Limit, inputs: Option<&LimitInputs<'_>>) -> Vec<Check<'a>> {
    let Some(inputs) = inputs else {
        return vec![verdict(limit, limit.subject.clone(), Err(Reason::NotComputed), Vec::new())];
    };
    let values = values(limit, inputs);
    let judge = |(subject, value): (Option<String>, Known)| {
        let left_out = left_out(limit, inputs, subject.as_deref());
        verdict(limit, subject, value.and_then(|v| in_unit(v, limit.unit, inputs.snapshot.nav)), left_out)
    };
    values.into_iter().map(judge).collect()
}

/// What is worth telling of a limit on many subjects: those that do not simply pass, the worst first; else the one with
/// the least headroom.
pub fn notable(checks: Vec<Check<'_>>) -> Vec<Check<'_>> {
    let least = |a: &Check<'_>, b: &Check<'_>| {
        let room = |check: &Check<'_>| check.headroom.unwrap_or(f64::INFINITY);
        b.status.cmp(&a.status).then(room(a).total_cmp(&room(b)))
    };
    let (passed, mut told): (Vec<_>, Vec<_>) = checks.into_iter().partition(|c| c.status == Status::Ok);
    if told.is_empty() {
        told.extend(passed.into_iter().min_by(least));
    }
    told.sort_by(least);
    told
}

fn values(limit: &Limit, inputs: &LimitInputs<'_>) -> Vec<(Option<String>, Known)> {
    let known = |value: Option<f64>| value.ok_or_else(|| inputs.reason(limit.measure.engine));
    let (kind, mut found) = match limit.measure.reading {
        Reading::Whole(read) => return vec![(None, known(read(inputs)))],
        Reading::Each(kind, read) => {
            let found = read(inputs).into_iter().map(|(subject, value)| (subject, known(value)));
            (kind, found.collect::<Vec<_>>())
        }
        Reading::Outcome(kind, read) => (kind, read(inputs)),
    };
    match &limit.subject {
        Some(wanted) => found.retain(|(subject, _)| subject == wanted),
        None => found.extend(unvalued(kind, inputs, &found)),
    }
    if found.is_empty() {
        return vec![(limit.subject.clone(), absent(limit, kind, inputs))];
    }
    found.into_iter().map(|(subject, value)| (Some(subject), value)).collect()
}

/// Buckets without a row, because every lot of theirs is left out of the valuation.
fn unvalued(kind: SubjectKind, inputs: &LimitInputs<'_>, found: &[(String, Known)]) -> Vec<(String, Known)> {
    let Some(dimension) = kind.dimension().filter(|_| !inputs.exposures.is_empty()) else {
        return Vec::new();
    };
    let mut missing: BTreeMap<String, Reason> = BTreeMap::new();
    for (symbol, reason) in inputs.left_out("valuation") {
        for bucket in inputs.buckets(symbol, dimension) {
            missing.entry(bucket).or_insert(reason);
        }
    }
    missing.retain(|bucket, _| !found.iter().any(|(known, _)| known == bucket));
    missing.into_iter().map(|(bucket, reason)| (bucket, Err(reason))).collect()
}

/// The value of a subject without a row: zero for a bucket that holds nothing, else unknown.
fn absent(limit: &Limit, kind: SubjectKind, inputs: &LimitInputs<'_>) -> Known {
    let engine = limit.measure.engine;
    let Some(dimension) = kind.dimension() else { return Err(inputs.reason(engine)) };
    if inputs.exposures.is_empty() {
        return Err(Reason::NotComputed);
    }
    let in_bucket = |symbol: &str| match &limit.subject {
        Some(bucket) => inputs.holds(symbol, dimension, bucket),
        None => true,
    };
    match inputs.left_out("valuation").find(|(symbol, _)| in_bucket(symbol)) {
        Some((_, reason)) => Err(reason),
        None => Ok(0.0),
    }
}

/// What the value lacks, by symbol; of a bucket only what belongs to it.
fn left_out(limit: &Limit, inputs: &LimitInputs<'_>, subject: Option<&str>) -> Vec<String> {
    let dimension = limit.measure.subject_kind().and_then(SubjectKind::dimension);
    let concerns = |symbol: &str| match (dimension, subject) {
        (Some(dimension), Some(bucket)) => inputs.holds(symbol, dimension, bucket),
        _ => true,
    };
    let own = (limit.measure.engine != "valuation").then_some(limit.measure.engine);
    let engines = ["valuation"].into_iter().chain(own);
    let symbols = engines.flat_map(|engine| inputs.left_out(engine)).map(|(symbol, _)| symbol);
    let mut symbols: Vec<String> = symbols.filter(|symbol| concerns(symbol)).map(str::to_owned).collect();
    symbols.sort();
    symbols.dedup();
    symbols
}

fn in_unit(value: f64, unit: Unit, nav: f64) -> Known {
    match unit {
        Unit::Usd | Unit::Number => Ok(value),
        Unit::Nav if nav > 0.0 => Ok(value / nav),
        Unit::Nav => Err(Reason::InvalidInput),
    }
}

fn verdict(limit: &Limit, subject: Option<String>, value: Known, left_out: Vec<String>) -> Check<'_> {
    let bound = limit.bound;
    // Adding zero turns a negative zero into zero.
    let value = value.map(|v| v + 0.0);
    let headroom = value.ok().map(|v| if limit.side == Side::Max { bound - v } else { v - bound });
    let used = value.ok().and_then(|v| used(limit.side, v, bound));
    let status = match headroom {
        None => Status::Unknown,
        Some(room) if room < -TOLERANCE * bound.abs() => Status::Breach,
        Some(_) if used.is_some_and(|part| part >= limit.warn_at) => Status::Warning,
        Some(_) => Status::Ok,
    };
    let headroom_fraction = headroom.filter(|_| bound != 0.0).map(|room| room / bound.abs());
    Check { limit, subject, value, headroom, headroom_fraction, used_fraction: used, status, left_out }
}

/// Part of the bound that is used, not negative; beyond one it is broken.
fn used(side: Side, value: f64, bound: f64) -> Option<f64> {
    if bound == 0.0 {
        return None;
    }
    let grows_towards = (side == Side::Max) == (bound > 0.0);
    let part = if grows_towards { value / bound } else { bound / value };
    match grows_towards {
        true => Some(part.max(0.0)),
        // On the far side of zero the bound is broken by any measure: the part has no meaning.
        false => Some(part).filter(|part| part.is_finite() && *part >= 0.0),
    }
}
