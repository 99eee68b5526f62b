//! Where the bars of a symbol came from, in words.

use std::collections::BTreeMap;

use sigma_core::model::PriceBar;

/// Bars by provider, the one with most of them first: `polygon 240, file 12`.
pub fn by_source<'a>(bars: impl IntoIterator<Item = &'a PriceBar>) -> String {
    counted(bars.into_iter().map(|bar| bar.source.as_str()), true)
}

/// How the raw prices came about: `as_traded`, or `as_traded 240, rebuilt 12` where they differ.
pub fn by_basis<'a>(bars: impl IntoIterator<Item = &'a PriceBar>) -> String {
    counted(bars.into_iter().map(|bar| bar.basis.as_str()), false)
}

/// `counts_one`: the number is told of a single kind as well.
fn counted<'a>(kinds: impl Iterator<Item = &'a str>, counts_one: bool) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    kinds.for_each(|kind| *counts.entry(kind).or_default() += 1);
    if let ([(kind, _)], false) = (counts.iter().collect::<Vec<_>>().as_slice(), counts_one) {
        return (*kind).to_string();
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts.iter().map(|(kind, count)| format!("{kind} {count}")).collect::<Vec<_>>().join(", ")
}
