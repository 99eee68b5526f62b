//! Covariance and correlation of the factors by date and method.

use async_recursion::async_recursion as boxed;
use chrono::NaiveDate;
use serde_json::Value;
use sigma_core::model::FactorMatrix;

use crate::{
    Store,
    error::{Result, StoreError},
    save::{Filter, Record, Saved},
    value::{count, from_json, pack, size, to_json, unpack},
};

record! {
    FactorMatrixRecord in factor_covariances,
    entity method: String, date as_of, part [], run [run_id],
    key (as_of: NaiveDate, method: String),
    {
        as_of: NaiveDate,
        method: String,
        factors: Value,
        packed: Vec<u8>,
        observations: i64,
        shrinkage: Option<f64>,
    }
}

/// Values in a lower triangle with its diagonal.
fn triangle(n: usize) -> usize {
    n * (n + 1) / 2
}

impl FactorMatrixRecord {
    fn new(run_id: i64, matrix: FactorMatrix) -> Result<FactorMatrixRecord> {
        let mut record = FactorMatrixRecord {
            as_of: matrix.as_of,
            method: matrix.method,
            factors: Value::Null,
            packed: Vec::new(),
            observations: 0,
            shrinkage: matrix.shrinkage,
            run_id,
        };
        record.check_size(matrix.factors.len(), matrix.packed.len())?;
        record.factors = to_json(|| record.describe(), "factors", &matrix.factors)?;
        record.packed = pack(|| record.describe(), "packed", &matrix.packed)?;
        record.observations = count(|| record.describe(), "observations", matrix.observations)?;
        Ok(record)
    }

    fn into_matrix(self) -> Result<FactorMatrix> {
        let row = || self.describe();
        let factors: Vec<String> = from_json(row, "factors", self.factors.clone())?;
        let packed = unpack(row, "packed", &self.packed)?;
        self.check_size(factors.len(), packed.len())?;
        let observations = size(row, "observations", self.observations)?;
        let FactorMatrixRecord { as_of, method, shrinkage, .. } = self;
        Ok(FactorMatrix { as_of, method, factors, packed, observations, shrinkage })
    }

    fn check_size(&self, factors: usize, values: usize) -> Result<()> {
        match values == triangle(factors) {
            true => Ok(()),
            false => {
                Err(StoreError::invalid(self.describe(), format!("{values} values for {factors} factors")))
            }
        }
    }
}

impl Store {
    /// Makes the matrices of a method between two dates (both included) exactly these.
    #[boxed]
    pub async fn save_factor_matrices(
        &mut self,
        run_id: i64,
        from: NaiveDate,
        to: NaiveDate,
        method: &str,
        matrices: Vec<FactorMatrix>,
    ) -> Result<Saved> {
        let filter = Filter { from, to, entities: Some(vec![method.to_owned()]), part: None };
        let records = matrices.into_iter().map(|matrix| FactorMatrixRecord::new(run_id, matrix));
        self.replace(filter, records.collect::<Result<Vec<_>>>()?).await
    }

    /// Matrices of a method between two dates, both included, by date.
    #[boxed]
    pub async fn factor_matrices(
        &mut self,
        from: NaiveDate,
        to: NaiveDate,
        method: &str,
    ) -> Result<Vec<FactorMatrix>> {
        let filter = Filter { from, to, entities: Some(vec![method.to_owned()]), part: None };
        let records: Vec<FactorMatrixRecord> = self.rows(filter).await?;
        records.into_iter().map(FactorMatrixRecord::into_matrix).collect()
    }
}
