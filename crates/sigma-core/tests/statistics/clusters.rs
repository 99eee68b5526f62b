//! Clusters: hand-worked graphs and names.

use ndarray::Array2;
use proptest::prelude::*;
use sigma_core::analytics::clusters::{
    CLUSTER_THRESHOLD, Cluster, ClusterNode, NamedBy, clusters, components,
};
use sigma_core::analytics::correlation::PackedCorrelation;

fn node(symbol: &str, value: f64, tags: &[&str], sector: Option<&str>) -> ClusterNode {
    ClusterNode {
        symbol: symbol.into(),
        value,
        tags: tags.iter().map(|t| (*t).to_owned()).collect(),
        sector: sector.map(str::to_owned),
    }
}

fn linked(n: usize, links: &[(usize, usize, f64)]) -> PackedCorrelation {
    let mut matrix = Array2::eye(n);
    for (i, j, rho) in links {
        matrix[[*i, *j]] = *rho;
        matrix[[*j, *i]] = *rho;
    }
    PackedCorrelation::from_matrix(&matrix, 63)
}

fn all(correlation: &PackedCorrelation, nodes: &[ClusterNode]) -> Vec<Cluster> {
    clusters(correlation, nodes, CLUSTER_THRESHOLD)
}

#[test]
fn a_chain_is_one_cluster_and_a_loner_none() {
    let correlation = linked(5, &[(0, 1, 0.7), (1, 2, 0.9), (3, 0, 0.69), (4, 3, -0.95)]);
    let nodes: Vec<ClusterNode> =
        ["A", "B", "C", "D", "E"].iter().map(|s| node(s, 10.0, &["core"], None)).collect();
    let found = all(&correlation, &nodes);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].members, [0, 1, 2]);
    assert!((found[0].average_correlation.unwrap() - 1.6 / 3.0).abs() < 1e-15);
    assert_eq!(components(&correlation, CLUSTER_THRESHOLD), [vec![0, 1, 2], vec![3], vec![4]]);
}

#[test]
fn names_come_from_tag_then_sector_then_the_largest() {
    let pair = linked(3, &[(0, 1, 0.8), (1, 2, 0.8)]);
    let named = |nodes: &[ClusterNode]| {
        let found = all(&pair, nodes).remove(0);
        (found.name, found.named_by)
    };
    // Seventy of a hundred, a short among them, is enough.
    let tagged = [
        node("A", -40.0, &["ai", "growth"], Some("Tech")),
        node("B", 30.0, &["ai"], Some("Tech")),
        node("C", 30.0, &[], Some("Tech")),
    ];
    assert_eq!(named(&tagged), ("ai".into(), NamedBy::Tag));
    let sector = [
        node("A", 40.0, &["ai"], Some("Tech")),
        node("B", 30.0, &[], Some("Tech")),
        node("C", 30.0, &["ai"], None),
    ];
    assert_eq!(named(&sector), ("ai".into(), NamedBy::Tag));
    let by_sector = [
        node("A", 39.0, &["ai"], Some("Tech")),
        node("B", 31.0, &[], Some("Tech")),
        node("C", 30.0, &["ai"], None),
    ];
    assert_eq!(named(&by_sector), ("Tech".into(), NamedBy::Sector));
    let none = [node("B", 35.0, &[], None), node("A", -35.0, &[], None), node("C", 30.0, &[], Some("Tech"))];
    assert_eq!(named(&none), ("A".into(), NamedBy::LargestMember));
    let two_tags = [
        node("A", 50.0, &["b", "a", "b"], None),
        node("B", 50.0, &["a", "b"], None),
        node("C", 0.0, &[], None),
    ];
    assert_eq!(named(&two_tags), ("a".into(), NamedBy::Tag));
    let worthless =
        [node("B", 0.0, &["x"], None), node("A", 0.0, &["x"], None), node("C", 0.0, &["x"], None)];
    assert_eq!(named(&worthless), ("A".into(), NamedBy::LargestMember));
}

#[test]
fn a_missing_correlation_is_no_link() {
    let mut correlation = linked(2, &[(0, 1, 0.99)]);
    correlation.values[1] = None;
    assert!(all(&correlation, &[node("A", 1.0, &[], None), node("B", 1.0, &[], None)]).is_empty());
}

proptest! {
    #[test]
    fn components_are_the_classes_of_reachability(
        links in prop::collection::vec((0_usize..9, 0_usize..9), 0..12),
    ) {
        let edges: Vec<(usize, usize, f64)> = links.iter().filter(|(i, j)| i != j).map(|(i, j)| (*i, *j, 0.8)).collect();
        let groups = components(&linked(9, &edges), CLUSTER_THRESHOLD);
        // Closure by repeated relaxation: the smallest label that reaches a node.
        let mut label: Vec<usize> = (0..9).collect();
        for _ in 0..9 {
            for (i, j, _) in &edges {
                let low = label[*i].min(label[*j]);
                (label[*i], label[*j]) = (low, low);
            }
        }
        let expected: Vec<Vec<usize>> = (0..9)
            .map(|l| (0..9).filter(|i| label[*i] == l).collect::<Vec<_>>())
            .filter(|group| !group.is_empty())
            .collect();
        prop_assert_eq!(groups, expected);
    }
}
