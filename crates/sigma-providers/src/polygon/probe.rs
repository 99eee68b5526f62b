//! What this key may be used for: one small request a kind of data.

use super::fault::read;
use super::paging::plain_rows;
use super::row::Row;
use super::{Polygon, reference};
use crate::ask::Ability;
use crate::fault::{Fault, FaultKind};

impl Polygon {
    pub(super) async fn try_all(&self) -> Vec<Ability> {
        let mut abilities = vec![Ability { name: "key", outcome: self.try_key().await }];
        let is_refused = matches!(&abilities[0].outcome, Err(fault) if fault.kind == FaultKind::Auth);
        // Without a key everything else would be refused for the same reason.
        if !is_refused {
            abilities.push(Ability { name: "daily prices", outcome: self.try_prices().await });
            abilities.push(Ability { name: "option snapshots", outcome: self.try_snapshots().await });
        }
        abilities
    }

    async fn try_key(&self) -> Result<String, Fault> {
        let closures = reference::closures(&self.service).await?;
        Ok(format!("accepted; {} closures of the exchange ahead", closures.len()))
    }

    async fn try_prices(&self) -> Result<String, Fault> {
        let query = [("adjusted", "false".to_owned())];
        let request = self.service.request(&["v2", "aggs", "ticker", "SPY", "prev"], &query);
        let rows = plain_rows(&self.service, request).await?;
        let row = rows.first().map(Row);
        let last = row.and_then(|row| Some((row.date_of_millis("t")?, row.above_zero("c")?)));
        let (date, close) = last
            .ok_or_else(|| Fault::new(self.service.name(), FaultKind::NoData, "no previous close of SPY"))?;
        Ok(format!("SPY closed at {close} on {date}"))
    }

    async fn try_snapshots(&self) -> Result<String, Fault> {
        #[derive(serde::Deserialize)]
        struct Chain {
            results: Option<Vec<serde_json::Value>>,
        }
        let query = [("limit", "1".to_owned())];
        let request = self.service.request(&["v3", "snapshot", "options", "SPY"], &query);
        // One page: the next ones are the whole chain.
        let chain: Chain = self.service.get(&request, read).await?;
        let rows = chain.results.unwrap_or_default();
        let row = rows.first().map(Row).ok_or_else(|| {
            Fault::new(self.service.name(), FaultKind::NoData, "no contract of SPY in the snapshot")
        })?;
        let has = |name| if row.object(name).0.is_object() { "with" } else { "without" };
        Ok(format!("{} bid and ask, {} Greeks", has("last_quote"), has("greeks")))
    }
}
