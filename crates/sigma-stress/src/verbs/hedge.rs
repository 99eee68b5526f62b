//! `hedge`: the smallest trades in given instruments that bring named exposures to target. Arithmetic, not advice.

use sigma_cli::args::parse_symbol;
use sigma_cli::what_if::one_portfolio;
use sigma_cli::{App, AsOfArgs, ExitStatus, OutputArgs, PortfolioArgs, ProFormaRequest, load_what_if};
use sigma_core::model::{Issue, Trade, TradeAction};

use super::hedge_tables;
use super::what_if::LOADINGS;
use crate::what_if::suggestion::Suggestion;
use crate::what_if::target::{TARGETS, Target, refuse_repeated};

/// Options of `hedge`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Instruments to trade, apart by commas
    #[arg(
        long,
        value_name = "SYM[,SYM..]",
        value_delimiter = ',',
        required = true,
        allow_hyphen_values = true,
        value_parser = parse_symbol
    )]
    with: Vec<String>,
    /// Exposure and the value it should have; repeatable
    #[arg(long, value_name = "NAME=VALUE", required = true, help = target_help())]
    target: Vec<Target>,
    /// Allow parts of shares
    #[arg(long)]
    fractional: bool,
    #[command(flatten)]
    as_of: AsOfArgs,
    #[command(flatten)]
    portfolios: PortfolioArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Names are those of limits.
fn target_help() -> String {
    format!(
        "Exposure and the value it should have, such as beta=0 or factor:Value=0; repeatable. Names: {TARGETS}"
    )
}

pub async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    refuse_repeated(&args.target)?;
    let calendar = app.calendar()?;
    let mut store = app.open_store().await?;
    let as_of = app.stored_date(&mut store, LOADINGS, None, &args.as_of).await?.as_of;
    let request = ProFormaRequest {
        portfolio: one_portfolio(&args.portfolios.portfolios)?.map(str::to_owned),
        as_of,
        trades: args.with.iter().enumerate().map(probe).collect(),
        problems: Vec::new(),
        fractional: args.fractional,
        can_state_prices: false,
        source: "--with".to_owned(),
    };
    let what_if = load_what_if(app, &mut store, &calendar, request, &args.output).await?;
    let suggestion = Suggestion::new(&what_if, &calendar, &args.target, args.fractional)?;

    app.write(&args.output, &hedge_tables::document(&suggestion, &what_if, args.output.format))?;
    let issues: Vec<Issue> = what_if.issues.iter().chain(&suggestion.unseen).cloned().collect();
    let told = app.tell_issues(&issues);
    Ok(if suggestion.targets.iter().all(|target| target.is_reached) { told } else { ExitStatus::Partial })
}

/// One unit: checks the symbol and loads what it needs.
fn probe((at, symbol): (usize, &String)) -> Trade {
    Trade {
        row: at + 1,
        symbol: symbol.clone(),
        action: TradeAction::Buy,
        quantity: Some(1.0),
        dollars: None,
        price: None,
        tag: None,
    }
}
