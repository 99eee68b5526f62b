//! `tag`: add, list, set, rm. Tags belong to users; a portfolio stands for its owner.

use std::collections::BTreeMap;

use clap::builder::NonEmptyStringValueParser;
use serde_json::json;
use sigma_cli::args::parse_stored_symbol;
use sigma_cli::{
    App, Cell, Column, Document, DryRun, ExitStatus, LockArgs, OutputArgs, Table, TagFilterArgs, spelling,
    store_error,
};
use sigma_core::model::{Book, Lot, TagError};
use sigma_store::{Saved, Store};

use super::position::{self, find};
use super::{ListVerb, one_row, portfolio_of, recorded, usage};
use crate::tagging::{self, Change, Plan};

#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Add a tag for the owner of a portfolio; with a choice of positions, put it on them
    Add(NameVerb),
    /// List tags and how many positions carry them
    List(ListVerb),
    /// Make the tags of positions exactly these; without --tag none
    Set(SetVerb),
    /// Remove a tag from its owner and from all positions; with a choice of positions, only from these
    Rm(NameVerb),
}

#[derive(Debug, clap::Args)]
pub struct NameVerb {
    /// Name of the tag: letters, digits and _; `strategy:NAME` for a strategy
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub name: String,
    /// Portfolio, by its slug: tags belong to its owner, positions are chosen in it
    #[arg(long, value_name = "SLUG")]
    pub portfolio: String,
    #[command(flatten)]
    pub choice: Choice,
    #[command(flatten)]
    pub dry_run: DryRun,
    #[command(flatten)]
    pub lock: LockArgs,
}

/// Positions of a portfolio, open ones unless named by id.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Which positions")]
pub struct Choice {
    /// Position by its id, as `position list` shows it; repeatable
    #[arg(long = "position", value_name = "ID")]
    pub ids: Vec<i64>,
    /// Positions in this symbol, and options on it; repeatable
    #[arg(long = "symbol", value_name = "SYMBOL", value_parser = parse_stored_symbol)]
    pub symbols: Vec<String>,
    #[command(flatten)]
    pub filter: TagFilterArgs,
    /// Every open position
    #[arg(long)]
    pub all_positions: bool,
}

impl Choice {
    fn is_empty(&self) -> bool {
        self.ids.is_empty() && self.symbols.is_empty() && self.filter.is_empty() && !self.all_positions
    }

    fn matches(&self, lot: &Lot) -> bool {
        let (position, instrument) = (&lot.position, &lot.instrument);
        let is = |symbol: &String| {
            symbol.eq_ignore_ascii_case(&instrument.symbol)
                || symbol.eq_ignore_ascii_case(instrument.risk_symbol())
        };
        let by_id = self.ids.contains(&position.id);
        (if self.ids.is_empty() { position.exit_date.is_none() } else { by_id })
            && (self.symbols.is_empty() || self.symbols.iter().any(is))
            && self.filter.matches(lot)
    }

    /// The lots chosen; a choice that leaves none is a mistake.
    fn of<'a>(&self, book: &'a Book) -> anyhow::Result<Vec<&'a Lot>> {
        self.filter.check(std::slice::from_ref(book))?;
        let slug = &book.portfolio.slug;
        let hint = format!("`sigma-seed position list --portfolio {slug}` shows what there is");
        let unknown = self.ids.iter().find(|id| book.lots.iter().all(|lot| lot.position.id != **id));
        if let Some(id) = unknown {
            return Err(usage(format!("{slug} has no position {id}"), hint));
        }
        let lots: Vec<&Lot> = book.lots.iter().filter(|lot| self.matches(lot)).collect();
        match lots.is_empty() {
            true => Err(usage(format!("no open position of {slug} matches"), hint)),
            false => Ok(lots),
        }
    }
}

#[derive(Debug, clap::Args)]
pub struct SetVerb {
    /// Ids, as `position list` shows them
    #[arg(required = true, value_name = "ID")]
    pub ids: Vec<i64>,
    /// Tag; repeatable
    #[arg(long = "tag", value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub tags: Vec<String>,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub dry_run: DryRun,
    #[command(flatten)]
    pub lock: LockArgs,
}

/// Runs one of the verbs.
pub async fn run(verb: Verb, app: &App) -> anyhow::Result<ExitStatus> {
    match verb {
        Verb::Add(args) => add(args, app).await,
        Verb::List(args) => list(args, app).await,
        Verb::Set(args) => set(args, app).await,
        Verb::Rm(args) => rm(args, app).await,
    }
}

async fn add(args: NameVerb, app: &App) -> anyhow::Result<ExitStatus> {
    app.begin("tag-add");
    let mut store = app.open_store().await?;
    let (book, stored) = owned(&mut store, &args.portfolio).await?;
    let names = names_of(std::slice::from_ref(&args.name), &stored)?;
    let name = &names[0];
    tagging::check_user(&names, &stored).map_err(refused)?;
    let plan = match args.choice.is_empty() {
        true => Plan::new(),
        false => tagging::plan(&args.choice.of(&book)?, Change::On(name), &stored).map_err(refused)?,
    };
    let owner = book.portfolio.user_id;
    if args.dry_run.dry_run {
        let verb = if stored.contains(name) { "keep" } else { "add" };
        app.note(&format!("dry run: would {verb} the tag {name:?} and put it on {} positions", plan.len()));
        return Ok(ExitStatus::Done);
    }
    let _lock = app.lock(&args.lock).await?;
    let parameters = json!({ "tag": name, "positions": plan.len() });
    recorded(app, &mut store, "tag add", parameters, async |store| {
        let mut saved = one_row(store.add_tag(owner, name).await.map_err(store_error)?.changed);
        saved += store.set_position_tags(owner, &plan).await.map_err(store_error)?;
        Ok(((), saved))
    })
    .await?;
    app.note(&format!("the tag {name:?} is on {} more positions", plan.len()));
    Ok(ExitStatus::Done)
}

async fn rm(args: NameVerb, app: &App) -> anyhow::Result<ExitStatus> {
    app.begin("tag-rm");
    let mut store = app.open_store().await?;
    let (book, stored) = owned(&mut store, &args.portfolio).await?;
    let name = stored_name(&args.name, &stored)?;
    let owner = book.portfolio.user_id;
    let plan = match args.choice.is_empty() {
        true => None,
        false => Some(tagging::plan(&args.choice.of(&book)?, Change::Off(&name), &stored).map_err(refused)?),
    };
    let what = match &plan {
        Some(plan) => format!("the tag {name:?} from {} positions", plan.len()),
        None => format!("the tag {name:?}"),
    };
    if args.dry_run.dry_run {
        app.note(&format!("dry run: would remove {what}"));
        return Ok(ExitStatus::Done);
    }
    let _lock = app.lock(&args.lock).await?;
    let parameters = json!({ "tag": name, "positions": plan.as_ref().map(Vec::len) });
    recorded(app, &mut store, "tag rm", parameters, async |store| {
        let saved = match &plan {
            Some(plan) => store.set_position_tags(owner, plan).await.map_err(store_error)?,
            None => {
                store.remove_tag(owner, &name).await.map_err(store_error)?;
                Saved { stored: 0, changed: 1 }
            }
        };
        Ok(((), saved))
    })
    .await?;
    app.note(&format!("removed {what}"));
    Ok(ExitStatus::Done)
}

async fn list(args: ListVerb, app: &App) -> anyhow::Result<ExitStatus> {
    let mut store = app.open_store().await?;
    let books = store.books(&args.portfolio.portfolios).await.map_err(store_error)?;
    let users = store.users().await.map_err(store_error)?;
    let mut table = Table::new(vec![
        Column::text("owner", "Owner"),
        Column::text("tag", "Tag"),
        Column::number("positions", "Positions"),
    ]);
    for user in users {
        let own: Vec<_> = books.iter().filter(|book| book.portfolio.user_id == user.id).collect();
        if own.is_empty() {
            continue;
        }
        let mut counts: BTreeMap<String, i64> =
            store.tags(user.id).await.map_err(store_error)?.into_iter().map(|tag| (tag.name, 0)).collect();
        for name in own.iter().flat_map(|book| &book.lots).flat_map(|lot| &lot.tags) {
            *counts.entry(name.clone()).or_default() += 1;
        }
        for (name, count) in counts {
            table.push(vec![Cell::text(&user.email), Cell::Text(name), Cell::Int(count)]);
        }
    }
    let total = args.list.apply(&mut table)?;
    app.write(&args.output, &Document::single(table).title(format!("Tags ({total})")))?;
    Ok(ExitStatus::Done)
}

async fn set(args: SetVerb, app: &App) -> anyhow::Result<ExitStatus> {
    app.begin("tag-set");
    let mut store = app.open_store().await?;
    let mut by_owner: BTreeMap<i64, Vec<Lot>> = BTreeMap::new();
    for &id in &args.ids {
        let (slug, lot) = find(&mut store, id).await?;
        by_owner.entry(portfolio_of(&mut store, &slug).await?.user_id).or_default().push(lot);
    }
    let mut plans = Vec::with_capacity(by_owner.len());
    for (owner, lots) in &by_owner {
        let stored = tag_names(&mut store, *owner).await?;
        let names = names_of(&args.tags, &stored)?;
        let lots: Vec<&Lot> = lots.iter().collect();
        plans.push((*owner, tagging::plan(&lots, Change::Exactly(&names), &stored).map_err(refused)?));
    }
    let count: usize = plans.iter().map(|(_, plan)| plan.len()).sum();
    if args.dry_run.dry_run {
        app.note(&format!("dry run: would change the tags of {count} of {} positions", args.ids.len()));
        return Ok(ExitStatus::Done);
    }
    let _lock = app.lock(&args.lock).await?;
    let parameters = json!({ "position_ids": args.ids, "tags": args.tags });
    recorded(app, &mut store, "tag set", parameters, async |store| {
        let mut saved = Saved::default();
        for (owner, plan) in &plans {
            saved += store.set_position_tags(*owner, plan).await.map_err(store_error)?;
        }
        Ok(((), saved))
    })
    .await?;
    let books = store.books(&[]).await.map_err(store_error)?;
    let is_touched = |lot: &Lot| args.ids.contains(&lot.position.id);
    app.write(&args.output, &Document::single(position::table(&books, is_touched)))?;
    Ok(ExitStatus::Done)
}

/// The book of a slug and the names of its owner's tags.
async fn owned(store: &mut Store, slug: &str) -> anyhow::Result<(Book, Vec<String>)> {
    let books = store.books(&[slug.to_owned()]).await.map_err(store_error)?;
    let Some(book) = books.into_iter().next() else {
        return Err(usage(format!("there is no portfolio \"{slug}\""), "see `portfolio list`"));
    };
    let stored = tag_names(store, book.portfolio.user_id).await?;
    Ok((book, stored))
}

/// Names of a user's tags, in alphabetical order.
pub(super) async fn tag_names(store: &mut Store, user_id: i64) -> anyhow::Result<Vec<String>> {
    let tags = store.tags(user_id).await.map_err(store_error)?;
    Ok(tags.into_iter().map(|tag| tag.name).collect())
}

/// The names that texts ask for, by the rules for tags.
pub(super) fn names_of(texts: &[String], stored: &[String]) -> anyhow::Result<Vec<String>> {
    tagging::names(texts, stored).map_err(refused)
}

pub(super) fn refused(error: TagError) -> anyhow::Error {
    let hint = match &error {
        TagError::TooManyOnPosition { .. } | TagError::TooManyOfUser { .. } => {
            "`tag list` shows the tags, `tag rm` removes one"
        }
        _ => "write it like Core_Holdings, or strategy:Covered_Calls for a strategy",
    };
    usage(error.to_string(), hint)
}

fn stored_name(text: &str, stored: &[String]) -> anyhow::Result<String> {
    let asked = tagging::names(&[text.to_owned()], stored).ok().and_then(|names| names.into_iter().next());
    asked.filter(|name| stored.contains(name)).ok_or_else(|| {
        let known: Vec<&str> = stored.iter().map(String::as_str).collect();
        let all = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let meant = spelling::closest(text, known.iter().copied());
        let meant = meant.map(|name| format!("did you mean \"{name}\"? ")).unwrap_or_default();
        usage(format!("the owner has no tag {text:?}"), format!("{meant}stored tags: {all}"))
    })
}
