//! Factors and what a regression on them yields.

use serde::{Deserialize, Serialize};

use super::{Reason, instrument::text_enum};

/// Name of the market factor.
pub const MARKET: &str = "Market";
/// Name of the interest-rate factor.
pub const RATES: &str = "Rates";
/// Name of the volatility shock in scenarios.
pub const VOLATILITY: &str = "Volatility";

text_enum! {
    /// How a factor's return is built.
    FactorKind {
        /// The proxy's own return.
        Market = "market",
        /// The proxy's return minus the market proxy's.
        Style = "style",
        /// Daily change of a yield, decimal (points / 100).
        Rates = "rates",
    }
}

/// Definition of one factor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FactorDefinition {
    pub name: String,
    pub kind: FactorKind,
    /// Symbol of the proxy fund, or the series id of the yield.
    pub proxy: String,
    pub description: String,
}

text_enum! {
    /// How a loading was estimated.
    FitStatus {
        /// Full window.
        Ok = "ok",
        /// The fit leaves no residual; statistics do not exist.
        Exact = "exact",
        /// Fewer observations than 80 % of the window.
        LimitedHistory = "limited_history",
        /// Fewer observations than the minimum: no numbers.
        InsufficientHistory = "insufficient_history",
        RankDeficient = "rank_deficient",
        ConstantSeries = "constant_series",
        InvalidInput = "invalid_input",
        /// Loadings that hold by definition (the market proxy, the style proxies).
        Identity = "identity",
    }
}

impl FitStatus {
    /// Whether coefficients exist.
    pub fn has_numbers(self) -> bool {
        matches!(self, FitStatus::Ok | FitStatus::Exact | FitStatus::LimitedHistory | FitStatus::Identity)
    }

    /// The reason code of a fit without coefficients.
    pub fn reason(self) -> Option<Reason> {
        match self {
            FitStatus::InsufficientHistory => Some(Reason::InsufficientHistory),
            FitStatus::RankDeficient => Some(Reason::RankDeficient),
            FitStatus::ConstantSeries => Some(Reason::ConstantSeries),
            FitStatus::InvalidInput => Some(Reason::InvalidInput),
            _ => None,
        }
    }
}

/// Loading of one instrument on one factor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FactorLoading {
    pub factor: String,
    /// Return per unit of factor return (per 1.00 of yield for rates).
    pub coefficient: f64,
    pub std_error: Option<f64>,
    pub t_value: Option<f64>,
    pub p_value: Option<f64>,
    /// Variance inflation of the regressor among the others.
    pub vif: Option<f64>,
}

/// Regression of one instrument on the factors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FactorFit {
    pub status: FitStatus,
    /// Intercept, return per session.
    pub alpha_per_day: Option<f64>,
    pub alpha_std_error: Option<f64>,
    pub alpha_t_value: Option<f64>,
    /// Two-sided, Student t.
    pub alpha_p_value: Option<f64>,
    /// Decimal fraction of the variance of returns.
    pub r_squared: Option<f64>,
    pub adj_r_squared: Option<f64>,
    /// Common observations.
    pub observations: usize,
    /// Standard deviation of the residual, per session.
    pub residual_vol_per_day: Option<f64>,
    /// Condition number of the centred, unit-scaled regressors.
    pub condition_number: Option<f64>,
    /// Parameters in effect, the intercept counted; a shrunk tilt counts for less than one.
    pub effective_parameters: Option<f64>,
    /// Remarks, e.g. a proxy with stale closes, a duration taken from the security master.
    pub flags: Vec<String>,
    /// Empty when the status has no numbers.
    pub loadings: Vec<FactorLoading>,
}

impl FactorFit {
    /// A fit without numbers.
    pub fn without_numbers(status: FitStatus, observations: usize) -> FactorFit {
        FactorFit {
            status,
            alpha_per_day: None,
            alpha_std_error: None,
            alpha_t_value: None,
            alpha_p_value: None,
            r_squared: None,
            adj_r_squared: None,
            observations,
            residual_vol_per_day: None,
            condition_number: None,
            effective_parameters: None,
            flags: Vec::new(),
            loadings: Vec::new(),
        }
    }

    /// The coefficient on a factor, when the fit has it.
    pub fn loading(&self, factor: &str) -> Option<f64> {
        self.loadings.iter().find(|l| l.factor == factor).map(|l| l.coefficient)
    }

    /// The coefficient on a factor as far as it is known: loadings by definition are zero where they name nothing, while
    /// an estimate without a factor knows nothing about it.
    pub fn known_loading(&self, factor: &str) -> Option<f64> {
        self.loading(factor).or((self.status == FitStatus::Identity).then_some(0.0))
    }
}
