//! Exposures that a hedge can be asked for, by name.

use std::str::FromStr;

use sigma_cli::ToolError;
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

/// Refuses two targets of one exposure, whatever they are called and counted in: the second repeats the first or
/// contradicts it.
pub fn refuse_repeated(targets: &[Target]) -> Result<(), ToolError> {
    let twin = |(at, target): (usize, &Target)| {
        let twin = targets[..at].iter().find(|other| other.measure() == target.measure())?;
        Some((twin.name.clone(), target.name.clone()))
    };
    match targets.iter().enumerate().find_map(twin) {
        None => Ok(()),
        Some((first, second)) => {
            let message = match first == second {
                true => format!("two targets are given for {first}"),
                false => format!("{first} and {second} are one exposure, and a target is given for each"),
            };
            Err(ToolError::usage(message).hint("give --target once for each exposure"))
        }
    }
}

impl Target {
    /// What is summed, whatever the target is called and counted in.
    fn measure(&self) -> &str {
        match self.loads_on() {
            Some(factor) => factor,
            None => {
                ALIASES.iter().find(|(alias, _)| *alias == self.name).map_or(&self.name, |(_, name)| name)
            }
        }
    }

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
        for [first, second] in [
            ["beta=0", "beta=0"],
            ["beta=0", "market_beta=0.1"],
            ["beta:Market=0", "beta_adjusted_usd=5"],
            ["factor:Value=0", "beta:Value=0"],
            ["vega_per_point=1", "vega_usd_per_point=2"],
        ] {
            let both = [first, second].map(|text| text.parse::<Target>().unwrap());
            assert!(refuse_repeated(&both).is_err(), "{first} {second}");
        }
        let apart = ["beta=0", "net=0", "delta_dollars=0", "factor:Value=0", "beta:Size=0"];
        assert!(refuse_repeated(&apart.map(|text| text.parse().unwrap())).is_ok());
        for text in ["market_beta", "market_beta=", "net=inf", "size=1", "factor:=1", "beta:=0"] {
            assert!(text.parse::<Target>().unwrap_err().contains("gamma_dollars_per_1pct"), "{text}");
        }
    }
}
