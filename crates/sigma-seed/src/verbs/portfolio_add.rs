//! `portfolio add`.

use chrono::NaiveDate;
use clap::builder::NonEmptyStringValueParser;
use serde_json::json;
use sigma_cli::args::parse_date;
use sigma_cli::{App, Document, DryRun, ExitStatus, LockArgs, OutputArgs, store_error};
use sigma_core::model::{CashKind, slug_of};
use sigma_store::{NewCashEntry, NewPortfolio, Store};

use super::{check_not_future, one_row, portfolio, recorded, usage, warn_digits};
use crate::decimal::Decimal;
use crate::seeding::OPENING_NOTE;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name, as reports show it
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub name: String,
    /// Unique name on the command line and in file names [default: made from the name]
    #[arg(long)]
    pub slug: Option<String>,
    /// Owner; a new address becomes a new user
    #[arg(long, value_name = "EMAIL", value_parser = parse_email)]
    pub user: String,
    /// Name of the owner [default: as stored, or the address]
    #[arg(long, value_name = "NAME")]
    pub user_name: Option<String>,
    /// Day from which the portfolio counts; positions entered before arrive in kind
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_date)]
    pub opened_on: NaiveDate,
    /// Cash on the opening day, US dollars
    #[arg(long, value_name = "AMOUNT", value_parser = Decimal::parse, allow_negative_numbers = true)]
    pub cash: Option<Decimal>,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub dry_run: DryRun,
    #[command(flatten)]
    pub lock: LockArgs,
}

fn parse_email(text: &str) -> Result<String, String> {
    let is_email = text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    match is_email && !text.contains(char::is_whitespace) {
        true => Ok(text.to_owned()),
        false => Err("expected an address such as ann@example.com".to_owned()),
    }
}

/// Adds a portfolio, its owner when new, and its opening cash.
pub(super) async fn run(args: Args, app: &App) -> anyhow::Result<ExitStatus> {
    app.begin("portfolio-add");
    let slug = slug(&args)?;
    check_not_future(app, "--opened-on", args.opened_on)?;
    let mut store = app.open_store().await?;
    let portfolios = store.portfolios(&[]).await.map_err(store_error)?;
    if portfolios.iter().any(|portfolio| portfolio.slug == slug) {
        return Err(usage(format!("there is a portfolio {slug} already"), "give the new one another --slug"));
    }
    args.cash.iter().for_each(|cash| warn_digits(app, "--cash", cash));
    if args.dry_run.dry_run {
        app.note(&format!("dry run: would add the portfolio {slug}"));
        return Ok(ExitStatus::Done);
    }
    let _lock = app.lock(&args.lock).await?;
    let parameters = json!({ "portfolio": slug });
    recorded(app, &mut store, "portfolio add", parameters, async |store| add(store, &args, &slug).await)
        .await?;
    let books = store.books(&[slug]).await.map_err(store_error)?;
    app.write(&args.output, &Document::single(portfolio::table(&mut store, &books).await?))?;
    Ok(ExitStatus::Done)
}

fn slug(args: &Args) -> anyhow::Result<String> {
    let slug = args.slug.clone().unwrap_or_else(|| slug_of(&args.name));
    match !slug.is_empty() && slug_of(&slug) == slug {
        true => Ok(slug),
        false => Err(usage(
            format!("\"{slug}\" is not a slug: small letters and digits with single hyphens between"),
            "give one with --slug, such as --slug my-portfolio",
        )),
    }
}

async fn add(store: &mut Store, args: &Args, slug: &str) -> anyhow::Result<((), sigma_store::Saved)> {
    let users = store.users().await.map_err(store_error)?;
    let known = users.into_iter().find(|user| user.email == args.user);
    let stored_name = known.as_ref().map(|user| user.name.clone());
    let name = args.user_name.clone().or(stored_name).unwrap_or_else(|| args.user.clone());
    let user_id = store.upsert_user(&args.user, &name).await.map_err(store_error)?;
    let mut saved = one_row(known.is_none_or(|user| user.name != name));
    let new = NewPortfolio {
        user_id,
        slug: slug.to_owned(),
        name: args.name.clone(),
        currency: "USD".to_owned(),
        opened_on: args.opened_on,
        is_demo: false,
    };
    let portfolio = store.upsert_portfolio(new).await.map_err(store_error)?;
    saved += one_row(portfolio.changed);
    if let Some(cash) = &args.cash {
        let opening = NewCashEntry {
            portfolio_id: portfolio.id,
            date: args.opened_on,
            kind: CashKind::Opening,
            amount: cash.value,
            note: Some(OPENING_NOTE.to_owned()),
        };
        saved += one_row(store.ensure_cash(opening).await.map_err(store_error)?.changed);
    }
    Ok(((), saved))
}
