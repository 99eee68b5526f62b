//! `hedge`: the smallest trades in given instruments that bring named exposures to target. Arithmetic, not advice.

use std::collections::BTreeMap;

use sigma_cli::what_if::one_portfolio;
use sigma_cli::{
    App, AsOfArgs, Cell, Column, Document, ExitStatus, Format, OutputArgs, PortfolioArgs, ProFormaRequest,
    Side, Table, ToolError, WhatIf, fail, load_what_if,
};
use sigma_core::analytics::hedge::{solve, units};
use sigma_core::calendar::Calendar;
use sigma_core::model::{Book, Instrument, InstrumentKind, Lot, Position, Trade, TradeAction};
use sigma_core::{analytics::positions::PositionView, model::Reason};

use super::what_if::LOADINGS;
use crate::what_if::sections::sum;
use crate::what_if::target::Target;

/// Options of `hedge`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Instruments to trade, apart by commas
    #[arg(long, value_name = "SYM[,SYM..]", value_delimiter = ',', required = true)]
    with: Vec<String>,
    /// Exposure and the value it should have, such as market_beta=0, factor:Value=0 (dollars), beta:Size=0, delta_dollars=0; repeatable
    #[arg(long, value_name = "NAME=VALUE", required = true)]
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

pub async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    let calendar = app.calendar()?;
    let mut store = app.open_store().await?;
    let as_of = app.stored_date(&mut store, LOADINGS, None, &args.as_of).await?.as_of;
    let request = ProFormaRequest {
        portfolio: one_portfolio(&args.portfolios.portfolios)?,
        as_of,
        trades: args.with.iter().enumerate().map(probe).collect(),
        problems: Vec::new(),
        fractional: args.fractional,
        source: "--with".to_owned(),
    };
    let what_if = load_what_if(app, &mut store, &calendar, request, &args.output).await?;
    let suggestion = Suggestion::new(&what_if, &calendar, &args)?;

    app.write(&args.output, &suggestion.document(&what_if, args.output.format))?;
    let told = app.tell_issues(&what_if.issues);
    Ok(if suggestion.targets.iter().all(|target| target.is_reached) { told } else { ExitStatus::Partial })
}

/// One unit: checks the symbol and loads what it needs.
fn probe((at, symbol): (usize, &String)) -> Trade {
    Trade {
        row: at + 1,
        symbol: symbol.trim().to_uppercase(),
        action: TradeAction::Buy,
        quantity: Some(1.0),
        dollars: None,
        price: None,
        tag: None,
    }
}

/// Where one target stands.
struct Reading<'a> {
    target: &'a Target,
    current: f64,
    /// After the exact solution.
    exact: f64,
    /// After whole units.
    rounded: f64,
    is_reached: bool,
}

struct Suggestion<'a> {
    trades: Vec<(TradeAction, String, f64)>,
    targets: Vec<Reading<'a>>,
}

impl<'a> Suggestion<'a> {
    fn new(what_if: &WhatIf, calendar: &Calendar, args: &'a Args) -> anyhow::Result<Suggestion<'a>> {
        let before = &what_if.before;
        let instruments = instruments(what_if);
        let views = unit_views(what_if, calendar, &instruments)?;
        let values: Vec<f64> = views.iter().map(|view| view.market_value.unwrap_or_default()).collect();
        if let Some(at) = values.iter().position(|value| *value <= 0.0) {
            let message =
                format!("a price of zero turns no dollars into units of {}", instruments[at].symbol);
            return Err(fail(ExitStatus::Usage, message, "name another instrument with --with"));
        }
        let mut per_unit = Vec::new();
        let mut current = Vec::new();
        for target in &args.target {
            known_factor(target, what_if)?;
            if target.unit(before.day.nav) <= 0.0 {
                let message = format!("{} has no meaning while the NAV is not positive", target.name);
                return Err(fail(ExitStatus::Usage, message, "name an exposure in dollars"));
            }
            let unknown = |whose: &str, reason: Reason| {
                let message = format!("{} of {whose} is not known ({reason})", target.name);
                fail(
                    ExitStatus::Failed,
                    message,
                    "run `sigma-greeks run` and `sigma-factors run` for the date",
                )
            };
            let portfolio = &before.book.portfolio.slug;
            let sum = sum(&before.views, |view| target.dollars(view)).map_err(|r| unknown(portfolio, r))?;
            current.push(sum);
            let of_units = instruments.iter().zip(&views);
            let row =
                of_units.map(|(i, view)| target.dollars(view).map_err(|reason| unknown(&i.symbol, reason)));
            per_unit.push(row.collect::<anyhow::Result<Vec<f64>>>()?);
        }
        let of_nav = |target: &Target| target.unit(before.day.nav);
        let gaps: Vec<f64> = args
            .target
            .iter()
            .zip(&current)
            .map(|(target, now)| target.value * of_nav(target) - now)
            .collect();
        let hedge = solve_rows(&per_unit, &values, &gaps)?;
        let counts: Vec<f64> = instruments
            .iter()
            .zip(hedge.dollars.iter().zip(&values))
            .map(|(instrument, (dollars, value))| {
                units(*dollars, *value, in_parts(instrument, args.fractional))
            })
            .collect();
        let targets = args.target.iter().enumerate().map(|(i, target)| {
            let moved: f64 = per_unit[i].iter().zip(&counts).map(|(unit, count)| unit * count).sum();
            let unit = of_nav(target);
            Reading {
                target,
                current: current[i] / unit,
                exact: (current[i] + hedge.moved[i]) / unit,
                rounded: (current[i] + moved) / unit,
                is_reached: hedge.is_reached[i],
            }
        });
        let targets = targets.collect();
        let trades =
            instruments.iter().zip(&counts).flat_map(|(i, count)| orders(&before.book, before, i, *count));
        Ok(Suggestion { trades: trades.collect(), targets })
    }

    /// The trades file alone in CSV; for people and JSON the targets as well.
    fn document(&self, what_if: &WhatIf, format: Format) -> Document {
        let mut trades = Table::new(vec![
            Column::text("symbol", "Symbol"),
            Column::text("action", "Action"),
            Column::number("quantity", "Quantity"),
        ]);
        for (action, symbol, quantity) in &self.trades {
            trades.push(vec![Cell::text(symbol), Cell::text(action.as_str()), Cell::number(*quantity, 4)]);
        }
        let title = format!("Trades that bring {} to target", what_if.before.book.portfolio.slug);
        let mut document = match format {
            Format::Csv => Document::single(trades),
            _ => Document::sections().section("trades", trades).section("targets", self.readings()),
        };
        document = document.title(title).as_of(what_if.as_of).note("Arithmetic, not advice: the least sum of squared dollars, at the prices of the close and without commissions.");
        for reading in self.targets.iter().filter(|reading| !reading.is_reached) {
            document = document.note(format!(
                "{} cannot be brought to {} with these instruments; the nearest is {:.4}.",
                reading.target.name, reading.target.value, reading.exact
            ));
        }
        document
    }

    fn readings(&self) -> Table {
        let mut table = Table::new(vec![
            Column::text("target", "Exposure"),
            Column::number("current", "Current"),
            Column::number("wanted", "Target"),
            Column::number("exact", "Exact solution"),
            Column::number("after_rounding", "With whole units"),
            Column::text("reached", "Reached"),
        ]);
        for reading in &self.targets {
            let number = |value| Cell::number(value, 4);
            table.push(vec![
                Cell::text(&reading.target.name),
                number(reading.current),
                number(reading.target.value),
                number(reading.exact),
                number(reading.rounded),
                Cell::Bool(reading.is_reached),
            ]);
        }
        table
    }
}

/// Instruments to trade, each once, in their order.
fn instruments(what_if: &WhatIf) -> Vec<Instrument> {
    let mut seen = BTreeMap::new();
    for (at, fill) in what_if.fills.iter().enumerate() {
        seen.entry(&fill.trade.symbol).or_insert(at);
    }
    let mut order: Vec<usize> = seen.into_values().collect();
    order.sort_unstable();
    order
        .into_iter()
        .filter_map(|at| what_if.instruments.get(&what_if.fills[at].trade.symbol))
        .cloned()
        .collect()
}

/// One unit of each instrument, valued and measured as a position.
fn unit_views(
    what_if: &WhatIf,
    calendar: &Calendar,
    instruments: &[Instrument],
) -> anyhow::Result<Vec<PositionView>> {
    let portfolio = what_if.after.book.portfolio.clone();
    let lot = |instrument: &Instrument| Lot {
        position: Position {
            id: 0,
            portfolio_id: portfolio.id,
            instrument_id: instrument.id,
            quantity: 1.0,
            entry_price: 0.0,
            entry_date: what_if.as_of,
            exit_price: None,
            exit_date: None,
        },
        instrument: instrument.clone(),
        tags: Vec::new(),
    };
    let lots = instruments.iter().map(lot).collect();
    let book = Book { lots, cash: Vec::new(), portfolio };
    Ok(Side::new(book, &what_if.market, calendar, what_if.as_of, &what_if.results)?.views)
}

fn known_factor(target: &Target, what_if: &WhatIf) -> anyhow::Result<()> {
    let Some(factor) = target.factor() else { return Ok(()) };
    if what_if.definitions.iter().any(|definition| definition.name == factor) {
        return Ok(());
    }
    let known: Vec<&str> = what_if.definitions.iter().map(|definition| definition.name.as_str()).collect();
    Err(ToolError::usage(format!("no factor is named `{factor}`"))
        .hint(format!("defined: {}", known.join(", ")))
        .into())
}

fn solve_rows(
    per_unit: &[Vec<f64>],
    values: &[f64],
    gaps: &[f64],
) -> anyhow::Result<sigma_core::analytics::hedge::Hedge> {
    let rows: Vec<Vec<f64>> = per_unit
        .iter()
        .map(|row| row.iter().zip(values).map(|(unit, value)| unit / value).collect())
        .collect();
    solve(&rows, gaps).map_err(|error| ToolError::from_cause(ExitStatus::Failed, error).into())
}

fn in_parts(instrument: &Instrument, fractional: bool) -> bool {
    match instrument.kind {
        InstrumentKind::Option => false,
        InstrumentKind::MutualFund | InstrumentKind::Private => true,
        _ => fractional,
    }
}

/// A change of holding as orders: what is held on the other side is closed first, under its own name.
fn orders(book: &Book, side: &Side, instrument: &Instrument, change: f64) -> Vec<(TradeAction, String, f64)> {
    let lots =
        side.day.lots.iter().map(|day| &book.lots[day.lot]).filter(|lot| lot.instrument.id == instrument.id);
    let held: f64 = lots.map(|lot| lot.position.quantity).filter(|q| q * change < 0.0).map(f64::abs).sum();
    let (close, open) = match change > 0.0 {
        true => (TradeAction::Cover, TradeAction::Buy),
        false => (TradeAction::Sell, TradeAction::Short),
    };
    let closed = held.min(change.abs());
    [(close, closed), (open, change.abs() - closed)]
        .into_iter()
        .filter(|(_, quantity)| *quantity > 0.0)
        .map(|(action, quantity)| (action, instrument.symbol.clone(), quantity))
        .collect()
}
