//! `sigma-report export trades`: a list of trades as orders, for brokers and for trade files.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use sigma_cli::what_if::{problem_count, problems_document, read_trades};
use sigma_cli::{
    App, Destination, Document, ExitStatus, Format, OutputArgs, fail, open_input, render, store_error,
};
use sigma_core::model::{Trade, TradeProblem};
use sigma_store::{Store, WhatIfSession};

use crate::orders::fix::{self, Session};
use crate::orders::{Order, against_holdings, orders, tables};

/// What can be exported.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Trades as orders: CSV that reads back as trades, JSON, or FIX 4.4 NewOrderSingle
    Trades(Args),
}

/// Form of the orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OrderFormat {
    Csv,
    Json,
    /// FIX 4.4, a message a line
    Fix,
}

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("trades").required(true))]
pub struct Args {
    /// CSV of trades: symbol, action (BUY, SELL, SHORT, COVER), quantity or dollars, price, tag; - for standard input
    #[arg(long, value_name = "FILE", group = "trades")]
    file: Option<PathBuf>,
    /// Trades of a kept what-if session, as they would be filled: what is held on the other side is closed by a trade of
    /// its own; prices only where the trade named one
    #[arg(long, value_name = "NAME", group = "trades")]
    session: Option<String>,
    /// Form of the orders
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "csv")]
    format: OrderFormat,
    /// Write to a file, whole or not at all [default: stdout, also "-"]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What the ids of orders begin with [default: SIGMA and the time]
    #[arg(long, value_name = "TEXT", value_parser = plain_text)]
    id_prefix: Option<String>,
    /// FIX: bars in place of SOH, for people
    #[arg(long)]
    readable: bool,
    /// FIX: SenderCompID (49)
    #[arg(long, value_name = "ID", default_value = "SIGMASIGHT", value_parser = plain_text)]
    sender: String,
    /// FIX: TargetCompID (56)
    #[arg(long, value_name = "ID", default_value = "BROKER", value_parser = plain_text)]
    target: String,
    /// FIX: Account (1)
    #[arg(long, value_name = "ID", value_parser = plain_text)]
    account: Option<String>,
    /// FIX: leave out PutOrCall (201), which the 4.4 dictionary does not have; CFICode (461) says the same
    #[arg(long)]
    strict: bool,
}

pub async fn run(verb: Verb, app: &App) -> anyhow::Result<ExitStatus> {
    let Verb::Trades(args) = verb;
    let (trades, problems, source) = load(&args, app).await?;
    let time = app.clock.now().format("%Y%m%d%H%M%S");
    let prefix = args.id_prefix.clone().unwrap_or_else(|| format!("SIGMA-{time}"));
    match (orders(&trades, &prefix), problems) {
        (Ok(orders), problems) if problems.is_empty() => write(&args, app, &orders),
        (found, mut problems) => {
            problems.extend(found.err().unwrap_or_default());
            Err(refused(app, &problems, &source)?)
        }
    }
}

async fn load(args: &Args, app: &App) -> anyhow::Result<(Vec<Trade>, Vec<TradeProblem>, String)> {
    if let Some(name) = &args.session {
        let mut store = app.open_store().await?;
        let session = store.what_if_session(name).await.map_err(store_error)?;
        let held = held(&mut store, &session).await?;
        let filled = session.trades.into_iter().map(|filled| Trade {
            quantity: Some(filled.filled_quantity),
            dollars: None,
            ..filled.trade
        });
        let trades = against_holdings(filled.collect(), held);
        return Ok((trades, Vec::new(), format!("session {name}")));
    }
    let path = args.file.as_deref().unwrap_or(Path::new("-"));
    let (trades, problems) = read_trades(open_input(Some(path))?)?;
    Ok((trades, problems, path.display().to_string()))
}

/// Signed units by symbol that the portfolio of a session holds at its close.
async fn held(store: &mut Store, session: &WhatIfSession) -> anyhow::Result<HashMap<String, f64>> {
    let books = store.books(std::slice::from_ref(&session.portfolio)).await.map_err(store_error)?;
    let lots = books.iter().flat_map(|book| &book.lots);
    let mut held: HashMap<String, f64> = HashMap::new();
    for lot in lots.filter(|lot| lot.position.is_open(session.as_of)) {
        *held.entry(lot.instrument.symbol.clone()).or_default() += lot.position.quantity;
    }
    Ok(held)
}

/// Everything that is wrong goes to stderr; nothing is written.
fn refused(app: &App, problems: &[TradeProblem], source: &str) -> anyhow::Result<anyhow::Error> {
    let document = problems_document(problems, source);
    let told = render(&document, Format::Table, None)?;
    told.lines().filter(|line| !line.is_empty()).for_each(|line| app.note(line));
    let message = format!("{} in {source}; nothing was exported", problem_count(problems));
    Ok(fail(ExitStatus::Usage, message, "correct the rows above"))
}

fn write(args: &Args, app: &App, orders: &[Order]) -> anyhow::Result<ExitStatus> {
    let form = |format| OutputArgs { format, output: args.output.clone() };
    match args.format {
        OrderFormat::Csv => app.write(&form(Format::Csv), &Document::single(tables::trades(orders)))?,
        OrderFormat::Json => {
            app.write(&form(Format::Json), &Document::single(tables::full(orders)).title("Orders"))?;
        }
        OrderFormat::Fix => {
            let session = Session {
                sender: args.sender.clone(),
                target: args.target.clone(),
                account: args.account.clone(),
                now: app.clock.now(),
                is_strict: args.strict,
            };
            let mut text = String::new();
            for (at, order) in orders.iter().enumerate() {
                let message = fix::message(order, &session, at + 1);
                text.push_str(&if args.readable { fix::readable(&message) } else { message });
                text.push('\n');
            }
            Destination::new(args.output.as_deref()).write_text(&text)?;
        }
    }
    Ok(ExitStatus::Done)
}

/// Text that cannot end a field: printable ASCII without bars.
fn plain_text(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_graphic() && c != '|';
    match !text.is_empty() && text.chars().all(is_plain) {
        true => Ok(text.to_owned()),
        false => Err("letters, digits and signs without spaces and bars".to_owned()),
    }
}
