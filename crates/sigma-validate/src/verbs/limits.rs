//! `limits`: stored results against the bounds of a file.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use sigma_cli::{
    App, AsOfArgs, Cell, Column, Document, ExitStatus, ListArgs, OutputArgs, PortfolioArgs, StoredResults,
    Table, fail, store_error,
};
use sigma_core::analytics::factor_model::DEFAULT_METHOD;
use sigma_core::analytics::limits::{self, Check, Limit, LimitInputs, Status, Unit};
use sigma_core::analytics::stress::METHOD;
use sigma_core::model::{
    Book, Exclusion, ExposureRow, FactorExposure, InstrumentKind, Lot, MarketRiskResult, Snapshot,
    StressResult,
};
use sigma_store::{Engine, Scope, Store};

use crate::limits_file::{KnownNames, LimitsFile, Problem, parse};

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
    let stored = Stored::load(&mut store, date.as_of, &ids).await?;
    let known = known_names(&mut store, &stored).await?;
    let file = limits_of(app, &args.file, &text, &known)?;
    if stored.snapshots.is_empty() {
        return Err(date.nothing(RESULTS.what));
    }

    let (mut table, found) = judge(&file.limits, &books, &stored, date.as_of, args.all);
    args.list.apply(&mut table)?;
    let document = Document::single(table).title("Limits").as_of(date.as_of).note(sentence(&found));
    app.write(&args.output, &document)?;
    Ok(ExitStatus::partial_if(found.contains(&Status::Breach) || found.contains(&Status::Unknown)))
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

/// Results of one date by portfolio id.
#[derive(Default)]
struct Stored {
    snapshots: HashMap<i64, Snapshot>,
    exposures: HashMap<i64, Vec<ExposureRow>>,
    factors: HashMap<i64, Vec<FactorExposure>>,
    stress: HashMap<i64, Vec<StressResult>>,
    market_risk: HashMap<i64, Vec<MarketRiskResult>>,
    exclusions: HashMap<i64, Vec<(String, Exclusion)>>,
}

impl Stored {
    async fn load(store: &mut Store, as_of: NaiveDate, ids: &[i64]) -> anyhow::Result<Stored> {
        let day = Scope::day(as_of, ids);
        let mut stored = Stored {
            snapshots: store.snapshots(&day).await.map_err(store_error)?.into_iter().collect(),
            ..Stored::default()
        };
        for (id, _, row) in store.exposures(&day).await.map_err(store_error)? {
            stored.exposures.entry(id).or_default().push(row);
        }
        for (id, _, rows) in store.factor_exposures(&day, DEFAULT_METHOD).await.map_err(store_error)? {
            stored.factors.entry(id).or_default().extend(rows);
        }
        let active: BTreeSet<String> =
            store.active_scenarios().await.map_err(store_error)?.into_iter().map(|s| s.id).collect();
        for (id, _, row) in store.stress_results(&day, METHOD).await.map_err(store_error)? {
            // Results of a scenario that has been switched off since are nobody's limit.
            if active.contains(&row.scenario_id) {
                stored.stress.entry(id).or_default().push(row);
            }
        }
        for (id, _, row) in store.market_risk_results(&day, METHOD).await.map_err(store_error)? {
            stored.market_risk.entry(id).or_default().push(row);
        }
        for (id, _, engine, exclusion) in store.exclusions(&day, None).await.map_err(store_error)? {
            stored.exclusions.entry(id).or_default().push((engine, exclusion));
        }
        Ok(stored)
    }
}

/// Every name that a file may use, from all portfolios: one file serves them all.
async fn known_names(store: &mut Store, stored: &Stored) -> anyhow::Result<KnownNames> {
    let instruments = store.instruments().await.map_err(store_error)?;
    let unique = |names: BTreeSet<String>| names.into_iter().collect::<Vec<String>>();
    let mut tags = BTreeSet::new();
    for user in store.users().await.map_err(store_error)? {
        tags.extend(store.tags(user.id).await.map_err(store_error)?.into_iter().map(|tag| tag.name));
    }
    let mut sectors: BTreeSet<String> = instruments.iter().filter_map(|i| i.sector.clone()).collect();
    sectors.insert(sigma_core::analytics::exposures::UNCLASSIFIED.to_owned());
    let moves = stored.market_risk.values().flatten().map(|row| row.scenario_id.clone());
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

fn judge(
    file: &[Limit],
    books: &[Book],
    stored: &Stored,
    as_of: NaiveDate,
    all: bool,
) -> (Table, Vec<Status>) {
    let mut table = Table::new(columns());
    let mut found = Vec::new();
    for book in books {
        let id = &book.portfolio.id;
        let lots: Vec<&Lot> = book.lots.iter().filter(|lot| lot.position.is_open(as_of)).collect();
        let inputs = stored.snapshots.get(id).map(|snapshot| LimitInputs {
            snapshot,
            exposures: rows(&stored.exposures, id),
            factors: rows(&stored.factors, id),
            stress: rows(&stored.stress, id),
            market_risk: rows(&stored.market_risk, id),
            exclusions: rows(&stored.exclusions, id),
            lots: &lots,
        });
        for limit in limits::applicable(file, &book.portfolio.slug) {
            let checks = limits::check(limit, inputs.as_ref());
            found.extend(checks.iter().map(|check| check.status));
            let told = if all { checks } else { limits::notable(checks) };
            told.iter().for_each(|check| table.push(cells(&book.portfolio.slug, check)));
        }
    }
    (table, found)
}

fn rows<'a, T>(by_portfolio: &'a HashMap<i64, Vec<T>>, id: &i64) -> &'a [T] {
    by_portfolio.get(id).map(Vec::as_slice).unwrap_or_default()
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
