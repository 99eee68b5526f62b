//! `what-if`: a portfolio before and after trades, through every engine; kept under a name or stored on request.

use std::collections::BTreeSet;
use std::path::PathBuf;

use sigma_cli::what_if::one_portfolio;
use sigma_cli::{
    App, AsOfArgs, DryRun, ExitStatus, LockArgs, OutputArgs, PortfolioArgs, ProFormaRequest, StoredResults,
    ToolError, WhatIf, fail, store_error,
};
use sigma_core::model::{Book, Issue, Lot, Reason, slug_of};
use sigma_store::{Engine, NewInstrument, Store, WhatIfSession, WhatIfTrade};

use crate::inputs::Scenarios;
use crate::what_if::{Thought, compare};

/// What the answer is a function of; without them there is little to compare.
pub const LOADINGS: StoredResults =
    StoredResults { engine: Engine::FactorFits, what: "factor loadings", command: "sigma-factors run" };

/// Options of `what-if`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Trades as CSV: symbol, action (BUY, SELL, SHORT, COVER), quantity or dollars, price, tag [default: stdin, also "-"]
    #[arg(value_name = "FILE", conflicts_with = "session")]
    file: Option<PathBuf>,
    /// The trades of a kept session, on its date unless --as-of names another
    #[arg(long, value_name = "NAME", conflicts_with = "fractional")]
    session: Option<String>,
    /// Keep the trades under this name
    #[arg(long, value_name = "NAME", conflicts_with = "session", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    save: Option<String>,
    /// Store the book after the trades as a new portfolio
    #[arg(long, value_name = "SLUG")]
    to_portfolio: Option<String>,
    /// Allow parts of shares
    #[arg(long)]
    fractional: bool,
    #[command(flatten)]
    as_of: AsOfArgs,
    #[command(flatten)]
    portfolios: PortfolioArgs,
    #[command(flatten)]
    dry_run: DryRun,
    #[command(flatten)]
    lock: LockArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    let writes = !args.dry_run.dry_run && (args.save.is_some() || args.to_portfolio.is_some());
    if writes {
        app.begin("what-if");
    }
    let _lock = if writes { Some(app.lock(&args.lock).await?) } else { None };
    let calendar = app.calendar()?;
    let mut store = app.open_store().await?;
    refuse_taken_names(&mut store, &args).await?;
    let session = match &args.session {
        Some(name) => Some(store.what_if_session(name).await.map_err(store_error)?),
        None => None,
    };
    let request = request(app, &mut store, &args, session.as_ref()).await?;
    let (source, as_of, fractional) = (request.source.clone(), request.as_of, request.fractional);
    let scenarios = Scenarios::load(&mut store, None).await?;
    let thought = Thought::load(app, &mut store, &calendar, request, scenarios, &args.output).await?;
    let slug = thought.what_if.before.book.portfolio.slug.clone();

    app.write(
        &args.output,
        &compare::document(&thought, format!("What if: {slug} after the trades of {source}")),
    )?;
    if writes {
        app.set_as_of(as_of);
        save(app, &mut store, &args, &thought, fractional).await?;
    } else if args.dry_run.dry_run {
        tell_plan(app, &args, &thought);
    }
    let mut issues = thought.issues();
    issues.extend(args.to_portfolio.iter().flat_map(|slug| unstored_prices(&thought.what_if, slug)));
    Ok(app.tell_issues(&issues))
}

/// Prices that stand in for one of the close are of this answer only: the stored portfolio does not have them.
fn unstored_prices(what_if: &WhatIf, slug: &str) -> Vec<Issue> {
    let lots = what_if.after.book.lots.iter();
    let symbols: BTreeSet<&str> = lots.map(|lot| lot.instrument.symbol.as_str()).collect();
    let without = symbols.into_iter().filter(|symbol| what_if.price_sources.contains_key(*symbol));
    let detail = format!("no stored price: left out of {slug} until synced (`sigma-sync run`)");
    without.map(|symbol| Issue::warning(symbol, Reason::NoPrice, &detail)).collect()
}

/// What a run that is not dry would write.
fn tell_plan(app: &App, args: &Args, thought: &Thought) {
    let what_if = &thought.what_if;
    let count = |n: usize, one: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") };
    match &args.save {
        Some(name) => {
            app.note(&format!(
                "dry run: would keep {} as session {name}",
                count(what_if.fills.len(), "trade")
            ));
        }
        None if args.to_portfolio.is_none() => {
            app.note("dry run: nothing to write without --save or --to-portfolio");
        }
        None => {}
    }
    if let Some(slug) = &args.to_portfolio {
        let (lots, cash) = (what_if.after.book.lots.len(), what_if.after.day.cash);
        let positions = count(lots, "position");
        app.note(&format!("dry run: would store portfolio {slug} with {positions} and {cash:.2} in cash"));
    }
}

/// Names are checked before the work, so that nothing is computed in vain.
async fn refuse_taken_names(store: &mut Store, args: &Args) -> anyhow::Result<()> {
    if let Some(name) = &args.save
        && store.what_if_sessions().await.map_err(store_error)?.iter().any(|kept| kept.name == *name)
    {
        let hint = format!("choose another name, or run `sigma-stress sessions rm {name}`");
        return Err(fail(ExitStatus::Usage, format!("a session `{name}` is kept already"), hint));
    }
    let Some(slug) = &args.to_portfolio else { return Ok(()) };
    if slug.is_empty() || slug_of(slug) != *slug {
        let hint = match slug_of(slug) {
            valid if valid.is_empty() => "use lower-case letters, digits and hyphens".to_owned(),
            valid => format!("use --to-portfolio {valid}"),
        };
        return Err(ToolError::usage(format!("`{slug}` is no slug")).hint(hint).into());
    }
    let taken = store.portfolios(&[]).await.map_err(store_error)?.iter().any(|p| p.slug == *slug);
    match taken {
        true => Err(fail(
            ExitStatus::Usage,
            format!("a portfolio `{slug}` is stored already"),
            "choose another slug; stored portfolios are never changed by a what-if",
        )),
        false => Ok(()),
    }
}

async fn request(
    app: &App,
    store: &mut Store,
    args: &Args,
    session: Option<&WhatIfSession>,
) -> anyhow::Result<ProFormaRequest> {
    let portfolio = one_portfolio(&args.portfolios.portfolios)?;
    if let Some(session) = session {
        return Ok(ProFormaRequest::of_session(session, portfolio, app.asked_session(&args.as_of)?));
    }
    let date = app.stored_date(store, LOADINGS, None, &args.as_of).await?;
    ProFormaRequest::read(args.file.as_deref(), args.fractional, portfolio, date.as_of)
}

async fn save(
    app: &App,
    store: &mut Store,
    args: &Args,
    thought: &Thought,
    fractional: bool,
) -> anyhow::Result<()> {
    let what_if = &thought.what_if;
    let portfolio = &what_if.before.book.portfolio;
    if let Some(name) = &args.save {
        let filled = what_if.fills.iter().map(|fill| WhatIfTrade {
            trade: fill.trade.clone(),
            filled_quantity: fill.quantity.abs(),
            filled_price: fill.price,
        });
        let session = WhatIfSession {
            name: name.clone(),
            portfolio: portfolio.slug.clone(),
            as_of: what_if.as_of,
            fractional,
            created_at: app.clock.timestamp(),
            trades: filled.collect(),
        };
        app.record("trades", session.trades.len());
        store.add_what_if_session(session).await.map_err(store_error)?;
        app.record("session", name);
    }
    if let Some(slug) = &args.to_portfolio {
        let name = format!("{} (what-if)", portfolio.name);
        let book = with_stored_instruments(store, &what_if.after.book).await?;
        store.add_book(&book, slug, &name).await.map_err(store_error)?;
        app.record("portfolio", slug);
        app.record("positions", what_if.after.book.lots.len());
    }
    Ok(())
}

/// The book with instruments that have been made for the what-if put into the security master, under their new ids.
async fn with_stored_instruments(store: &mut Store, book: &Book) -> anyhow::Result<Book> {
    let is_made = |lot: &&Lot| lot.instrument.id < 0;
    let new = |lot: &Lot| NewInstrument {
        kind: Some(lot.instrument.kind),
        option: lot.instrument.option.clone(),
        ..NewInstrument::of_symbol(&lot.instrument.symbol)
    };
    let made: Vec<NewInstrument> = book.lots.iter().filter(is_made).map(new).collect();
    let mut book = book.clone();
    if made.is_empty() {
        return Ok(book);
    }
    let ids = store.upsert_instruments(made).await.map_err(store_error)?.ids;
    for lot in &mut book.lots {
        if let Some(id) = ids.get(&lot.instrument.symbol).filter(|_| lot.instrument.id < 0) {
            (lot.instrument.id, lot.position.instrument_id) = (*id, *id);
        }
    }
    Ok(book)
}
