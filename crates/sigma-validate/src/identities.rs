//! Identities between stored results, to the cent.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use sigma_core::calendar::{Calendar, CalendarError};
use sigma_core::model::{Dimension, ExposureRow, MarketRiskResult, ScenarioPnl, Snapshot, StressResult};

/// Half a cent, and what summing large numbers in double precision leaves of them.
const CENT: f64 = 0.005;
const RELATIVE: f64 = 1e-11;

/// One identity that does not hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Broken {
    pub rule: &'static str,
    pub portfolio_id: i64,
    /// The first date.
    pub as_of: NaiveDate,
    /// Rows of the portfolio that it does not hold for.
    pub rows: usize,
    pub detail: String,
}

/// Beyond what rounding explains, given the size of the numbers that were added up.
pub fn differs(a: f64, b: f64, scale: f64) -> bool {
    (a - b).abs() > CENT + RELATIVE * scale.abs()
}

/// NAV against its parts on each date, and its change between sessions that follow each other.
pub fn snapshots(rows: &[(i64, Snapshot)], calendar: &Calendar) -> Result<Vec<Broken>, CalendarError> {
    let mut broken = Vec::new();
    for (id, s) in rows {
        let parts = s.cash + s.long_value + s.short_value;
        if differs(s.nav, parts, s.gross) {
            let detail = format!("NAV {:.2}, cash + long + short {parts:.2}", s.nav);
            broken.push(Broken {
                rule: "NAV = cash + long + short",
                portfolio_id: *id,
                as_of: s.as_of,
                rows: 1,
                detail,
            });
        }
    }
    for pair in rows.windows(2) {
        let [(id, before), (next_id, after)] = pair else { continue };
        if id != next_id || calendar.next(before.as_of)? != after.as_of {
            continue;
        }
        let (change, explained) = (after.nav - before.nav, after.day_pnl + after.flows);
        if differs(change, explained, after.gross + after.nav) {
            let detail = format!("change {change:.2}, P&L + flows {explained:.2} since {}", before.as_of);
            let rule = "NAV change = P&L + flows";
            broken.push(Broken { rule, portfolio_id: *id, as_of: after.as_of, rows: 1, detail });
        }
    }
    Ok(broken)
}

/// Total exposures against the snapshot, and sums by asset type, sector and underlying against the total. Tags overlap.
pub fn exposures(rows: &[(i64, NaiveDate, ExposureRow)], snapshots: &[(i64, Snapshot)]) -> Vec<Broken> {
    let mut sums: BTreeMap<(i64, NaiveDate, Dimension), [f64; 2]> = BTreeMap::new();
    for (id, as_of, row) in rows {
        let sum = sums.entry((*id, *as_of, row.dimension)).or_default();
        sum[0] += row.gross;
        sum[1] += row.net;
    }
    let mut broken = Vec::new();
    for (id, s) in snapshots {
        for dimension in [Dimension::Total, Dimension::AssetType, Dimension::Sector, Dimension::Underlying] {
            let Some([gross, net]) = sums.get(&(*id, s.as_of, dimension)) else { continue };
            if differs(*gross, s.gross, s.gross) || differs(*net, s.net, s.gross) {
                let detail = format!(
                    "{dimension}: gross {gross:.2} and net {net:.2}, snapshot {:.2} and {:.2}",
                    s.gross, s.net
                );
                let rule = "exposures add up to the snapshot";
                broken.push(Broken { rule, portfolio_id: *id, as_of: s.as_of, rows: 1, detail });
            }
        }
    }
    broken
}

/// Parts by factor against the total of each scenario and mode.
pub fn stress(rows: &[(i64, NaiveDate, StressResult)]) -> Vec<Broken> {
    let modes = rows.iter().flat_map(|(id, as_of, result)| {
        [("direct", &result.direct), ("correlated", &result.correlated)].map(|(mode, outcome)| {
            (*id, *as_of, format!("{} ({mode})", result.scenario_id), outcome.as_ref().ok())
        })
    });
    modes.filter_map(|(id, as_of, name, total)| parts(id, as_of, &name, total?)).collect()
}

/// The same for market-risk moves.
pub fn market_risk(rows: &[(i64, NaiveDate, MarketRiskResult)]) -> Vec<Broken> {
    let found = |(id, as_of, result): &(i64, NaiveDate, MarketRiskResult)| {
        parts(*id, *as_of, &result.scenario_id, result.outcome.as_ref().ok()?)
    };
    rows.iter().filter_map(found).collect()
}

fn parts(portfolio_id: i64, as_of: NaiveDate, name: &str, total: &ScenarioPnl) -> Option<Broken> {
    let sum: f64 = total.by_factor.iter().map(|part| part.pnl).sum();
    let size: f64 = total.by_factor.iter().map(|part| part.pnl.abs()).sum();
    differs(sum, total.pnl, size).then(|| Broken {
        rule: "parts of a scenario add up to its total",
        portfolio_id,
        as_of,
        rows: 1,
        detail: format!("{name}: parts {sum:.2}, total {:.2}", total.pnl),
    })
}

#[cfg(test)]
mod tests {
    use sigma_core::model::FactorPnl;

    use super::*;

    #[test]
    fn parts_may_miss_by_rounding_only() {
        let part = |factor: &str, pnl| FactorPnl { factor: factor.into(), pnl };
        let total = |pnl| ScenarioPnl {
            pnl,
            fraction: None,
            by_factor: vec![part("Market", -70.0), part("Rates", 20.0)],
        };
        let date = NaiveDate::default();
        assert_eq!(parts(1, date, "x", &total(-50.001)), None);
        let broken = parts(1, date, "x", &total(-50.01)).unwrap();
        assert_eq!(broken.detail, "x: parts -50.00, total -50.01");
    }
}
