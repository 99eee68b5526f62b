//! Results of the engines, one table (or two that belong together) a file. Each file has a record, its conversions
//! from and to the model, and a `save_` and a reading method on [`Store`](crate::Store).

mod correlations;
mod exclusions;
mod exposures;
mod factor_exposures;
mod factor_fits;
mod factor_matrices;
mod greeks;
mod market_risk;
mod snapshots;
mod stress;

pub(crate) use correlations::CorrelationRecord;
pub(crate) use exposures::ExposureRecord;
pub(crate) use factor_exposures::FactorExposureRecord;
pub(crate) use market_risk::MarketRiskRecord;
pub(crate) use snapshots::SnapshotRecord;
pub(crate) use stress::StressRecord;

use std::collections::HashMap;

use crate::{Store, error::Result};

/// Where things stand in their display order; unknown names come last.
pub(crate) struct DisplayOrder(HashMap<String, usize>);

impl DisplayOrder {
    pub(crate) fn of(&self, name: &str) -> usize {
        self.0.get(name).copied().unwrap_or(usize::MAX)
    }
}

impl Store {
    pub(crate) async fn factor_order(&mut self) -> Result<DisplayOrder> {
        let names = self.factors().await?.into_iter().map(|factor| factor.name);
        Ok(DisplayOrder(names.zip(0..).collect()))
    }

    pub(crate) async fn scenario_order(&mut self) -> Result<DisplayOrder> {
        let ids = self.scenarios().await?.into_iter().map(|scenario| scenario.id);
        Ok(DisplayOrder(ids.zip(0..).collect()))
    }
}
