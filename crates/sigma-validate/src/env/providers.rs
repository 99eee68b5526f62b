//! What each provider answers: one line an ability of the plan, and the requests that are left.

use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use sigma_cli::{App, Key};
use sigma_providers::ask::Ability;
use sigma_providers::folder::{FILES, Folder};
use sigma_providers::http::Address;
use sigma_providers::polygon::Closure;
use sigma_providers::{
    Config, ConnectError, Fault, FaultKind, PROVIDERS, Provider, ProviderEntry, ProviderId, connect,
};

use super::settings::key_of;
use super::{Health, Line, budgets, closures, machine, plan};

/// The longest wait for a limit: an examination that cannot be made now is told, not waited for.
const LONGEST_WAIT_SECONDS: u64 = 5;

/// Lines of the folder of files and of every provider that the settings switch on.
pub async fn lines(app: &App, is_offline: bool) -> Vec<Line> {
    let mut lines: Vec<Line> = folder(app).into_iter().collect();
    let entries: Vec<&ProviderEntry> = PROVIDERS.iter().filter(|entry| is_on(app, entry)).collect();
    if lines.is_empty() && entries.iter().all(|entry| !entry.needs_key) {
        let detail = "no key and no folder of files is set: there is nowhere to get prices from";
        let fix = "set a key such as SIGMA_POLYGON_API_KEY, or SIGMA_PROVIDER_PATH to a folder of CSV files";
        lines.push(Line::new("providers", Health::Warn, detail).fix(fix));
    }
    if !is_offline {
        lines.extend(probe_all(app, &entries).await);
    }
    lines.extend(entries.iter().filter_map(|entry| budgets::line(app, entry)));
    lines
}

/// Whether `sigma-sync` would ask this service: by its key, or by the settings where it needs none.
fn is_on(app: &App, entry: &ProviderEntry) -> bool {
    let has_key = || key_of(entry).is_some_and(|key| app.settings.secret(key).is_some());
    let chosen = app.settings.text(Key::Provider);
    match entry.id {
        ProviderId::File => false,
        ProviderId::Yahoo => app.settings.is_on(Key::Yahoo) || chosen == Some(entry.name),
        ProviderId::Fred => has_key() || matches!(chosen, Some("auto" | "fred")),
        ProviderId::Polygon | ProviderId::Fmp | ProviderId::Tiingo => has_key(),
    }
}

fn folder(app: &App) -> Option<Line> {
    let line = |health, detail: String| Line::new("file: folder", health, detail);
    let fix = "set SIGMA_PROVIDER_PATH to a folder that holds prices.csv";
    let Some(path) = app.settings.text(Key::ProviderPath) else {
        let is_chosen = app.settings.text(Key::Provider) == Some(ProviderId::File.name());
        let detail = "the setting provider is file, and no folder is set: every sync needs --path";
        return is_chosen.then(|| line(Health::Warn, detail.to_owned()).fix(fix));
    };
    Some(match Folder::open(Path::new(path)) {
        Err(error) => line(Health::Fail, error.to_string()).fix(fix),
        Ok(folder) => match folder.files().as_slice() {
            [] => line(Health::Fail, format!("{path} holds none of {}", FILES.join(", "))).fix(fix),
            files if files.contains(&"prices.csv") => {
                line(Health::Ok, format!("{path} holds {}", files.join(", ")))
            }
            files => line(Health::Warn, format!("{path} holds {}, but no prices", files.join(", "))).fix(fix),
        },
    })
}

/// What a service said.
struct Probed {
    abilities: Vec<Ability>,
    closures: Option<Result<Vec<Closure>, Fault>>,
    clock_ahead: Option<TimeDelta>,
}

/// All at once; lines in the order of the list.
async fn probe_all(app: &App, entries: &[&ProviderEntry]) -> Vec<Line> {
    let begin = |entry: &&ProviderEntry| open(app, entry.id).map(|provider| tokio::spawn(probe(provider)));
    let begun: Vec<_> = entries.iter().map(begin).collect();
    let mut lines = Vec::new();
    for (entry, begun) in entries.iter().zip(begun) {
        match begun {
            Err(error) => lines.push(not_opened(entry, &error)),
            Ok(probed) => match probed.await {
                Ok(probed) => lines.extend(told(app, entry, probed)),
                Err(error) => lines.push(Line::new(entry.name, Health::Fail, error.to_string())),
            },
        }
    }
    lines
}

async fn probe(provider: Provider) -> Probed {
    let abilities = provider.probe().await;
    let answers = |ability: &Ability| match &ability.outcome {
        Ok(_) => true,
        Err(fault) => !fault.kind.is_retryable() && fault.kind != FaultKind::Auth,
    };
    let closures = match &provider {
        Provider::Polygon(polygon) if abilities.iter().any(answers) => {
            Some(polygon.upcoming_closures().await)
        }
        _ => None,
    };
    Probed { abilities, closures, clock_ahead: provider.clock_ahead() }
}

/// With the settings of every run, but without repetitions and long waits.
fn open(app: &App, id: ProviderId) -> Result<Provider, ConnectError> {
    let wait = app.settings.integer(Key::ProviderWaitSeconds).unwrap_or(LONGEST_WAIT_SECONDS);
    let text = |name: &str| match name {
        "http_retries" => Some("0".to_owned()),
        "provider_wait_seconds" => Some(wait.min(LONGEST_WAIT_SECONDS).to_string()),
        name => app.settings.text(Key::parse(name)?).map(str::to_owned),
    };
    let secret = |name: &str| app.settings.secret(Key::parse(name)?).cloned();
    let data_clock = app.clock;
    connect(
        id,
        &Config {
            text: &text,
            secret: &secret,
            state_dir: app.state_dir(),
            clock: Arc::new(sigma_cli::system_now),
            data_clock: Arc::new(move || data_clock.now()),
            version: env!("CARGO_PKG_VERSION"),
            on_wait: None,
        },
    )
}

fn not_opened(entry: &ProviderEntry, error: &ConnectError) -> Line {
    let line = Line::new(format!("{}: settings", entry.name), Health::Fail, error.to_string());
    match error {
        ConnectError::NoKey { setting, .. }
        | ConnectError::Address { setting, .. }
        | ConnectError::Limit { setting, .. } => {
            line.fix(format!("correct or unset {setting} (SIGMA_{})", setting.to_uppercase()))
        }
        ConnectError::StateDir { .. } => line.fix("set SIGMA_STATE_DIR to a folder that can be written"),
        ConnectError::NoTime | ConnectError::Fault(_) => line,
    }
}

fn told(app: &App, entry: &ProviderEntry, probed: Probed) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut last: Option<Fault> = None;
    let is_plan = |ability: &Ability| ability.outcome.as_ref().is_err_and(|fault| plan::is_plan(fault.kind));
    // A plan that lacks something is usual; one that lacks everything is none.
    let has_nothing = probed.abilities.iter().all(is_plan);
    for Ability { name, outcome } in probed.abilities {
        match outcome {
            Ok(detail) => {
                last = None;
                lines.push(Line::new(format!("{}: {name}", entry.name), Health::Ok, detail));
            }
            // One cause is one line: a host that is down is down for every question.
            Err(fault) if last.as_ref().is_some_and(|last| is_same(last, &fault)) => {
                if let Some(line) = lines.last_mut() {
                    line.check = format!("{}, {name}", line.check);
                }
            }
            Err(fault) => {
                let line = refused(app, entry, name, &fault);
                let health = if has_nothing { Health::Refused } else { line.health };
                lines.push(Line { health, ..line });
                last = Some(fault);
            }
        }
    }
    lines.extend(probed.clock_ahead.map(|ahead| machine::clock_beside(entry.label, ahead)));
    match (probed.closures, app.calendar()) {
        (Some(Ok(announced)), Ok(calendar)) => lines.extend(closures::lines(&calendar, &announced)),
        (Some(Err(fault)), _) => lines.push(refused(app, entry, "closures ahead", &fault)),
        _ => {}
    }
    lines
}

fn is_same(one: &Fault, other: &Fault) -> bool {
    (one.kind, one.status, &one.detail) == (other.kind, other.status, &other.detail)
}

fn refused(app: &App, entry: &ProviderEntry, ability: &str, fault: &Fault) -> Line {
    let key = key_of(entry).filter(|key| app.settings.secret(*key).is_some());
    // Nobody has asked for FRED by name: without it yields come from the next source.
    let is_unasked =
        entry.id == ProviderId::Fred && key.is_none() && app.settings.text(Key::Provider) != Some(entry.name);
    let health = match plan::health(fault.kind) {
        Health::Fail | Health::Refused if is_unasked => Health::Warn,
        Health::Refused if key.is_none() => Health::Fail,
        health => health,
    };
    // A fault without an answer names the host itself.
    let at = fault.status.map(|_| format!(" at {}", host(app, entry))).unwrap_or_default();
    let said = format!("{} ({}){at}: {}", fault.kind, fault.origin(), fault.detail);
    let key = key.map(|key| (key.info().variable, app.settings.origin(key).to_string()));
    Line::new(format!("{}: {ability}", entry.name), health, said).fix(plan::fix(entry, ability, fault, key))
}

/// The host that was asked, for messages.
fn host(app: &App, entry: &ProviderEntry) -> String {
    let address = Key::parse(&format!("{}_base_url", entry.name)).and_then(|key| app.settings.text(key));
    let address = address.unwrap_or(entry.address);
    Address::parse(address).map_or_else(|_| address.to_owned(), |address| address.host().to_owned())
}
