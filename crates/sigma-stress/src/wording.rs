//! Shocks in words.

use sigma_core::model::{MARKET, MarketRiskShock, Scenario, Shock, ShockBasis};

/// `Market -15 %, Low Volatility -25 % (own return), volatility +150 %`
pub fn shocks(scenario: &Scenario) -> String {
    scenario.shocks.iter().map(shock).collect::<Vec<_>>().join(", ")
}

fn shock(shock: &Shock) -> String {
    match shock {
        Shock::Factor { factor, size, .. } if factor == MARKET => format!("{factor} {}", percent(*size)),
        Shock::Factor { factor, size, basis } => {
            let meaning = match basis {
                ShockBasis::Spread => "against the market",
                ShockBasis::Return => "own return",
            };
            format!("{factor} {} ({meaning})", percent(*size))
        }
        Shock::RatesBp { bp } => format!("yields {}", basis_points(*bp)),
        Shock::Volatility { size } => format!("option volatilities {} (relative)", percent(*size)),
        Shock::Symbol { symbol, size } => format!("{symbol} {}", percent(*size)),
    }
}

/// `market -10 %` or `yields +25 bp`.
pub fn market_risk(shock: MarketRiskShock) -> String {
    match shock {
        MarketRiskShock::Market(size) => format!("market {}", percent(size)),
        MarketRiskShock::RatesBp(bp) => format!("yields {}", basis_points(bp)),
    }
}

fn percent(size: f64) -> String {
    format!("{} %", signed(size * 100.0))
}

fn basis_points(bp: f64) -> String {
    format!("{} bp", signed(bp))
}

/// With its sign and at most four decimals.
fn signed(value: f64) -> String {
    let text = format!("{value:+.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_keep_their_sign_and_unit() {
        let factor = |factor: &str, size, basis| Shock::Factor { factor: factor.into(), size, basis };
        let scenario = Scenario {
            id: "x".into(),
            name: "x".into(),
            category: "c".into(),
            severity: "s".into(),
            note: None,
            active: true,
            shocks: vec![
                factor("Market", -0.15, ShockBasis::Return),
                factor("Size", 0.1, ShockBasis::Spread),
                factor("Value", -0.3, ShockBasis::Return),
                Shock::RatesBp { bp: -12.5 },
                Shock::Volatility { size: 1.5 },
                Shock::Symbol { symbol: "NVDA".into(), size: -0.25 },
            ],
        };
        let expected = "Market -15 %, Size +10 % (against the market), Value -30 % (own return), yields -12.5 bp, \
                        option volatilities +150 % (relative), NVDA -25 %";
        assert_eq!(shocks(&scenario), expected);
        assert_eq!(market_risk(MarketRiskShock::RatesBp(200.0)), "yields +200 bp");
    }
}
