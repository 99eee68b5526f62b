//! Loadings and Greeks of traded instruments that no engine has stored for the date, computed in memory as the engines
//! would.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use sigma_core::analytics::contracts::{Inputs, RATE_SESSIONS};
use sigma_core::analytics::factor_fit::FitSpec;
use sigma_core::analytics::factor_model::{ReturnPanel, fit_date};
use sigma_core::analytics::greeks::REALISED_WINDOW;
use sigma_core::calendar::Calendar;
use sigma_core::model::{
    FactorDefinition, Instrument, InstrumentKind, InstrumentResults, Issue, Reason, Severity,
    VolatilitySource,
};
use sigma_store::Store;

use super::stand_in::Stated;
use crate::database::store_error;
use crate::exit::{ExitStatus, fail};
use crate::sessions::calendar_error;

/// Adds what is missing of these instruments to the results; the issues name what was added and what cannot be.
pub async fn complete(
    store: &mut Store,
    calendar: &Calendar,
    as_of: NaiveDate,
    traded: &[Instrument],
    (instruments, definitions): (&HashMap<String, Instrument>, &[FactorDefinition]),
    stated: &Stated<'_>,
    results: &mut InstrumentResults,
) -> anyhow::Result<Vec<Issue>> {
    let underlying = |instrument: &Instrument| instruments.get(instrument.risk_symbol());
    let unfitted: BTreeSet<&str> = traded
        .iter()
        .filter_map(underlying)
        .filter(|i| i.kind != InstrumentKind::Private && !i.is_option() && !results.fits.contains_key(&i.id))
        // No loadings apply to these, whatever a regression finds.
        .filter(|i| !Instrument::is_volatility_index(&i.symbol))
        .map(|i| i.symbol.as_str())
        .collect();
    // What is stored of a contract whose price is stated is of another price, or of none.
    let lacking =
        |i: &&Instrument| i.is_option() && (stated.has(i.id) || !results.greeks.contains_key(&i.id));
    let unpriced: Vec<&Instrument> = traded.iter().filter(lacking).collect();
    let mut issues = Vec::new();
    if !unfitted.is_empty() {
        let wanted: Vec<&Instrument> =
            unfitted.iter().filter_map(|symbol| instruments.get(*symbol)).collect();
        issues.extend(fits(store, calendar, as_of, &wanted, (instruments, definitions), results).await?);
    }
    if !unpriced.is_empty() {
        issues.extend(greeks(store, calendar, as_of, &unpriced, (instruments, stated), results).await?);
    }
    Ok(issues)
}

async fn fits(
    store: &mut Store,
    calendar: &Calendar,
    as_of: NaiveDate,
    wanted: &[&Instrument],
    (instruments, definitions): (&HashMap<String, Instrument>, &[FactorDefinition]),
    results: &mut InstrumentResults,
) -> anyhow::Result<Vec<Issue>> {
    let spec = FitSpec::default();
    let warm_up = calendar.sessions_back(as_of, spec.window).map_err(calendar_error)?;
    let proxies = definitions.iter().filter_map(|definition| instruments.get(&definition.proxy));
    let needed: Vec<Instrument> = proxies.chain(wanted.iter().copied()).cloned().collect();
    let market = store.market(&needed, warm_up, as_of).await.map_err(store_error)?;
    let rates = store.rates(&[], warm_up, as_of).await.map_err(store_error)?;
    let sessions = calendar.sessions_between(warm_up, as_of).map_err(calendar_error)?;
    let panel = ReturnPanel::new(&market, &rates, definitions, sessions);
    let fitted = fit_date(&panel, definitions, wanted, as_of, spec).map_err(|error| {
        let message = format!("the factors of {as_of}: {error}");
        fail(ExitStatus::Failed, message, "see `sigma-factors definitions`")
    })?;
    let mut issues = fitted.issues;
    for (id, fit) in fitted.value {
        let symbol = wanted.iter().find(|i| i.id == id).map_or("", |i| &i.symbol);
        if fit.status.has_numbers() {
            issues.push(in_memory(symbol, "loadings", "sigma-factors run"));
        }
        results.fits.insert(id, fit);
    }
    Ok(issues)
}

async fn greeks(
    store: &mut Store,
    calendar: &Calendar,
    as_of: NaiveDate,
    wanted: &[&Instrument],
    (instruments, stated): (&HashMap<String, Instrument>, &Stated<'_>),
    results: &mut InstrumentResults,
) -> anyhow::Result<Vec<Issue>> {
    let back = |sessions| calendar.sessions_back(as_of, sessions).map_err(calendar_error);
    let (warm_up, rates_from) = (back(REALISED_WINDOW)?, back(RATE_SESSIONS)?);
    let underlyings: BTreeSet<&str> = wanted.iter().map(|i| i.risk_symbol()).collect();
    // Contracts of one underlying lend each other volatilities, as in a run.
    let is_wanted = |id: i64| wanted.iter().any(|i| i.id == id);
    let known = |i: &&Instrument| i.is_option() && results.greeks.contains_key(&i.id) && !is_wanted(i.id);
    let lenders = instruments.values().filter(known).filter(|i| underlyings.contains(i.risk_symbol()));
    let contracts: Vec<&Instrument> = wanted.iter().copied().chain(lenders).collect();
    let ids: BTreeSet<i64> = contracts.iter().map(|i| i.id).collect();
    let shares = underlyings.iter().filter_map(|symbol| instruments.get(*symbol));
    let needed: Vec<Instrument> = contracts.iter().copied().chain(shares).cloned().collect();
    let mut market = store.market(&needed, warm_up, as_of).await.map_err(store_error)?;
    stated.lend(&mut market, as_of);
    let rates = store.rates(&[], rates_from, as_of).await.map_err(store_error)?;
    let sessions = calendar.sessions_between(warm_up, as_of).map_err(calendar_error)?;
    let rows =
        Inputs::new(needed, market, rates, sessions).greeks(&ids, calendar, as_of).map_err(calendar_error)?;
    let mut issues = Vec::new();
    for mut row in rows {
        if let (true, Ok(greeks)) = (stated.has(row.instrument_id), row.greeks.as_mut())
            && greeks.volatility_source == VolatilitySource::ImpliedClose
        {
            greeks.volatility_source = VolatilitySource::ImpliedStated;
        }
        let Some(instrument) = wanted.iter().find(|i| i.id == row.instrument_id) else { continue };
        issues.push(match &row.greeks {
            Ok(_) => in_memory(&instrument.symbol, "Greeks", "sigma-greeks run"),
            Err(reason) => Issue::error(&instrument.symbol, *reason, "no Greeks can be computed"),
        });
        results.greeks.insert(row.instrument_id, row);
    }
    Ok(issues)
}

fn in_memory(symbol: &str, what: &str, command: &str) -> Issue {
    let detail = format!("{what} computed for this answer only; `{command}` stores them once it is held");
    Issue { severity: Severity::Warning, ..Issue::error(symbol, Reason::NotComputed, detail) }
}
