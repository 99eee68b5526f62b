//! A run: decide what is needed, read, judge, store, tell what is missing.

use std::collections::{BTreeSet, HashMap};

use chrono::{Days, NaiveDate};
use serde_json::json;
use sigma_cli::{App, ExitStatus, RunTotals, SessionRange, store_error};
use sigma_core::calendar::Calendar;
use sigma_core::model::{Instrument, InstrumentKind, Issue, PriceHistory, Severity};
use sigma_store::Store;

use crate::args::{Datasets, SyncArgs};
use crate::coverage::{self, Covered};
use crate::decisions::Decisions;
use crate::needs::{self, Needs, Stored};
use crate::offer::{self, Offered};
use crate::save::{self, Totals};
use crate::screening::{self, Judged, Known};
use crate::source::{self, Source, provider_error};
use crate::telling;

/// How far before the first date a stored close is looked for to judge the first bar by.
const LOOK_BACK: Days = Days::new(30);

/// Everything that a run works with.
struct Work<'a> {
    app: &'a App,
    args: &'a SyncArgs,
    datasets: Datasets,
    source: Source,
    calendar: Calendar,
    dates: SessionRange,
}

/// What is stored before the run.
struct Before {
    stored: Stored,
    needs: Needs,
    histories: HashMap<String, PriceHistory>,
    decisions: Decisions,
}

/// Runs a writing verb.
pub async fn run(
    app: &App,
    verb: &'static str,
    datasets: Datasets,
    args: &SyncArgs,
) -> anyhow::Result<ExitStatus> {
    app.begin(verb);
    let source = source::open(app, args)?;
    let calendar = app.calendar()?;
    let dates = app.sessions(&args.range, &calendar)?;
    app.set_as_of(dates.to);
    let work = Work { app, args, datasets, source, calendar, dates };
    if args.dry_run.dry_run {
        let mut store = app.open_store().await?;
        return work.dry_run(&mut store).await;
    }

    let _lock = app.lock(&args.lock).await?;
    let mut store = app.open_store().await?;
    let parameters = json!({
        "provider": "file",
        "path": work.source.path.display().to_string(),
        "window": args.window,
        "portfolios": args.portfolio.portfolios,
    });
    let run = app.begin_run(&mut store, verb, Some(&work.dates), parameters).await?;
    let outcome = work.run(&mut store).await;
    app.end_run(&mut store, run, outcome).await
}

impl Work<'_> {
    async fn run(&self, store: &mut Store) -> anyhow::Result<RunTotals> {
        let before = self.load(store).await?;
        let (offered, judged) = self.read_and_judge(&before)?;

        let progress = self.app.progress(save::STEPS, "storing");
        let stored = &before.stored.instruments;
        let Totals { expected, saved } =
            save::store_all(store, &before.needs, stored, &offered, &judged, &progress).await?;
        before.decisions.settle(store, &judged).await?;
        drop(progress);

        let covered = self.covered(store, &before, &offered, &judged).await?;
        let issues = self.tell(&before, &offered, &judged, &covered)?;
        let skipped = (offered.problems.len() + judged.refused.len()) as u64;
        Ok(RunTotals { expected, saved, skipped, issues })
    }

    async fn dry_run(&self, store: &mut Store) -> anyhow::Result<ExitStatus> {
        let before = self.load(store).await?;
        let (offered, judged) = self.read_and_judge(&before)?;
        let covered = self.covered(store, &before, &offered, &judged).await?;
        let issues = self.tell(&before, &offered, &judged, &covered)?;
        self.app
            .write(&self.args.output, &telling::dry_run_document(&offered, &judged).as_of(self.dates.to))?;
        Ok(self.app.tell_issues(&issues))
    }

    /// Loads what decides about needs, and the stored bars that new ones are judged by and counted with.
    async fn load(&self, store: &mut Store) -> anyhow::Result<Before> {
        let slugs = &self.args.portfolio.portfolios;
        let stored = Stored {
            books: store.books(slugs).await.map_err(store_error)?,
            instruments: store.instruments().await.map_err(store_error)?,
            factors: store.factors().await.map_err(store_error)?,
            some_portfolios: !slugs.is_empty(),
        };
        let needs = needs::collect(&stored, &self.dates, usize::from(self.args.window), &self.calendar)?;
        let mut histories = HashMap::new();
        if self.datasets.prices {
            let asked = needs.asked();
            let ids = ids_of(&stored.instruments, |symbol| asked.contains(symbol));
            let from = needs.start.checked_sub_days(LOOK_BACK).unwrap_or(needs.start);
            let keys: Vec<i64> = ids.keys().copied().collect();
            let by_id = store.price_histories(&keys, from, needs.to).await.map_err(store_error)?;
            histories = by_id.into_iter().filter_map(|(id, h)| Some((ids.get(&id)?.clone(), h))).collect();
        }
        let quarantine = store.quarantine(None).await.map_err(store_error)?;
        let decisions = Decisions::new(quarantine);
        Ok(Before { stored, needs, histories, decisions })
    }

    fn read_and_judge(&self, before: &Before) -> anyhow::Result<(Offered, Judged)> {
        let Before { needs, histories, decisions, .. } = before;
        let mut offered =
            offer::read(self.app, &self.source.folder, needs, self.datasets).map_err(provider_error)?;
        for file in &offered.absent {
            self.app.detail(&format!("{} has no {file}", self.source.path.display()));
        }
        let known = Known { histories, decisions, calendar: &self.calendar, start: needs.start };
        let judged = screening::judge(&mut offered, &known);
        Ok((offered, judged))
    }

    /// Dates with data: those stored before and those that came.
    async fn covered(
        &self,
        store: &mut Store,
        before: &Before,
        offered: &Offered,
        judged: &Judged,
    ) -> anyhow::Result<Covered> {
        let Needs { start, to, .. } = before.needs;
        let mut covered = Covered::default();
        for (symbol, history) in &before.histories {
            add(&mut covered.bars, symbol, history.bars.iter().map(|bar| bar.date));
        }
        for (symbol, bars) in &judged.bars {
            add(&mut covered.bars, symbol, bars.iter().map(|bar| bar.date));
        }
        if self.datasets.options {
            let contracts = &before.needs.contracts;
            let ids = ids_of(&before.stored.instruments, |symbol| contracts.contains(symbol));
            let keys: Vec<i64> = ids.keys().copied().collect();
            for (id, quotes) in store.option_quotes(&keys, start, to).await.map_err(store_error)? {
                add(&mut covered.quotes, &ids[&id], quotes.iter().map(|quote| quote.date));
            }
            for (symbol, quotes) in &judged.quotes {
                add(&mut covered.quotes, symbol, quotes.iter().map(|quote| quote.date));
            }
        }
        if self.datasets.rates {
            let series: Vec<String> = before.needs.series.iter().cloned().collect();
            let stored = store.rates(&series, start, to).await.map_err(store_error)?;
            for (series, points) in stored.iter().chain(&offered.rates) {
                add(&mut covered.rates, series, points.iter().map(|point| point.date));
            }
        }
        Ok(covered)
    }

    /// Names refused rows, records the counts of the closing line, and finds what is missing.
    fn tell(
        &self,
        before: &Before,
        offered: &Offered,
        judged: &Judged,
        covered: &Covered,
    ) -> anyhow::Result<Vec<Issue>> {
        let (app, needs, calendar) = (self.app, &before.needs, &self.calendar);
        telling::tell_refusals(app, &offered.problems, &judged.refused);
        let mut issues = telling::refusal_issues(&offered.problems, judged);
        issues.extend(coverage::refused_bars(&judged.refused, &before.decisions, covered));
        let mut missing = Vec::new();
        if self.datasets.prices {
            let kinds = kinds(&before.stored.instruments, offered);
            missing.extend(coverage::missing_prices(needs, covered, &kinds, calendar)?);
            app.record("symbols", judged.bars.len());
            app.record("bars", judged.bars.values().map(Vec::len).sum::<usize>());
        }
        if self.datasets.options {
            missing.extend(coverage::missing_quotes(needs, covered, calendar)?);
            app.record("quotes", judged.quotes.values().map(Vec::len).sum::<usize>());
        }
        if self.datasets.rates {
            missing.extend(coverage::missing_rates(needs, covered, calendar)?);
            app.record("rates", offered.rates.values().map(Vec::len).sum::<usize>());
        }
        if self.datasets.profiles {
            app.record("profiles", offered.securities.len());
        }
        app.record("missing", missing.iter().filter(|issue| issue.severity == Severity::Error).count());
        issues.extend(missing);
        Ok(issues)
    }
}

fn add(
    covered: &mut HashMap<String, BTreeSet<NaiveDate>>,
    name: &str,
    dates: impl Iterator<Item = NaiveDate>,
) {
    covered.entry(name.to_owned()).or_default().extend(dates);
}

fn ids_of(instruments: &[Instrument], wanted: impl Fn(&str) -> bool) -> HashMap<i64, String> {
    instruments.iter().filter(|i| wanted(&i.symbol)).map(|i| (i.id, i.symbol.clone())).collect()
}

/// Kinds as offered, else as stored.
fn kinds(instruments: &[Instrument], offered: &Offered) -> HashMap<String, InstrumentKind> {
    let stored = instruments.iter().map(|i| (i.symbol.clone(), i.kind));
    let told = offered.securities.iter().filter_map(|s| Some((s.symbol.clone(), s.kind?)));
    stored.chain(told).collect()
}
