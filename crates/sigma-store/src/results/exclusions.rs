//! What engines left out of the numbers of portfolios, or qualified.

use async_recursion::async_recursion as boxed;
use chrono::NaiveDate;
use sigma_core::model::{Exclusion, Issue, Reason, Severity};

use crate::{
    Store,
    error::Result,
    save::{Filter, Record, Saved, Scope},
    value::{code, reason},
};

record! {
    ExclusionRecord in exclusions,
    entity portfolio_id: i64, date as_of, part [engine], run [run_id],
    key (portfolio_id: i64, as_of: NaiveDate, engine: String, subject: String, reason: String),
    {
        portfolio_id: i64,
        as_of: NaiveDate,
        engine: String,
        subject: String,
        reason: String,
        severity: String,
        detail: String,
        value: Option<f64>,
        weight_fraction: Option<f64>,
    }
}

fn severity_text(severity: Severity) -> &'static str {
    match severity {
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

fn parse_severity(text: &str) -> Option<Severity> {
    [Severity::Warning, Severity::Error].into_iter().find(|severity| severity_text(*severity) == text)
}

impl ExclusionRecord {
    fn into_exclusion(self) -> Result<(i64, NaiveDate, String, Exclusion)> {
        let row = || self.describe();
        let reason: Reason = reason(row, &self.reason)?;
        let severity = code(row, &self.severity, parse_severity(&self.severity))?;
        let issue = Issue { subject: self.subject, reason, severity, detail: self.detail };
        let exclusion = Exclusion { issue, value: self.value, weight_fraction: self.weight_fraction };
        Ok((self.portfolio_id, self.as_of, self.engine, exclusion))
    }
}

impl Store {
    /// Makes the exclusions of an engine for these portfolios and dates exactly these. A subject has one row for each
    /// reason: the caller adds up lots of one symbol.
    #[boxed]
    pub async fn save_exclusions(
        &mut self,
        run_id: i64,
        scope: &Scope,
        engine: &str,
        exclusions: Vec<(i64, NaiveDate, Exclusion)>,
    ) -> Result<Saved> {
        let record = |(portfolio_id, as_of, exclusion): (i64, NaiveDate, Exclusion)| ExclusionRecord {
            portfolio_id,
            as_of,
            engine: engine.to_owned(),
            subject: exclusion.issue.subject,
            reason: exclusion.issue.reason.as_str().to_owned(),
            severity: severity_text(exclusion.issue.severity).to_owned(),
            detail: exclusion.issue.detail,
            value: exclusion.value,
            weight_fraction: exclusion.weight_fraction,
            run_id,
        };
        let records: Vec<ExclusionRecord> = exclusions.into_iter().map(record).collect();
        self.replace(Filter::new(scope, Some(engine)), records).await
    }

    /// Exclusions of one engine, or of all, by portfolio, date, engine, subject and reason.
    #[boxed]
    pub async fn exclusions(
        &mut self,
        scope: &Scope,
        engine: Option<&str>,
    ) -> Result<Vec<(i64, NaiveDate, String, Exclusion)>> {
        let records: Vec<ExclusionRecord> = self.rows(Filter::new(scope, engine)).await?;
        records.into_iter().map(ExclusionRecord::into_exclusion).collect()
    }
}
