//! Positions in groups, with subtotals.
//!
//! # Formula
//! A subtotal adds the known numbers of its positions; a position counts in each of its tags or strategies, so those
//! groups may add up to more than the total, by `overlap = total - sum of groups` (not positive for counts). Every
//! other grouping is a partition, and its groups add up to the total.
//!
//! # Missing numbers
//! As in [`total`]: a subtotal is absent when an engine has not run for one of its positions or none of them is known,
//! else it leaves out what is unknown; `valued_count` says how many positions have a value.
//!
//! # Verified by
//! Partition and overlap identities below.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::exposures::UNCLASSIFIED;
use super::positions::{PositionGreeks, PositionView, total};
use crate::model::{Book, Lot, Reason, strategy_of, text_enum};

/// Group of positions without a tag or strategy.
pub const UNGROUPED: &str = "(none)";

text_enum! {
    /// What positions are grouped by.
    GroupBy {
        Tag = "tag",
        /// Kind of instrument: stock, etf, option.
        Type = "type",
        /// LONG, SHORT, LC, LP, SC, SP.
        PositionType = "position_type",
        Underlying = "underlying",
        /// Tags that begin with `strategy:`.
        Strategy = "strategy",
        Sector = "sector",
    }
}

impl GroupBy {
    /// Groups that a lot belongs to; at least one.
    pub fn labels(self, lot: &Lot) -> Vec<String> {
        let instrument = &lot.instrument;
        let labels = match self {
            GroupBy::Tag => lot.tags.clone(),
            GroupBy::Strategy => {
                lot.tags.iter().filter_map(|tag| strategy_of(tag)).map(str::to_owned).collect()
            }
            GroupBy::Type => vec![instrument.kind.as_str().to_owned()],
            GroupBy::PositionType => vec![lot.position_type().to_owned()],
            GroupBy::Underlying => vec![instrument.risk_symbol().to_owned()],
            GroupBy::Sector => vec![instrument.sector.clone().unwrap_or_else(|| UNCLASSIFIED.to_owned())],
        };
        if labels.is_empty() { vec![UNGROUPED.to_owned()] } else { labels }
    }
}

/// Sums over positions, dollars.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Subtotal {
    pub position_count: i64,
    /// Positions among them that have a value.
    pub valued_count: i64,
    /// Signed.
    pub market_value: Option<f64>,
    /// Of absolute market values.
    pub gross: Option<f64>,
    pub cost_basis: f64,
    pub unrealized_pnl: Option<f64>,
    pub day_pnl: Option<f64>,
    pub delta_dollars: Option<f64>,
    pub gamma_dollars_per_1pct: Option<f64>,
    pub theta_per_day: Option<f64>,
    pub vega_per_point: Option<f64>,
    pub rho_per_point: Option<f64>,
    pub beta_adjusted: Option<f64>,
}

/// Positions by group, groups in alphabetical order.
pub fn groups<'a>(
    book: &Book,
    views: &'a [PositionView],
    by: GroupBy,
) -> BTreeMap<String, Vec<&'a PositionView>> {
    let mut groups: BTreeMap<String, Vec<&PositionView>> = BTreeMap::new();
    for view in views {
        for label in by.labels(&book.lots[view.lot]) {
            groups.entry(label).or_default().push(view);
        }
    }
    groups
}

/// Sums over some positions.
pub fn subtotal(views: &[&PositionView]) -> Subtotal {
    let valued = |pick: fn(&PositionView) -> Option<f64>| {
        let reason = |view: &PositionView| view.mark.err().unwrap_or(Reason::NoPrice);
        total(views.iter().map(|view| pick(view).ok_or(reason(view))))
    };
    let greek = |pick: fn(&PositionGreeks) -> f64| {
        total(views.iter().map(|view| view.greeks.as_ref().map(pick).map_err(|reason| *reason)))
    };
    Subtotal {
        position_count: views.len() as i64,
        valued_count: views.iter().filter(|view| view.market_value.is_some()).count() as i64,
        market_value: valued(|view| view.market_value),
        gross: valued(|view| view.market_value.map(f64::abs)),
        cost_basis: views.iter().map(|view| view.cost_basis).sum(),
        unrealized_pnl: valued(|view| view.unrealized_pnl),
        day_pnl: valued(|view| view.day_pnl),
        delta_dollars: greek(|greeks| greeks.delta_dollars),
        gamma_dollars_per_1pct: greek(|greeks| greeks.gamma_dollars_per_1pct),
        theta_per_day: greek(|greeks| greeks.theta_per_day),
        vega_per_point: greek(|greeks| greeks.vega_per_point),
        rho_per_point: greek(|greeks| greeks.rho_per_point),
        beta_adjusted: total(views.iter().map(|view| view.beta_adjusted())),
    }
}

/// Subtotals added up; what is unknown in each of them stays unknown.
pub fn added(sums: &[Subtotal]) -> Subtotal {
    let none = Subtotal {
        position_count: 0,
        valued_count: 0,
        market_value: None,
        gross: None,
        cost_basis: 0.0,
        unrealized_pnl: None,
        day_pnl: None,
        delta_dollars: None,
        gamma_dollars_per_1pct: None,
        theta_per_day: None,
        vega_per_point: None,
        rho_per_point: None,
        beta_adjusted: None,
    };
    let plus = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (known, None) | (None, known) => known,
    };
    sums.iter().fold(none, |sum, other| sum.combined(other, 1, plus))
}

/// What must be added to the sum of overlapping groups to reach the total.
pub fn overlap(whole: &Subtotal, counted: &Subtotal) -> Subtotal {
    // Groups without a known number add nothing to a total that is known.
    whole.combined(counted, -1, |whole, counted| whole.map(|whole| whole - counted.unwrap_or(0.0)))
}

impl Subtotal {
    fn combined(
        &self,
        other: &Subtotal,
        sign: i64,
        of: fn(Option<f64>, Option<f64>) -> Option<f64>,
    ) -> Subtotal {
        let (a, b) = (self, other);
        Subtotal {
            position_count: a.position_count + sign * b.position_count,
            valued_count: a.valued_count + sign * b.valued_count,
            market_value: of(a.market_value, b.market_value),
            gross: of(a.gross, b.gross),
            cost_basis: a.cost_basis + sign as f64 * b.cost_basis,
            unrealized_pnl: of(a.unrealized_pnl, b.unrealized_pnl),
            day_pnl: of(a.day_pnl, b.day_pnl),
            delta_dollars: of(a.delta_dollars, b.delta_dollars),
            gamma_dollars_per_1pct: of(a.gamma_dollars_per_1pct, b.gamma_dollars_per_1pct),
            theta_per_day: of(a.theta_per_day, b.theta_per_day),
            vega_per_point: of(a.vega_per_point, b.vega_per_point),
            rho_per_point: of(a.rho_per_point, b.rho_per_point),
            beta_adjusted: of(a.beta_adjusted, b.beta_adjusted),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::valuation::Mark;
    use super::*;
    use crate::model::{Instrument, InstrumentKind, Portfolio, Position};

    const TAGS: [&str; 4] = ["Core", "Tech", "strategy:Pairs", "strategy:Income"];

    fn date() -> chrono::NaiveDate {
        chrono::NaiveDate::from_ymd_opt(2025, 6, 30).unwrap_or_default()
    }

    /// One lot for each (quantity, price, tags); without a price the lot has no value.
    fn world(rows: &[(f64, Option<f64>, [bool; 4])]) -> (Book, Vec<PositionView>) {
        let portfolio = Portfolio {
            id: 1,
            user_id: 1,
            slug: "a".into(),
            name: "A".into(),
            currency: "USD".into(),
            opened_on: date(),
            is_demo: false,
        };
        let mut book = Book { portfolio, lots: Vec::new(), cash: Vec::new() };
        let mut views = Vec::new();
        for (i, (quantity, price, tags)) in rows.iter().enumerate() {
            let named = TAGS.iter().zip(tags).filter(|(_, on)| **on).map(|(tag, _)| (*tag).to_owned());
            book.lots.push(Lot {
                position: Position {
                    id: i as i64,
                    portfolio_id: 1,
                    instrument_id: i as i64,
                    quantity: *quantity,
                    entry_price: 10.0,
                    entry_date: date(),
                    exit_price: None,
                    exit_date: None,
                    adjusted_through: None,
                },
                instrument: Instrument {
                    id: i as i64,
                    symbol: ["AAPL", "MSFT", "SPY"][i % 3].into(),
                    kind: InstrumentKind::Stock,
                    name: None,
                    sector: (i % 3 == 0).then(|| "Technology".to_owned()),
                    industry: None,
                    exchange: None,
                    country: None,
                    currency: "USD".into(),
                    market_cap: None,
                    dividend_yield: None,
                    duration: None,
                    convexity: None,
                    multiplier: 1.0,
                    option: None,
                },
                tags: named.collect(),
            });
            let mark = price.map(|price| Mark { price, date: date(), age_sessions: 0 });
            let value = price.map(|price| price * quantity);
            views.push(PositionView {
                lot: i,
                mark: mark.ok_or(Reason::NoPrice),
                market_value: value,
                cost_basis: 10.0 * quantity,
                unrealized_pnl: value.map(|value| value - 10.0 * quantity),
                day_pnl: value.map(|_| 1.0),
                notional: value.ok_or(Reason::NoPrice),
                greeks: value
                    .map(|v| PositionGreeks { delta_dollars: v, ..PositionGreeks::default() })
                    .ok_or(Reason::NoPrice),
                factor_dollars: Err(Reason::NotComputed),
            });
        }
        (book, views)
    }

    proptest! {
        #[test]
        fn partitions_add_up_and_overlaps_are_what_is_counted_twice(
            rows in prop::collection::vec(
                (-50.0..50.0f64, prop::option::weighted(0.8, 1.0..100.0f64), any::<[bool; 4]>()), 1..12)
        ) {
            let (book, views) = world(&rows);
            let all = subtotal(&views.iter().collect::<Vec<_>>());
            for by in GroupBy::ALL.iter().copied() {
                let sums: Vec<Subtotal> = groups(&book, &views, by).values().map(|g| subtotal(g)).collect();
                let value: f64 = sums.iter().filter_map(|sum| sum.market_value).sum();
                let count: i64 = sums.iter().map(|sum| sum.position_count).sum();
                let twice = |view: &PositionView| by.labels(&book.lots[view.lot]).len() - 1;
                let again: f64 = views.iter().map(|v| twice(v) as f64 * v.market_value.unwrap_or(0.0)).sum();
                prop_assert_eq!(count, all.position_count + views.iter().map(twice).sum::<usize>() as i64);
                let counted = added(&sums);
                let value_again = overlap(&all, &counted).market_value.unwrap_or(0.0);
                prop_assert!((value_again + again).abs() < 1e-6);
                prop_assert!((counted.cost_basis + overlap(&all, &counted).cost_basis - all.cost_basis).abs() < 1e-6);
                prop_assert!((value - again - all.market_value.unwrap_or(0.0)).abs() < 1e-6);
                if !matches!(by, GroupBy::Tag | GroupBy::Strategy) {
                    prop_assert_eq!(count, all.position_count);
                }
            }
            prop_assert_eq!(all.beta_adjusted, None);
        }
    }

    #[test]
    fn every_lot_has_a_group() {
        let on = [true, false, true, false];
        let (book, views) = world(&[(1.0, Some(5.0), on), (-1.0, None, [false; 4])]);
        let names = |by: GroupBy| groups(&book, &views, by).into_keys().collect::<Vec<_>>();
        assert_eq!(names(GroupBy::Tag), ["(none)", "Core", "strategy:Pairs"]);
        assert_eq!(names(GroupBy::Strategy), ["(none)", "Pairs"]);
        assert_eq!(names(GroupBy::Sector), ["Technology", UNCLASSIFIED]);
        assert_eq!(names(GroupBy::PositionType), ["LONG", "SHORT"]);
        let unpriced = subtotal(&[&views[1]]);
        assert_eq!((unpriced.market_value, unpriced.valued_count), (None, 0));
    }
}
