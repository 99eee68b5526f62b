//! Valuation, profit and loss, exposures and snapshots against hand-worked books and the NAV identity.

mod demo_books;
mod hedge;
mod pro_forma;
mod profit;
mod random_books;
mod reconcile;
mod reconcile_delivery;
mod reconcile_history;
mod reconcile_splits;
mod snapshots;
#[path = "../support/mod.rs"]
mod support;
mod valuation;

use sigma_core::analytics::performance::Day;
use sigma_core::analytics::snapshot::{SnapshotSet, assemble};
use sigma_core::model::{Book, Reason, Severity};
use support::World;

fn exclusions(world: &World, book: &Book, days: &[Day], i: usize) -> SnapshotSet {
    assemble(book, days, i, &world.views(book, &days[i]))
}

fn reasons(set: &SnapshotSet) -> Vec<(&str, Reason, Severity)> {
    set.exclusions.iter().map(|e| (e.issue.subject.as_str(), e.issue.reason, e.issue.severity)).collect()
}
