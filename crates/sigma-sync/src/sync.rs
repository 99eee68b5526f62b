//! A run: decide what is needed, ask, judge, store, tell what is missing.

use std::collections::BTreeSet;

use serde_json::json;
use sigma_cli::{App, ExitStatus, RunTotals, SessionRange, fail, store_error};
use sigma_core::calendar::Calendar;
use sigma_core::model::{Issue, Severity};
use sigma_providers::Data;
use sigma_store::Store;

use crate::args::{Datasets, SyncArgs};
use crate::coverage;
use crate::faults::{Faults, Missing};
use crate::gate;
use crate::gather::Gathering;
use crate::intake::Intake;
use crate::needs::{self, Needs, Stored};
use crate::offer::read_folder;
use crate::source::{self, Sources, provider_error};
use crate::splits;
use crate::state::{self, State};
use crate::telling;

/// Everything that a run works with.
struct Work<'a> {
    app: &'a App,
    args: &'a SyncArgs,
    datasets: Datasets,
    sources: Sources,
    calendar: Calendar,
    dates: SessionRange,
}

/// What a run leads to.
struct Outcome {
    issues: Vec<Issue>,
    /// What is better said than `partial`.
    status: Option<ExitStatus>,
}

/// Runs a writing verb.
pub async fn run(
    app: &App,
    verb: &'static str,
    datasets: Datasets,
    args: &SyncArgs,
) -> anyhow::Result<ExitStatus> {
    app.begin(verb);
    let sources = source::open(app, args)?;
    let calendar = app.calendar()?;
    let dates = app.sessions(&args.range, &calendar)?;
    app.set_as_of(dates.to);
    let work = Work { app, args, datasets, sources, calendar, dates };
    if args.dry_run.dry_run {
        let mut store = app.open_store().await?;
        return work.dry_run(&mut store).await;
    }

    let _lock = app.lock(&args.lock).await?;
    let mut store = app.open_store().await?;
    let parameters = json!({
        "providers": work.sources.names(),
        "path": work.sources.folder.as_ref().map(|folder| folder.path.display().to_string()),
        "window": args.window,
        "portfolios": args.portfolio.portfolios,
    });
    let run = app.begin_run(&mut store, verb, Some(&work.dates), parameters).await?;
    let mut better = None;
    let totals = work.run(&mut store, &mut better).await;
    let status = app.end_run(&mut store, run, totals).await?;
    Ok(better.filter(|_| status == ExitStatus::Partial).unwrap_or(status))
}

impl Work<'_> {
    async fn run(&self, store: &mut Store, better: &mut Option<ExitStatus>) -> anyhow::Result<RunTotals> {
        let mut state = self.load(store).await?;
        let before = gate::judge(&state, usize::from(self.args.window), &self.calendar)?;
        let mut intake = Intake::default();
        let faults = self.gather(store, &mut state, &mut intake).await?;

        let mut missing = self.missing(&state, &faults)?;
        let after = gate::judge(&state, usize::from(self.args.window), &self.calendar)?;
        if self.datasets.prices {
            missing.extend(gate::kept_away(&after, &faults));
        }
        let Outcome { mut issues, status } = self.tell(&state, &intake, &faults, missing);
        if self.datasets.prices {
            let short = self.tell_gate(&state, &before, &after);
            // Of one subject and reason the first is told: what services have answered says more than what is there.
            let at = if self.sources.services.is_empty() { issues.len() } else { 0 };
            issues.splice(at..at, short);
        }
        *better = status;
        if let Some(status) = status.filter(|_| intake.is_empty()) {
            let told = faults.line_for(status).unwrap_or_default();
            self.app.tell_issues(&issues);
            return Err(fail(status, told, "see `sigma-validate env`"));
        }
        let unreadable = intake.problems.iter().filter(|problem| problem.line.is_some()).count();
        let skipped = (unreadable + intake.refused.len()) as u64;
        Ok(RunTotals { expected: intake.totals.expected, saved: intake.totals.saved, skipped, issues })
    }

    /// A folder is read and judged; services are not asked, what they would be asked is told.
    async fn dry_run(&self, store: &mut Store) -> anyhow::Result<ExitStatus> {
        let mut state = self.load(store).await?;
        let mut intake = Intake { is_dry: true, ..Intake::default() };
        if self.sources.folder.is_some() {
            self.read_folder(store, &mut state, &mut intake).await?;
        }
        let faults = Faults::default();
        let Outcome { issues, .. } = self.tell(&state, &intake, &faults, self.missing(&state, &faults)?);
        if !self.sources.services.is_empty() {
            return Ok(self.tell_plan(&issues));
        }
        let document = telling::dry_run_document(&intake).as_of(self.dates.to);
        self.app.write(&self.args.output, &document)?;
        Ok(self.app.tell_issues(&issues))
    }

    /// Whom a run would ask, and how much is missing so far.
    fn tell_plan(&self, issues: &[Issue]) -> ExitStatus {
        let labels = self.sources.services.iter().map(|service| service.id().entry().label);
        let labels = labels.collect::<Vec<_>>().join(", ");
        let lacking: BTreeSet<&str> = issues.iter().map(|issue| issue.subject.as_str()).collect();
        self.app.note(&match lacking.len() {
            0 => {
                format!("dry run: nothing is missing on {}; {labels} would be asked for news", self.dates.to)
            }
            n => {
                let named: Vec<&str> = lacking.iter().copied().take(8).collect();
                let more = if n > named.len() { ", ..." } else { "" };
                format!(
                    "dry run: {labels} would be asked for {n} symbols and series: {}{more}",
                    named.join(", ")
                )
            }
        });
        ExitStatus::Done
    }

    async fn load(&self, store: &mut Store) -> anyhow::Result<State> {
        let slugs = &self.args.portfolio.portfolios;
        let stored = Stored {
            books: store.books(slugs).await.map_err(store_error)?,
            instruments: store.instruments().await.map_err(store_error)?,
            factors: store.factors().await.map_err(store_error)?,
            some_portfolios: !slugs.is_empty(),
        };
        let needs = needs::collect(&stored, &self.dates, usize::from(self.args.window), &self.calendar)?;
        state::load(self.app, store, self.args, self.datasets, (stored, needs)).await
    }

    /// Services first, then the folder for what they left open.
    async fn gather(
        &self,
        store: &mut Store,
        state: &mut State,
        intake: &mut Intake,
    ) -> anyhow::Result<Faults> {
        let mut faults = Faults::default();
        if !self.sources.services.is_empty() {
            let (app, calendar) = (self.app, &self.calendar);
            let mut gathering = Gathering::new(app, calendar, &self.sources, state, intake, store);
            gathering.run(self.datasets).await?;
            faults = gathering.faults;
        }
        if self.sources.folder.is_some() {
            self.read_folder(store, state, intake).await?;
        }
        Ok(faults)
    }

    async fn read_folder(
        &self,
        store: &mut Store,
        state: &mut State,
        intake: &mut Intake,
    ) -> anyhow::Result<()> {
        let Some(folder) = &self.sources.folder else { return Ok(()) };
        let progress = self.app.progress(2, "reading");
        let mut offered = read_folder(&folder.folder, &state.needs, self.datasets).map_err(provider_error)?;
        progress.step();
        for file in &offered.absent {
            self.app.detail(&format!("{} has no {file}", folder.path.display()));
        }
        if !self.sources.services.is_empty() {
            offered.keep_missing(&state.covered, &state.memory);
        }
        intake.take(store, state, offered, &self.calendar).await
    }

    /// What the verb is to bring and is not there.
    fn missing(&self, state: &State, faults: &Faults) -> anyhow::Result<Vec<Issue>> {
        let State { needs, covered, .. } = state;
        let mut missing = Vec::new();
        if self.datasets.prices {
            let kind_of = |symbol: &str| state.kind(symbol);
            let is_provisional = |symbol: &str, date| state.is_provisional_on(symbol, date);
            let found = coverage::missing_prices(needs, covered, kind_of, is_provisional, &self.calendar)?;
            missing.extend(found);
        }
        if self.datasets.options {
            missing.extend(coverage::missing_quotes(needs, covered, &self.calendar)?);
        }
        if self.datasets.rates {
            let was_refused = |series: &str| faults.has_met(series);
            missing.extend(coverage::missing_rates(needs, covered, was_refused, &self.calendar)?);
        }
        Ok(missing)
    }

    /// What is missing, as it weighs for the exit status.
    fn weigh<'m>(&self, needs: &Needs, intake: &Intake, missing: &'m [Issue]) -> Missing<'m> {
        let all = errors_of(missing);
        let Datasets { prices, options, rates, .. } = self.datasets;
        let Needs { needed, needed_contracts, series, .. } = needs;
        let main = all.iter().copied().filter(|subject| !prices || needed.contains_key(*subject)).collect();
        // One symbol that is missing is not all, even when there was nothing else left to bring.
        let mut nothing = BTreeSet::new();
        let mut add = |is_asked: bool, came: usize, names: BTreeSet<&str>| {
            if is_asked && came == 0 && names.is_subset(&all) {
                nothing.extend(all.iter().copied().filter(|subject| names.contains(subject)));
            }
        };
        add(prices, intake.daily_bars, needed.keys().map(String::as_str).collect());
        add(options, intake.quotes, needed_contracts.keys().map(String::as_str).collect());
        add(rates, intake.rates, series.iter().map(String::as_str).collect());
        Missing { all, main, nothing }
    }

    /// Names refused rows and faults, records the counts of the closing line, and weighs what is missing.
    fn tell(&self, state: &State, intake: &Intake, faults: &Faults, missing: Vec<Issue>) -> Outcome {
        let app = self.app;
        telling::tell_refusals(app, &intake.problems, &intake.refused, &state.decisions);
        let mut issues = telling::refusal_issues(&intake.problems, &intake.closed_days);
        telling::tell_notes(app, &intake.notes);
        issues.extend(intake.issues.iter().cloned());
        issues.extend(splits::warnings(state));
        issues.extend(coverage::provisional_prices(state));
        if self.args.refresh && self.datasets.prices && !self.sources.services.is_empty() {
            issues.extend(coverage::not_refreshed(state));
        }
        issues.extend(coverage::refused_bars(&intake.refused, &state.decisions, &state.covered));
        if self.datasets.prices {
            app.record("symbols", intake.symbols.len());
            app.record("bars", intake.bars);
        }
        if self.datasets.options {
            app.record("quotes", intake.quotes);
        }
        if self.datasets.rates {
            app.record("rates", intake.rates);
        }
        if self.datasets.profiles {
            app.record("profiles", intake.profiles);
        }
        self.tell_uncovered(state, &missing);
        if intake.is_empty() && faults.is_empty() && missing.is_empty() && !self.sources.services.is_empty() {
            app.note(&format!("nothing to do: all that is needed up to {} is stored", self.dates.to));
        }
        app.record("missing", missing.iter().filter(|issue| issue.severity == Severity::Error).count());
        let weighed = self.weigh(&state.needs, intake, &missing);
        // What engines can do without is not missing, but it is all that such a verb is there for.
        let is_all = !self.datasets.prices || self.args.refresh || !weighed.all.is_empty();
        let status = faults
            .status(&weighed)
            .or_else(|| faults.status_unanswered().filter(|_| is_all && intake.is_empty()));
        // The one that the run fails with is told at its end.
        let failure = status.filter(|_| intake.is_empty()).and_then(|status| faults.line_for(status));
        faults.lines().iter().filter(|line| Some(*line) != failure.as_ref()).for_each(|line| app.note(line));
        issues.extend(missing);
        Outcome { issues, status }
    }

    /// Names the symbols that none of the providers with a key has, and who has them.
    fn tell_uncovered(&self, state: &State, missing: &[Issue]) {
        let services = self.sources.services_for(Data::Prices);
        let is_covered =
            |symbol: &str| services.iter().any(|service| service.covers(symbol, state.kind(symbol)));
        let errors = errors_of(missing);
        let uncovered: Vec<&str> = errors
            .into_iter()
            .filter(|symbol| {
                !services.is_empty() && state.needs.needed.contains_key(*symbol) && !is_covered(symbol)
            })
            .collect();
        if !uncovered.is_empty() {
            self.app.note(&format!(
                "{}: no provider with a key has prices of such instruments; FMP and Tiingo have funds \
                 (SIGMA_FMP_API_KEY, SIGMA_TIINGO_API_KEY), or put them into a folder (SIGMA_PROVIDER_PATH)",
                uncovered.join(", ")
            ));
        }
    }

    /// Tells how many symbols carry the window, and which still do not.
    fn tell_gate(&self, state: &State, before: &gate::Verdicts, after: &gate::Verdicts) -> Vec<Issue> {
        let gate::Gate { total, sufficient, backfilled, short } = gate::compare(before, after);
        let window = usize::from(self.args.window);
        self.app.note(&format!(
            "history of {window} sessions: total {total}, sufficient {sufficient}, backfilled {backfilled}, still \
             short {short}"
        ));
        self.app.record("sufficient", format!("{sufficient}/{total}"));
        self.app.record("backfilled", backfilled);
        gate::still_short(state, after, window)
    }
}

/// The subjects without which engines cannot do.
fn errors_of(missing: &[Issue]) -> BTreeSet<&str> {
    let errors = missing.iter().filter(|issue| issue.severity == Severity::Error);
    errors.map(|issue| issue.subject.as_str()).collect()
}
