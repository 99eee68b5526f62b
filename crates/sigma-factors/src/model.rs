//! Which estimator a run uses, and the name its results are stored under.

use clap::{Args, ValueEnum};
use sigma_cli::ToolError;
use sigma_core::analytics::factor_fit::{FitModel, FitSpec, Penalty};
use sigma_core::analytics::factor_model::DEFAULT_METHOD;

/// Estimators whose loadings may be added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Model {
    /// Market, tilts and rates together, tilts shrunk
    Prior,
    /// The same without shrinkage
    Ols,
}

/// How tilts are shrunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shrinkage {
    /// By a prior of mean zero and scale tau
    Prior,
    /// By generalised cross-validation
    Gcv,
}

#[derive(Debug, Clone, Args)]
pub struct ModelArgs {
    /// Sessions looked back on
    #[arg(long, value_name = "SESSIONS", default_value_t = 252, value_parser = clap::value_parser!(u16).range(5..=5000))]
    window: u16,
    /// Common returns below which there is no number
    #[arg(long, value_name = "N", default_value_t = 60)]
    min_obs: usize,
    /// Scale of a tilt under the prior
    #[arg(long, value_name = "SCALE", default_value_t = 0.5)]
    tau: f64,
    /// How tilts are shrunk
    #[arg(long, value_enum, default_value = "prior", value_name = "PENALTY")]
    penalty: Shrinkage,
    /// Estimator
    #[arg(long, value_enum, default_value = "prior", value_name = "MODEL")]
    model: Model,
}

impl ModelArgs {
    /// The estimator, checked.
    pub fn spec(&self) -> Result<FitSpec, ToolError> {
        // Written so that a NaN is refused too.
        if !self.tau.is_finite() || self.tau <= 0.0 {
            return Err(
                ToolError::usage(format!("--tau must be positive, {} given", self.tau)).hint("try --tau 0.5")
            );
        }
        if self.min_obs > usize::from(self.window) {
            let message = format!("--min-obs {} exceeds --window {}", self.min_obs, self.window);
            return Err(ToolError::usage(message).hint("ask for fewer observations or a longer window"));
        }
        Ok(FitSpec {
            window: usize::from(self.window),
            min_observations: self.min_obs,
            tau: self.tau,
            penalty: match self.penalty {
                Shrinkage::Prior => Penalty::Prior,
                Shrinkage::Gcv => Penalty::Gcv,
            },
            model: match self.model {
                Model::Prior => FitModel::Prior,
                Model::Ols => FitModel::Ols,
            },
        })
    }
}

/// Name under which loadings are stored. Whatever differs from the default is in it, so that a trial never replaces the
/// loadings that other engines use.
pub fn method(spec: &FitSpec) -> String {
    let default = FitSpec::default();
    let mut name = match (spec.model, spec.penalty) {
        (FitModel::Prior, Penalty::Prior) => DEFAULT_METHOD.to_owned(),
        (FitModel::Prior, Penalty::Gcv) => "gcv".to_owned(),
        (FitModel::Univariate, _) => "univariate".to_owned(),
        (FitModel::OlsRaw, _) => "ols_raw".to_owned(),
        (FitModel::Ols, _) | (FitModel::Prior, Penalty::None) => "ols".to_owned(),
    };
    if spec.window != default.window {
        name += &format!("_{}", spec.window);
    }
    if spec.min_observations != default.min_observations {
        name += &format!("_min{}", spec.min_observations);
    }
    if name.starts_with(DEFAULT_METHOD) && spec.tau != default.tau {
        name += &format!("_tau{}", spec.tau);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_default_bears_the_default_name() {
        let default = FitSpec::default();
        assert_eq!(method(&default), DEFAULT_METHOD);
        for (other, name) in [
            (FitSpec { window: 126, ..default }, "prior_126"),
            (FitSpec { tau: 0.25, min_observations: 30, ..default }, "prior_min30_tau0.25"),
            (FitSpec { penalty: Penalty::Gcv, ..default }, "gcv"),
            (FitSpec { model: FitModel::Ols, tau: 0.1, ..default }, "ols"),
        ] {
            assert_eq!(method(&other), name);
        }
    }
}
