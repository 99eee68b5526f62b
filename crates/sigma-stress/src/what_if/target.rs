//! Exposures that a hedge can be asked for, by name.

use std::str::FromStr;

use sigma_core::analytics::positions::{PositionGreeks, PositionView};
use sigma_core::model::{MARKET, Reason};

/// Names that stand for themselves: those of limits, then what limits do not have.
const NAMES: [(&str, Exposure); 8] = [
    ("beta", Exposure::MarketBeta),
    ("net", Exposure::Net),
    ("delta_dollars", Exposure::Greek(|g| g.delta_dollars)),
    ("gamma_dollars_per_1pct", Exposure::Greek(|g| g.gamma_dollars_per_1pct)),
    ("theta_per_day", Exposure::Greek(|g| g.theta_per_day)),
    ("vega_per_point", Exposure::Greek(|g| g.vega_per_point)),
    ("rho_per_point", Exposure::Greek(|g| g.rho_per_point)),
    ("beta_adjusted_usd", Exposure::BetaAdjusted),
];

/// What exposures are called elsewhere.
const ALIASES: [(&str, &str); 4] = [
    ("market_beta", "beta"),
    ("theta_usd_per_day", "theta_per_day"),
    ("vega_usd_per_point", "vega_per_point"),
    ("rho_usd_per_point", "rho_per_point"),
];

/// Every form of a target, for help.
pub const TARGETS: &str = "beta, net, delta_dollars, gamma_dollars_per_1pct, theta_per_day, vega_per_point, \
                           rho_per_point, beta_adjusted_usd, factor:NAME (dollars), beta:NAME (over NAV)";

/// What is summed over positions.
#[derive(Debug, Clone)]
enum Exposure {
    /// Beta-adjusted dollars; asked for over NAV.
    MarketBeta,
    BetaAdjusted,
    Net,
    Greek(fn(&PositionGreeks) -> f64),
    /// Dollars on a factor.
    Factor(String),
    /// The same, asked for over NAV.
    FactorBeta(String),
}

/// An exposure and the value that it should have.
#[derive(Debug, Clone)]
pub struct Target {
    /// As it was named.
    pub name: String,
    exposure: Exposure,
    pub value: f64,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Target, String> {
        let form = || format!("expected NAME=VALUE, such as beta=0; names: {TARGETS}");
        let (name, value) = text.split_once('=').ok_or_else(form)?;
        let exposure = match name.split_once(':') {
            Some(("factor", factor)) if !factor.is_empty() => Exposure::Factor(factor.to_owned()),
            Some(("beta", factor)) if !factor.is_empty() => Exposure::FactorBeta(factor.to_owned()),
            _ => named(name).ok_or_else(form)?,
        };
        let value: Option<f64> = value.parse().ok();
        let value = value.filter(|value| value.is_finite()).ok_or_else(form)?;
        Ok(Target { name: name.to_owned(), exposure, value: value + 0.0 })
    }
}

fn named(name: &str) -> Option<Exposure> {
    let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| *name);
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, exposure)| exposure.clone())
}

impl Target {
    /// The factor that it names, if any.
    pub fn factor(&self) -> Option<&str> {
        match &self.exposure {
            Exposure::Factor(factor) | Exposure::FactorBeta(factor) => Some(factor),
            _ => None,
        }
    }

    /// The factor whose loadings it is made of, if any.
    pub fn loads_on(&self) -> Option<&str> {
        match &self.exposure {
            Exposure::MarketBeta | Exposure::BetaAdjusted => Some(MARKET),
            Exposure::Factor(factor) | Exposure::FactorBeta(factor) => Some(factor),
            Exposure::Net | Exposure::Greek(_) => None,
        }
    }

    /// What a position's dollars are divided by to read as the target does: NAV for betas.
    pub fn unit(&self, nav: f64) -> f64 {
        match self.exposure {
            Exposure::MarketBeta | Exposure::FactorBeta(_) => nav,
            _ => 1.0,
        }
    }

    /// Dollars of one position.
    pub fn dollars(&self, view: &PositionView) -> Result<f64, Reason> {
        let of_factor = |factor: &str| {
            let all = view.factor_dollars.as_ref().map_err(|reason| *reason)?;
            // A loading that a fit does not have moves nothing that is known.
            Ok(all.iter().find(|(name, _)| name == factor).map_or(0.0, |(_, dollars)| *dollars))
        };
        match &self.exposure {
            Exposure::MarketBeta | Exposure::BetaAdjusted => of_factor(MARKET),
            Exposure::Factor(factor) | Exposure::FactorBeta(factor) => of_factor(factor),
            Exposure::Net => view.market_value.ok_or(view.mark.err().unwrap_or(Reason::NoPrice)),
            Exposure::Greek(pick) => view.greeks.map(|greeks| pick(&greeks)),
        }
    }
}

#[cfg(test)]
mod tests {
    use sigma_core::analytics::limits::Measure;

    use super::*;

    #[test]
    fn names_are_read_or_listed() {
        let target: Target = "factor:Low Volatility=-2.5e3".parse().unwrap();
        assert_eq!((target.factor(), target.value), (Some("Low Volatility"), -2500.0));
        assert_eq!("beta:Value=0".parse::<Target>().unwrap().unit(10.0), 10.0);
        for (name, _) in NAMES.iter().filter(|(name, _)| *name != "beta_adjusted_usd") {
            assert!(Measure::find(name).is_some(), "{name} is what limits call it");
            assert!(TARGETS.contains(name) && format!("{name}=0").parse::<Target>().is_ok());
        }
        for (alias, name) in ALIASES {
            assert!(named(alias).is_some() && named(name).is_some());
        }
        for text in ["market_beta", "market_beta=", "net=inf", "size=1", "factor:=1", "beta:=0"] {
            assert!(text.parse::<Target>().unwrap_err().contains("gamma_dollars_per_1pct"), "{text}");
        }
    }
}
