//! `correlations`: stored correlations of portfolios or factors; with a FILE, those of its columns.

use chrono::NaiveDate;
use clap::Args as ClapArgs;
use sigma_cli::{
    App, AsOfArgs, Cell, Column, Document, ExitStatus, OutputArgs, PortfolioArgs, Table, store_error,
};
use sigma_core::analytics::factor_model::correlation_method;
use sigma_core::analytics::portfolio_correlation::CorrelationSpec;
use sigma_core::model::{Book, FactorMatrix, PortfolioCorrelation, Reason};
use sigma_store::{Scope, Store};

use crate::compute::HALF_LIFE_SESSIONS;
use crate::matrix_filter::{self, FilterArgs};
use crate::stored::{FACTOR_CORRELATIONS, HOLDING_CORRELATIONS};

/// Decimals of correlations.
const DECIMALS: usize = 4;

#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    as_of: AsOfArgs,
    #[command(flatten)]
    portfolio: PortfolioArgs,
    /// Correlations between the factors
    #[arg(long, conflicts_with_all = ["positions", "matrix"])]
    factors: bool,
    /// Correlations between the holdings: summary and clusters (this is the default)
    #[arg(long)]
    positions: bool,
    /// The whole matrix of each portfolio
    #[arg(long)]
    matrix: bool,
    #[command(flatten)]
    output: OutputArgs,
}

pub async fn run(args: &Args, app: &App) -> anyhow::Result<ExitStatus> {
    if args.filter.file.is_some() {
        return matrix_filter::run(&args.filter, args.output.output.as_deref(), app);
    }
    let mut store = app.open_store().await?;
    let document = match args.factors {
        true => between_factors(app, &mut store, args).await?,
        false => between_holdings(app, &mut store, args).await?,
    };
    app.write(&args.output, &document)?;
    Ok(ExitStatus::Done)
}

async fn between_factors(app: &App, store: &mut Store, args: &Args) -> anyhow::Result<Document> {
    let date = app.stored_date(store, FACTOR_CORRELATIONS, None, &args.as_of).await?;
    let as_of = date.as_of;
    let method = correlation_method(HALF_LIFE_SESSIONS);
    let stored = store.factor_matrices(as_of, as_of, &method).await.map_err(store_error)?;
    let Some(matrix) = stored.first() else { return Err(date.nothing("correlations of the factors")) };
    let note = format!(
        "exponentially weighted, half-life {HALF_LIFE_SESSIONS} sessions, {} sessions",
        matrix.observations
    );
    Ok(Document::single(factor_table(matrix)).title("Correlation of the factors").as_of(as_of).note(note))
}

fn factor_table(matrix: &FactorMatrix) -> Table {
    let full = matrix.matrix();
    square("factor", &matrix.factors, |i, j| Cell::number(full[[i, j]], DECIMALS))
}

async fn between_holdings(app: &App, store: &mut Store, args: &Args) -> anyhow::Result<Document> {
    let books = store.books(&args.portfolio.portfolios).await.map_err(store_error)?;
    let ids: Vec<i64> = books.iter().map(|book| book.portfolio.id).collect();
    let date = app.stored_date(store, HOLDING_CORRELATIONS, Some(&ids), &args.as_of).await?;
    let as_of = date.as_of;
    let method = CorrelationSpec::default().method();
    let stored = store.correlations(&Scope::day(as_of, &ids), &method).await.map_err(store_error)?;
    if stored.is_empty() {
        return Err(date.nothing("correlations of holdings"));
    }
    let title = "Correlations of holdings";
    Ok(match args.matrix {
        true => matrices(&books, &stored).title(title).as_of(as_of),
        false => summaries(&books, &stored).title(title).as_of(as_of),
    })
}

type Stored = (i64, NaiveDate, PortfolioCorrelation);

fn slug(books: &[Book], id: i64) -> &str {
    books.iter().find(|book| book.portfolio.id == id).map_or("", |book| &book.portfolio.slug)
}

fn matrices(books: &[Book], stored: &[Stored]) -> Document {
    let section = |document: Document, (id, _, correlation): &Stored| {
        let table = square("symbol", &correlation.symbols, |i, j| {
            if i == j {
                return Cell::number(1.0, DECIMALS);
            }
            let (high, low) = (i.max(j), i.min(j));
            let rho = correlation.pairs[high * (high - 1) / 2 + low];
            Cell::or_missing(rho.ok_or(Reason::InsufficientHistory), |rho| Cell::number(rho, DECIMALS))
        });
        document.section(slug(books, *id), table)
    };
    stored.iter().fold(Document::sections(), section)
}

/// A square table with a column per name.
fn square(key: &str, names: &[String], cell: impl Fn(usize, usize) -> Cell) -> Table {
    let mut columns = vec![Column::text(key, "")];
    columns.extend(names.iter().map(|name| Column::number(name, name)));
    let mut table = Table::new(columns);
    for (i, name) in names.iter().enumerate() {
        let mut row = vec![Cell::text(name)];
        row.extend((0..names.len()).map(|j| cell(i, j)));
        table.push(row);
    }
    table
}

fn summaries(books: &[Book], stored: &[Stored]) -> Document {
    let number = Column::number;
    let mut summary = Table::new(vec![
        Column::text("portfolio", "Portfolio"),
        number("window_sessions", "Window"),
        number("included", "Holdings"),
        number("excluded", "Left out"),
        number("average_correlation", "Average"),
        number("effective_bets", "Effective bets"),
        number("min_eigenvalue", "Smallest eigenvalue"),
        Column::text("repaired", "Repaired"),
    ]);
    let mut clusters = Table::new(vec![
        Column::text("portfolio", "Portfolio"),
        Column::text("cluster", "Cluster"),
        number("average_correlation", "Average"),
        number("value_usd", "Value").unit("$"),
        number("weight_fraction", "Weight"),
        Column::text("members", "Members"),
    ]);
    let decimal = |value: Option<f64>| Cell::or_blank(value, |value| Cell::number(value, DECIMALS));
    for (id, _, correlation) in stored {
        let portfolio = || Cell::text(slug(books, *id));
        summary.push(vec![
            portfolio(),
            Cell::Int(correlation.window_sessions as i64),
            Cell::Int(correlation.symbols.len() as i64),
            Cell::Int(correlation.excluded as i64),
            decimal(correlation.average_correlation),
            decimal(correlation.effective_bets),
            decimal(correlation.min_eigenvalue),
            Cell::Bool(correlation.repaired),
        ]);
        for cluster in &correlation.clusters {
            clusters.push(vec![
                portfolio(),
                Cell::text(&cluster.name),
                decimal(Some(cluster.average_correlation)),
                Cell::Money(cluster.value),
                Cell::or_blank(cluster.weight_fraction, Cell::Percent),
                Cell::text(cluster.members.join(" ")),
            ]);
        }
    }
    Document::sections().section("portfolios", summary).section("clusters", clusters)
}
