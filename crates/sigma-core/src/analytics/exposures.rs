//! Exposures and concentration of a portfolio.
//!
//! # Formula
//! Over the market values `v` of the positions: gross `sum |v|`, net `sum v`, long and short by sign. The same sums by
//! asset type, sector, underlying and tag; a position counts in each of its tags, so tags may add up to more than the
//! total. Concentration over instruments with lots merged, weights `w_i = |v_i| / gross`: Herfindahl-Hirschman index
//! `10,000 sum w^2`, effective number `1 / sum w^2`, top three and ten.
//!
//! # References
//! O. C. Herfindahl, *Concentration in the Steel Industry* (1950); A. O. Hirschman, *The Paternity of an Index*, American
//! Economic Review 54 (1964).
//!
//! # Verified by
//! The demo books at their seed prices in `tests/portfolio`: published gross, net, HHI, effective number and top shares.

use std::collections::BTreeMap;

use super::positions::{PositionView, total};
use crate::model::{Book, Dimension, ExposureRow, Lot};

/// Sector of instruments that have none.
pub const UNCLASSIFIED: &str = "Unclassified";

/// Exposures by every dimension; the total comes first, buckets in alphabetical order.
pub fn exposures(book: &Book, views: &[PositionView]) -> Vec<ExposureRow> {
    let all: Vec<&PositionView> = views.iter().filter(|view| view.market_value.is_some()).collect();
    let mut rows = vec![bucket(Dimension::Total, "total", &all)];
    for dimension in [Dimension::AssetType, Dimension::Sector, Dimension::Underlying, Dimension::Tag] {
        let mut groups: BTreeMap<String, Vec<&PositionView>> = BTreeMap::new();
        for view in &all {
            for label in labels(dimension, &book.lots[view.lot]) {
                groups.entry(label).or_default().push(view);
            }
        }
        rows.extend(groups.iter().map(|(label, group)| bucket(dimension, label, group)));
    }
    rows
}

pub(super) fn labels(dimension: Dimension, lot: &Lot) -> Vec<String> {
    let instrument = &lot.instrument;
    match dimension {
        Dimension::Total => vec!["total".to_owned()],
        Dimension::AssetType => vec![instrument.kind.as_str().to_owned()],
        Dimension::Sector => vec![instrument.sector.clone().unwrap_or_else(|| UNCLASSIFIED.to_owned())],
        Dimension::Underlying => vec![instrument.risk_symbol().to_owned()],
        Dimension::Tag => lot.tags.clone(),
    }
}

fn bucket(dimension: Dimension, label: &str, views: &[&PositionView]) -> ExposureRow {
    let values = || views.iter().filter_map(|view| view.market_value);
    // Adding zero turns the negative zero of an empty sum into zero.
    let long_value = values().filter(|v| *v > 0.0).sum::<f64>() + 0.0;
    let short_value = values().filter(|v| *v < 0.0).sum::<f64>() + 0.0;
    ExposureRow {
        dimension,
        bucket: label.to_owned(),
        position_count: views.len(),
        gross: long_value - short_value,
        net: long_value + short_value,
        long_value,
        short_value,
        notional: total(views.iter().map(|view| view.notional)),
        delta_adjusted: total(views.iter().map(|view| view.delta_adjusted())),
        beta_adjusted: total(views.iter().map(|view| view.beta_adjusted())),
    }
}

/// How much of a portfolio sits in few names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Concentration {
    /// Herfindahl-Hirschman index, 0 to 10,000.
    pub hhi: f64,
    /// Number of equal positions with the same index.
    pub effective_positions: f64,
    pub top_3_fraction: f64,
    pub top_10_fraction: f64,
}

/// Concentration over instruments; `None` for a portfolio without value.
pub fn concentration(book: &Book, views: &[PositionView]) -> Option<Concentration> {
    let mut by_instrument: BTreeMap<i64, f64> = BTreeMap::new();
    for view in views {
        let Some(value) = view.market_value else { continue };
        *by_instrument.entry(book.lots[view.lot].instrument.id).or_default() += value;
    }
    let mut values: Vec<f64> = by_instrument.into_values().map(f64::abs).collect();
    values.sort_by(|a, b| b.total_cmp(a));
    let gross: f64 = values.iter().sum();
    if gross <= 0.0 {
        return None;
    }
    let sum_squares: f64 = values.iter().map(|v| (v / gross) * (v / gross)).sum();
    let top = |n: usize| values.iter().take(n).sum::<f64>() / gross;
    Some(Concentration {
        hhi: 10_000.0 * sum_squares,
        effective_positions: 1.0 / sum_squares,
        top_3_fraction: top(3),
        top_10_fraction: top(10),
    })
}
