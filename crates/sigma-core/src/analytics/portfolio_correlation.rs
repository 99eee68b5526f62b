//! Correlations between the holdings of a portfolio and the clusters they form.
//!
//! # Conventions
//! A node is an instrument: lots are merged and options fold into their underlyings, valued by delta-adjusted dollars
//! (by market value where a contract has no Greeks). Pearson correlation over the window of sessions, pair by pair on
//! common returns; pairs below the minimum overlap have none, and nodes without all their pairs are left out by name.
//! An indefinite matrix is moved to the nearest correlation matrix and marked as repaired.
//!
//! # Verified by
//! The kernels' golden tables, and `tests/factor_model.rs` for folding, exclusion and naming.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::accurate_sums::is_constant;
use super::clusters::{ClusterNode, clusters};
use super::correlation::{CorrelationError, ewma, pearson};
use super::factor_model::ReturnPanel;
use super::nearest_correlation::repair;
use super::packed_correlation::PackedCorrelation;
use super::positions::{PositionView, gross_weight};
use super::snapshot::{exclusion, exclusion_of, explain, merge};
use crate::model::{
    Book, CorrelationCluster, Exclusion, Instrument, InstrumentKind, Issue, Market, Partial,
    PortfolioCorrelation, Reason,
};

/// How correlations of holdings are estimated and which holdings take part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CorrelationSpec {
    /// Sessions looked back on.
    pub window: usize,
    /// Exponential weights with this half-life; equal weights without.
    pub half_life_sessions: Option<f64>,
    /// Common returns below which a pair has no correlation.
    pub min_overlap: usize,
    /// Correlation from which two holdings belong to one cluster.
    pub cluster_threshold: f64,
    /// Holdings below this absolute value, dollars, take no part.
    pub min_value: f64,
    /// Holdings below this share of the gross value take no part.
    pub min_weight_fraction: f64,
}

impl Default for CorrelationSpec {
    fn default() -> CorrelationSpec {
        CorrelationSpec {
            window: 63,
            half_life_sessions: None,
            min_overlap: 20,
            cluster_threshold: 0.7,
            min_value: 0.0,
            min_weight_fraction: 0.0,
        }
    }
}

impl CorrelationSpec {
    /// Name under which the correlations are stored.
    pub fn method(&self) -> String {
        match self.half_life_sessions {
            None => format!("pearson_{}", self.window),
            Some(half_life) => format!("ewma_{}_{half_life}", self.window),
        }
    }
}

struct Node {
    instrument_id: i64,
    kind: InstrumentKind,
    value: f64,
    tags: BTreeSet<String>,
    sector: Option<String>,
}

/// Correlations of a portfolio at `as_of`; the exclusions come beside them.
pub fn correlate(
    book: &Book,
    views: &[PositionView],
    market: &Market,
    instruments: &[Instrument],
    panel: &ReturnPanel,
    as_of: NaiveDate,
    spec: &CorrelationSpec,
) -> Result<(Partial<PortfolioCorrelation>, Vec<Exclusion>), CorrelationError> {
    let (nodes, mut exclusions) = nodes(book, views, market, instruments);
    let unvalued = exclusions.len();
    let gross: f64 = nodes.values().map(|node| node.value.abs()).sum();
    let large = |node: &Node| {
        node.value.abs() >= spec.min_value && node.value.abs() >= spec.min_weight_fraction * gross
    };
    let window = panel.window(as_of, spec.window);
    let absent = vec![None; window.len()];
    let taking_part: Vec<(&String, &Node)> = nodes.iter().filter(|(_, node)| large(node)).collect();
    let series: Vec<&[Option<f64>]> = taking_part
        .iter()
        .map(|(_, node)| {
            panel.instruments.get(&node.instrument_id).map_or(&absent[..], |all| &all[window.clone()])
        })
        .collect();
    let all = match spec.half_life_sessions {
        None => pearson(&series, spec.min_overlap)?,
        Some(half_life) => ewma(&series, half_life, spec.min_overlap)?,
    };
    let members = all.complete_subset();
    exclusions.extend(left_out(&taking_part, &series, &members, spec, gross));
    let kept: Vec<(&String, &Node)> = members.iter().map(|i| taking_part[*i]).collect();
    let (value, issues) =
        summarise(&all.subset(&members), &kept, unvalued + nodes.len() - kept.len(), gross, spec);
    Ok((Partial { value, issues }, exclusions))
}

/// The nodes by symbol, and the holdings that have no value to make one of.
fn nodes(
    book: &Book,
    views: &[PositionView],
    market: &Market,
    instruments: &[Instrument],
) -> (BTreeMap<String, Node>, Vec<Exclusion>) {
    let known: BTreeMap<&str, &Instrument> =
        instruments.iter().map(|instrument| (instrument.symbol.as_str(), instrument)).collect();
    let mut nodes: BTreeMap<String, Node> = BTreeMap::new();
    let mut unvalued = Vec::new();
    for view in views {
        let lot = &book.lots[view.lot];
        let symbol = lot.instrument.risk_symbol();
        let value = view.delta_adjusted().ok().or(view.market_value);
        let (Some(id), Some(value)) = (market.ids.get(symbol), value) else {
            let reason = view.mark.err().unwrap_or(Reason::NoPrice);
            let detail = format!("left out of the correlations: {}", explain(reason));
            let issue = Issue::error(&lot.instrument.symbol, reason, detail);
            unvalued.push(exclusion_of(issue, view, gross_weight(views)));
            continue;
        };
        let node = nodes.entry(symbol.to_owned()).or_insert_with(|| Node {
            instrument_id: *id,
            kind: known.get(symbol).map_or(lot.instrument.kind, |instrument| instrument.kind),
            value: 0.0,
            tags: BTreeSet::new(),
            sector: known.get(symbol).and_then(|instrument| instrument.sector.clone()),
        });
        node.value += value;
        node.tags.extend(lot.tags.iter().cloned());
    }
    (nodes, merge(unvalued))
}

fn left_out(
    taking_part: &[(&String, &Node)],
    series: &[&[Option<f64>]],
    members: &[usize],
    spec: &CorrelationSpec,
    gross: f64,
) -> Vec<Exclusion> {
    let out = (0..taking_part.len()).filter(|i| !members.contains(i));
    out.map(|i| {
        let (symbol, node) = taking_part[i];
        let returns = series[i].iter().flatten().count();
        let reason = match node.kind {
            InstrumentKind::Private => Reason::PrivateAsset,
            _ if returns >= spec.min_overlap && never_moves(series[i]) => Reason::ConstantSeries,
            _ => Reason::InsufficientHistory,
        };
        let detail =
            format!("left out of the correlations over {} sessions: {}", spec.window, explain(reason));
        exclusion(Issue::error(symbol, reason, detail), Some(node.value), gross)
    })
    .collect()
}

fn never_moves(returns: &[Option<f64>]) -> bool {
    let present: Vec<f64> = returns.iter().flatten().copied().collect();
    is_constant(&present)
}

fn summarise(
    matrix: &PackedCorrelation,
    kept: &[(&String, &Node)],
    excluded: usize,
    gross: f64,
    spec: &CorrelationSpec,
) -> (PortfolioCorrelation, Vec<Issue>) {
    let mut issues = Vec::new();
    let (matrix, min_eigenvalue, repaired) = match repair(matrix) {
        Ok(done) => {
            let repaired = done.smallest_eigenvalue.is_some();
            (done.correlation, done.smallest_eigenvalue, repaired)
        }
        Err(error) => {
            let detail =
                format!("the correlation matrix is not positive semidefinite and was not repaired: {error}");
            issues.push(Issue::warning("correlations", Reason::InvalidInput, detail));
            (matrix.clone(), None, false)
        }
    };
    let nodes: Vec<ClusterNode> = kept
        .iter()
        .map(|(symbol, node)| ClusterNode {
            symbol: (*symbol).clone(),
            value: node.value,
            tags: node.tags.iter().cloned().collect(),
            sector: node.sector.clone(),
        })
        .collect();
    let correlation = PortfolioCorrelation {
        method: spec.method(),
        window_sessions: spec.window,
        average_correlation: matrix.average(),
        effective_bets: matrix.effective_bets(),
        min_eigenvalue,
        repaired,
        excluded,
        symbols: nodes.iter().map(|node| node.symbol.clone()).collect(),
        pairs: (0..matrix.n)
            .flat_map(|i| (0..i).map(move |j| (i, j)))
            .map(|(i, j)| matrix.get(i, j))
            .collect(),
        clusters: clusters(&matrix, &nodes, spec.cluster_threshold)
            .into_iter()
            // Every pair of the kept nodes has a correlation, so every cluster has an average.
            .filter_map(|cluster| {
                Some(CorrelationCluster {
                    name: cluster.name,
                    average_correlation: cluster.average_correlation?,
                    value: cluster.value,
                    weight_fraction: (gross > 0.0).then(|| cluster.value / gross),
                    members: cluster.members.iter().map(|i| nodes[*i].symbol.clone()).collect(),
                })
            })
            .collect(),
    };
    (correlation, issues)
}
