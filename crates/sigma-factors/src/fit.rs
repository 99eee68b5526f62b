//! `fit`: the columns of a CSV table regressed on factor columns, without a database.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args as ClapArgs, ValueEnum};
use rayon::prelude::*;
use sigma_cli::render::{guarded, number_text};
use sigma_cli::{App, Destination, ExitStatus, ToolError, open_input};
use sigma_core::analytics::factor_fit::{
    FactorDesign, FactorError, FactorSeries, FitInput, FitModel, FitSpec, Penalty, fit, fit_univariate,
};
use sigma_core::model::{FactorFit, FactorKind, FitStatus};

use crate::wide::WideTable;

/// Columns of the answer.
const ANSWER: [&str; 10] = [
    "symbol",
    "term",
    "coefficient",
    "std_error",
    "t_value",
    "p_value",
    "r_squared",
    "n",
    "condition_number",
    "status",
];

/// Name of the constant among the terms.
const CONSTANT: &str = "const";

/// Observations below which a joint regression has no number.
const MIN_OBSERVATIONS: usize = 60;

/// Condition number of the factors from which on the reader is told.
const WELL_POSED_CONDITION: f64 = 1e5;

/// Which regression is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Model {
    /// Market, tilts against it and rate together; tilts shrunk by a prior
    Prior,
    /// The same without shrinkage
    Ols,
    /// Raw returns of market and factors together
    OlsRaw,
    /// Each factor alone, as a raw return; no constant is told, as each regression has its own
    Univariate,
}

#[derive(Debug, ClapArgs)]
pub struct Args {
    /// Wide CSV of prices: date,SYM1,SYM2,... oldest row first; blanks allowed [default: stdin, also "-"]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Column of the market
    #[arg(long, value_name = "SYMBOL")]
    market: String,
    /// Columns of the style factors, separated by commas
    #[arg(long, value_name = "SYMBOLS", value_delimiter = ',')]
    factors: Vec<String>,
    /// Column of a yield in percent (with --returns: of its changes, decimal)
    #[arg(long, value_name = "SERIES")]
    rate: Option<String>,
    /// Returns looked back on
    #[arg(long, value_name = "ROWS", default_value_t = 252)]
    window: usize,
    /// Regression
    #[arg(long, value_enum, default_value = "prior", value_name = "MODEL")]
    model: Model,
    /// Scale of a tilt under the prior
    #[arg(long, value_name = "SCALE", default_value_t = 0.5)]
    tau: f64,
    /// Common returns below which there is no number [default: 60; for ols-raw one more than terms]
    #[arg(long, value_name = "N")]
    min_obs: Option<usize>,
    /// The table holds returns instead of prices
    #[arg(long)]
    returns: bool,
    /// Write to a file, whole or not at all [default: stdout, also "-"]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub fn run(args: &Args, app: &App) -> anyhow::Result<ExitStatus> {
    let terms = terms(args)?;
    let table = WideTable::read(open_input(args.file.as_deref())?)?;
    let factors = factors(args, &terms, &table)?;
    let taken: Vec<usize> = terms.iter().map(|(name, _)| table.position(name)).collect::<Result<_, _>>()?;
    let regressed: Vec<usize> = (0..table.symbols.len()).filter(|at| !taken.contains(at)).collect();
    let fits = fits(args, &factors, &table, &regressed, app)?;
    Destination::new(args.output.as_deref()).write_with(|out| {
        let mut out = csv::Writer::from_writer(out);
        out.write_record(ANSWER).context("cannot write")?;
        for (at, fits) in regressed.iter().zip(&fits) {
            write(&mut out, &table.symbols[*at], &terms, fits)?;
        }
        out.flush().context("cannot write")
    })?;
    Ok(ExitStatus::Done)
}

/// The regressors in the order of the answer: market, factors, rate.
fn terms(args: &Args) -> anyhow::Result<Vec<(String, FactorKind)>> {
    let mut terms = vec![(args.market.clone(), FactorKind::Market)];
    let named = args.factors.iter().map(|factor| factor.trim()).filter(|factor| !factor.is_empty());
    terms.extend(named.map(|factor| (factor.to_owned(), FactorKind::Style)));
    terms.extend(args.rate.iter().map(|rate| (rate.clone(), FactorKind::Rates)));
    for (at, (name, _)) in terms.iter().enumerate() {
        if terms[..at].iter().any(|(other, _)| other == name) {
            let hint = "name each column once among --market, --factors and --rate";
            return Err(ToolError::usage(format!("the factor {name} is named twice")).hint(hint).into());
        }
    }
    Ok(terms)
}

fn factors(
    args: &Args,
    terms: &[(String, FactorKind)],
    table: &WideTable,
) -> anyhow::Result<Vec<FactorSeries>> {
    let series = |(name, kind): &(String, FactorKind)| {
        let at = table.position(name)?;
        let returns = match kind {
            FactorKind::Rates => table.yield_changes(at, args.returns),
            _ => table.returns(at, args.returns),
        };
        Ok(FactorSeries { name: name.clone(), kind: *kind, returns })
    };
    terms.iter().map(series).collect()
}

/// The fits of each column: one, or one per factor with the univariate model.
fn fits(
    args: &Args,
    factors: &[FactorSeries],
    table: &WideTable,
    regressed: &[usize],
    app: &App,
) -> anyhow::Result<Vec<Vec<FactorFit>>> {
    let spec = spec(args, factors.len());
    let design = match FactorDesign::new(factors, spec) {
        Ok(design) => design,
        // A factor that is no number leaves no column a number.
        Err(FactorError::NonFinite(name)) => {
            app.note(&format!("the factor {name} holds a cell that is not a number"));
            let invalid = FactorFit::without_numbers(FitStatus::InvalidInput, 0);
            return Ok(vec![vec![invalid]; regressed.len()]);
        }
        Err(error) => return Err(ToolError::usage(error.to_string()).hint("see --help").into()),
    };
    for name in &design.stale_proxies {
        app.note(&format!("the factor {name} looks stale: its daily moves reverse"));
    }
    let of_column = |at: &usize| {
        let returns = table.returns(*at, args.returns);
        let input = FitInput { returns: &returns, duration_years: None };
        match args.model {
            Model::Univariate => fit_univariate(&design, &input),
            _ => vec![fit(&design, &input)],
        }
    };
    let fits: Vec<Vec<FactorFit>> = regressed.par_iter().map(of_column).collect();
    let conditions = fits.iter().flatten().filter_map(|fit| fit.condition_number);
    let worst = conditions.fold(0.0, f64::max);
    if worst > WELL_POSED_CONDITION {
        app.note(&format!(
            "the factors are nearly dependent (condition number {worst:.1e}): coefficients lose digits"
        ));
    }
    Ok(fits)
}

fn spec(args: &Args, regressors: usize) -> FitSpec {
    // The constant counts as a term.
    let default_minimum = match args.model {
        Model::OlsRaw => regressors + 2,
        _ => MIN_OBSERVATIONS,
    };
    FitSpec {
        window: args.window,
        min_observations: args.min_obs.unwrap_or(default_minimum),
        tau: args.tau,
        penalty: Penalty::Prior,
        model: match args.model {
            Model::Prior => FitModel::Prior,
            Model::Ols => FitModel::Ols,
            Model::OlsRaw => FitModel::OlsRaw,
            Model::Univariate => FitModel::Univariate,
        },
    }
}

fn write(
    out: &mut csv::Writer<&mut dyn Write>,
    symbol: &str,
    terms: &[(String, FactorKind)],
    fits: &[FactorFit],
) -> anyhow::Result<()> {
    let joint = fits.len() == 1;
    if let [fit] = fits {
        let constant = [fit.alpha_per_day, fit.alpha_std_error, fit.alpha_t_value, fit.alpha_p_value];
        row(out, symbol, CONSTANT, constant, fit)?;
    }
    for (at, (term, _)) in terms.iter().enumerate() {
        let fit = if joint { &fits[0] } else { &fits[at] };
        let loading = fit.loadings.iter().find(|loading| loading.factor == *term);
        let numbers = loading.map_or([None; 4], |l| [Some(l.coefficient), l.std_error, l.t_value, l.p_value]);
        row(out, symbol, term, numbers, fit)?;
    }
    Ok(())
}

fn row(
    out: &mut csv::Writer<&mut dyn Write>,
    symbol: &str,
    term: &str,
    numbers: [Option<f64>; 4],
    fit: &FactorFit,
) -> anyhow::Result<()> {
    let number = |value: Option<f64>| value.filter(|v| v.is_finite()).map(number_text).unwrap_or_default();
    let [coefficient, std_error, t_value, p_value] = numbers.map(number);
    out.write_record([
        &*guarded(symbol),
        &*guarded(term),
        &coefficient,
        &std_error,
        &t_value,
        &p_value,
        &number(fit.r_squared),
        &fit.observations.to_string(),
        &number(fit.condition_number),
        fit.status.as_str(),
    ])
    .context("cannot write")
}
