//! `limits`: books as they stand against the bounds of a file.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use sigma_cli::{
    App, AsOfArgs, Cell, Column, Document, ExitStatus, ListArgs, OutputArgs, PortfolioArgs, StoredResults,
    Table, fail, store_error,
};
use sigma_core::analytics::limits::{self, Check, Limit, LimitInputs, Status, Unit};
use sigma_core::model::{Book, InstrumentKind, Lot, Reason, Snapshot};
use sigma_store::{Engine, Scope, Store};

use crate::agreement;
use crate::limits_file::{KnownNames, LimitsFile, Problem, parse};
use crate::standing::{Sources, Standing};

const RESULTS: StoredResults =
    StoredResults { engine: Engine::Snapshots, what: "snapshots", command: "sigma-report snapshot" };

/// Options of `limits`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// File of limits, TOML
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Every name, sector, factor and scenario, not only the notable ones
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    as_of: AsOfArgs,
    #[command(flatten)]
    portfolios: PortfolioArgs,
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    let text = read(&args.file)?;
    let mut store = app.open_store().await?;
    let books = store.books(&args.portfolios.portfolios).await.map_err(store_error)?;
    if books.is_empty() {
        return Err(super::no_portfolio());
    }
    let ids: Vec<i64> = books.iter().map(|book| book.portfolio.id).collect();
    let date = app.stored_date(&mut store, RESULTS, Some(&ids), &args.as_of).await?;
    let day = Scope::day(date.as_of, &ids);
    let stored: HashMap<i64, Snapshot> =
        store.snapshots(&day).await.map_err(store_error)?.into_iter().collect();
    let calendar = app.calendar()?;
    let sources = Sources::load(&mut store, &calendar, &books, date.as_of).await?;
    let standings = sources.standings(&books)?;
    let known = known_names(&mut store, &standings).await?;
    let file = limits_of(app, &args.file, &text, &known)?;
    if stored.is_empty() {
        return Err(date.nothing(RESULTS.what));
    }

    let judged = judge(&file.limits, &books, &standings, date.as_of, args.all);
    let Judged { mut table, found, waiting } = judged;
    args.list.apply(&mut table)?;
    let document = Document::single(table).title("Limits").as_of(date.as_of).note(sentence(&found));
    app.write(&args.output, &document)?;
    tell_stale(app, &books, &stored, &standings);
    tell_waiting(app, &waiting, date.as_of);
    Ok(ExitStatus::partial_if(found.contains(&Status::Breach) || found.contains(&Status::Unknown)))
}

/// Other tools still show the stored results, so a reader of both has to know that they are of another book.
fn tell_stale(
    app: &App,
    books: &[Book],
    stored: &HashMap<i64, Snapshot>,
    standings: &HashMap<i64, Standing>,
) {
    for Book { portfolio, .. } in books {
        let Some((stored, standing)) = stored.get(&portfolio.id).zip(standings.get(&portfolio.id)) else {
            continue;
        };
        let now = &standing.snapshot;
        if let Some(told) = agreement::difference(stored, &agreement::Totals::from(now)) {
            let (slug, as_of) = (&portfolio.slug, now.as_of);
            app.note(&format!(
                "{slug} has changed since its snapshot of {as_of} was stored: {told}; the limits are held against it as \
                 it stands; for reports run the engines again, `sigma-report snapshot --as-of {as_of}` last"
            ));
        }
    }
}

/// What an engine has not computed yet is unknown until it has.
fn tell_waiting(app: &App, waiting: &BTreeMap<&str, BTreeSet<&str>>, as_of: NaiveDate) {
    for (engine, slugs) in waiting {
        let commands = match *engine {
            "greeks" => "`sigma-greeks run --as-of {}`",
            "factors" => "`sigma-factors run --as-of {}`",
            "stress" => "`sigma-greeks run --as-of {}`, then `sigma-factors run --as-of {}`",
            _ => "`sigma-sync prices --as-of {}`",
        };
        let commands = commands.replace("{}", &as_of.to_string());
        let slugs = slugs.iter().copied().collect::<Vec<_>>().join(", ");
        app.note(&format!("not_computed: {engine} of {slugs}; run {commands}, then this again"));
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).map_err(|error| {
        let message = format!("cannot read {}: {error}", path.display());
        fail(ExitStatus::Usage, message, "give a file of limits; docs/limits.md describes its form")
    })
}

/// The limits of a file; its mistakes go to stderr, each on its line.
fn limits_of(app: &App, path: &Path, text: &str, known: &KnownNames) -> anyhow::Result<LimitsFile> {
    let name = path.display();
    let tell = |problem: &Problem| app.note(&format!("{name}, line {}: {}", problem.line, problem.message));
    match parse(text, known) {
        Ok(file) => {
            file.unknown_symbols.iter().for_each(tell);
            Ok(file)
        }
        Err(problems) => {
            let (first, others) = problems.split_first().map_or((None, &[][..]), |(f, o)| (Some(f), o));
            others.iter().for_each(tell);
            let first = first.map(|p| format!("line {}: {}", p.line, p.message)).unwrap_or_default();
            let count = match problems.len() {
                1 => String::new(),
                n => format!("; {n} mistakes in all"),
            };
            let message = format!("{name}, {first}{count}");
            Err(fail(ExitStatus::Usage, message, "docs/limits.md describes the form of the file"))
        }
    }
}

/// Every name that a file may use, from all portfolios: one file serves them all.
async fn known_names(store: &mut Store, standings: &HashMap<i64, Standing>) -> anyhow::Result<KnownNames> {
    let instruments = store.instruments().await.map_err(store_error)?;
    let unique = |names: BTreeSet<String>| names.into_iter().collect::<Vec<String>>();
    let mut tags = BTreeSet::new();
    for user in store.users().await.map_err(store_error)? {
        tags.extend(store.tags(user.id).await.map_err(store_error)?.into_iter().map(|tag| tag.name));
    }
    let mut sectors: BTreeSet<String> = instruments.iter().filter_map(|i| i.sector.clone()).collect();
    sectors.insert(sigma_core::analytics::exposures::UNCLASSIFIED.to_owned());
    let moves = standings.values().flat_map(|standing| &standing.market_risk);
    let moves = moves.map(|row| row.scenario_id.clone());
    Ok(KnownNames {
        portfolios: store.portfolios(&[]).await.map_err(store_error)?.into_iter().map(|p| p.slug).collect(),
        symbols: unique(instruments.iter().map(|i| i.risk_symbol().to_owned()).collect()),
        sectors: unique(sectors),
        tags: unique(tags),
        asset_types: InstrumentKind::ALL.iter().map(|kind| kind.as_str().to_owned()).collect(),
        factors: store.factors().await.map_err(store_error)?.into_iter().map(|f| f.name).collect(),
        scenarios: store.active_scenarios().await.map_err(store_error)?.into_iter().map(|s| s.id).collect(),
        market_moves: unique(moves.collect()),
    })
}

/// Verdicts on all limits.
struct Judged<'a> {
    table: Table,
    found: Vec<Status>,
    /// Portfolios by the engine that has not computed what a limit is on.
    waiting: BTreeMap<&'static str, BTreeSet<&'a str>>,
}

fn judge<'a>(
    file: &[Limit],
    books: &'a [Book],
    standings: &HashMap<i64, Standing>,
    as_of: NaiveDate,
    all: bool,
) -> Judged<'a> {
    let mut judged = Judged { table: Table::new(columns()), found: Vec::new(), waiting: BTreeMap::new() };
    for book in books {
        let slug = &book.portfolio.slug;
        let lots: Vec<&Lot> = book.lots.iter().filter(|lot| lot.position.is_open(as_of)).collect();
        let inputs = standings.get(&book.portfolio.id).map(|standing| inputs(standing, &lots));
        for limit in limits::applicable(file, slug) {
            let checks = limits::check(limit, inputs.as_ref());
            judged.found.extend(checks.iter().map(|check| check.status));
            if checks.iter().any(|check| check.value == Err(Reason::NotComputed)) {
                judged.waiting.entry(limit.measure.engine).or_default().insert(slug);
            }
            let told = if all { checks } else { limits::notable(checks) };
            told.iter().for_each(|check| judged.table.push(cells(slug, check)));
        }
    }
    judged
}

fn inputs<'a>(standing: &'a Standing, lots: &'a [&'a Lot]) -> LimitInputs<'a> {
    LimitInputs {
        snapshot: &standing.snapshot,
        exposures: &standing.exposures,
        factors: &standing.factors,
        stress: &standing.stress,
        market_risk: &standing.market_risk,
        exclusions: &standing.exclusions,
        lots,
    }
}

fn columns() -> Vec<Column> {
    vec![
        Column::text("portfolio", "Portfolio"),
        Column::text("limit", "Limit"),
        Column::text("measure", "Measure"),
        Column::text("subject", "Subject"),
        Column::text("unit", "Unit"),
        Column::number("value", "Value"),
        Column::text("side", "Side"),
        Column::number("bound", "Bound"),
        Column::number("headroom", "Headroom"),
        Column::number("headroom_fraction", "Headroom").unit("of bound"),
        Column::text("status", "Status"),
        Column::text("left_out", "Left out"),
    ]
}

fn cells(slug: &str, check: &Check<'_>) -> Vec<Cell> {
    let limit = check.limit;
    let number = |value: f64| match limit.unit {
        Unit::Usd => Cell::Money(value),
        Unit::Nav => Cell::Percent(value),
        Unit::Number => Cell::number(value, 4),
    };
    vec![
        Cell::text(slug),
        Cell::text(&limit.name),
        Cell::text(limit.measure.name),
        Cell::or_blank(check.subject.as_deref(), Cell::text),
        Cell::text(limit.unit.as_str()),
        Cell::or_missing(check.value, number),
        Cell::text(limit.side.as_str()),
        number(limit.bound),
        Cell::or_blank(check.headroom, number),
        Cell::or_blank(check.headroom_fraction, Cell::Percent),
        Cell::text(check.status.as_str()),
        Cell::text(check.left_out.join(";")),
    ]
}

fn sentence(found: &[Status]) -> String {
    let count = |status: Status| found.iter().filter(|other| **other == status).count();
    format!(
        "{} values against their bounds: {} ok, {} warning, {} breach, {} unknown.",
        found.len(),
        count(Status::Ok),
        count(Status::Warning),
        count(Status::Breach),
        count(Status::Unknown)
    )
}
