//! Money that a file of activity lists: what becomes an entry of the ledger, and what the ledger derives by itself.

use std::collections::HashSet;

use chrono::{Days, NaiveDate};
use sigma_brokers::statement::{Account, AssetClass, CashFlow, FlowKind};
use sigma_brokers::symbols::is_money_market;
use sigma_core::model::{CashEntry, CashKind, InstrumentKind, Market};

use super::findings::Finding;
use super::holdings::Terms;

/// A dividend that the file says was paid.
#[derive(Debug, Clone, PartialEq)]
pub struct Paid {
    pub row: u64,
    pub date: NaiveDate,
    pub symbol: String,
    pub amount: f64,
}

/// Longest time from the day a share trades without a dividend to its payment: less than a quarter, in calendar days.
const EX_TO_PAYMENT: Days = Days::new(75);

/// What the file adds to the ledger and the dividends that it names.
pub fn flows(account: &Account, terms: &Terms<'_>) -> (Vec<CashEntry>, Vec<Paid>) {
    let private: HashSet<&str> = account
        .positions
        .iter()
        .filter(|position| position.class == AssetClass::Private)
        .map(|position| position.symbol.as_str())
        .collect();
    // No provider tells what these pay, so the ledger does not derive it: it is interest.
    let pays_interest = |symbol: &str| {
        let stored = terms.stored.get(symbol);
        is_money_market(symbol)
            || private.contains(symbol)
            || stored.is_some_and(|instrument| instrument.kind == InstrumentKind::Private)
    };
    let is_new = |date: NaiveDate| date > terms.flows_after && date <= terms.as_of;
    let (mut entries, mut paid) = (Vec::new(), Vec::new());
    for flow in account.flows.iter().chain(&account.trade_costs) {
        if !is_new(flow.date) || flow.currency != "USD" {
            continue;
        }
        let symbol = flow.symbol.as_deref();
        match (flow.kind.ledger_kind(), symbol) {
            (Some(kind), _) => entries.push(entry(flow, kind)),
            (None, Some(symbol)) if !pays_interest(symbol) => paid.push(Paid {
                row: flow.row,
                date: flow.date,
                symbol: symbol.to_owned(),
                amount: flow.amount,
            }),
            (None, _) => entries.push(entry(flow, CashKind::Interest)),
        }
    }
    entries.sort_by_key(|entry| entry.date);
    (entries, paid)
}

fn entry(flow: &CashFlow, kind: CashKind) -> CashEntry {
    let described = flow.description.clone().or_else(|| flow.symbol.clone());
    let note = match (described, flow.kind) {
        (Some(text), FlowKind::Tax) => format!("tax: {text}"),
        (Some(text), _) => text,
        (None, _) => "from an imported file".to_owned(),
    };
    CashEntry { id: 0, portfolio_id: 0, date: flow.date, kind, amount: flow.amount, note: Some(note) }
}

/// Dividends of the file that no stored dividend explains: their cash is in no ledger until they are stored. Those of
/// before the opening are in none ever.
pub fn not_stored(paid: &[Paid], market: &Market, opened_on: NaiveDate) -> Vec<Finding> {
    let mut used: HashSet<(&str, NaiveDate)> = HashSet::new();
    let mut findings = Vec::new();
    for Paid { row, date, symbol, amount } in paid {
        let since = date.checked_sub_days(EX_TO_PAYMENT).unwrap_or(opened_on).max(opened_on);
        let stored = market.history(symbol).map_or(&[][..], |history| &history.dividends);
        let mut due = stored.iter().rev().filter(|dividend| {
            dividend.ex_date > since
                && dividend.ex_date <= *date
                && !used.contains(&(symbol, dividend.ex_date))
        });
        match due.next() {
            Some(dividend) => {
                used.insert((symbol, dividend.ex_date));
            }
            None => {
                let message = format!(
                    "{symbol} paid {amount:.2} on {date}, which no stored dividend since {since} tells"
                );
                findings.push(Finding::new("ERR_IMP_021", Some(*row), message).about(symbol));
            }
        }
    }
    findings
}
