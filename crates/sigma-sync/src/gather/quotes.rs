//! Last prices of the last session, where no daily bar of it is published yet.

use std::sync::Arc;

use sigma_core::model::InstrumentKind;
use sigma_providers::ask::SessionBars;
use sigma_providers::{Data, Fault, Provider, ProviderId};

use super::Gathering;

impl Gathering<'_> {
    /// They are provisional: a daily bar replaces them. Where there is one that was refused, a last price would only bring
    /// in by another way what is in doubt.
    pub(super) async fn last_quotes(&mut self, service: &Arc<Provider>) -> anyhow::Result<()> {
        let to = self.state.needs.to;
        let has_bar =
            |symbol: &str| self.state.covered.bars.get(symbol).is_some_and(|dates| dates.contains(&to));
        let is_refused =
            |symbol: &str| self.state.refused.get(symbol).is_some_and(|dates| dates.contains(&to));
        let is_fund = |symbol: &str| self.state.kind(symbol) == Some(InstrumentKind::MutualFund);
        let is_open = |symbol: &str| !has_bar(symbol) && !is_refused(symbol) && !is_fund(symbol);
        let wanted = self.wanted().into_iter().filter(|(symbol, until)| *until == to && is_open(symbol));
        let symbols: Vec<(String, String)> =
            wanted.map(|(symbol, _)| (self.known_as(&symbol), symbol)).collect();
        let Provider::Fmp(_) = &**service else { return Ok(()) };
        if symbols.is_empty() || self.down_with(service.id(), Data::Prices).is_some() {
            return Ok(());
        }
        let ask =
            move |service: Arc<Provider>, symbols: Vec<(String, String)>| -> super::Asking<SessionBars> {
                Box::pin(async move {
                    let symbols: Vec<String> = symbols.into_iter().map(|(asked, _)| asked).collect();
                    match &*service {
                        Provider::Fmp(fmp) => fmp.session_bars(&symbols, to).await,
                        _ => Ok(SessionBars::default()),
                    }
                })
            };
        self.ask_all(
            service,
            Data::Prices,
            vec![symbols],
            ask,
            |this, symbols, result: Result<SessionBars, Fault>| {
                match result {
                    Ok(session) => {
                        let offered = this.from(ProviderId::Fmp);
                        for (asked, symbol) in symbols {
                            let bar = session.bars.get(asked).cloned();
                            offered.bars.entry(symbol.clone()).or_default().extend(bar);
                        }
                    }
                    // Only the attempt to do better has failed: what is missing is told as before.
                    Err(fault) => {
                        this.app.detail(&format!("last prices of {} symbols: {fault}", symbols.len()))
                    }
                }
            },
        )
        .await
    }
}
