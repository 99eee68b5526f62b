//! `tag`: add, list, set, rm. Tags belong to users; a portfolio stands for its owner.

use std::collections::BTreeMap;

use clap::builder::NonEmptyStringValueParser;
use serde_json::json;
use sigma_cli::{App, Cell, Column, Document, DryRun, ExitStatus, LockArgs, OutputArgs, Table, store_error};
use sigma_core::model::Lot;
use sigma_store::{Saved, Store};

use super::position::{self, find};
use super::{ListVerb, one_row, portfolio_of, recorded, usage};

#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Add a tag for the owner of a portfolio
    Add(NameVerb),
    /// List tags and how many positions carry them
    List(ListVerb),
    /// Make the tags of positions exactly these; without --tag none
    Set(SetVerb),
    /// Remove a tag from its owner and from all positions
    Rm(NameVerb),
}

#[derive(Debug, clap::Args)]
pub struct NameVerb {
    /// Name of the tag
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub name: String,
    /// Portfolio of the owner, by its slug
    #[arg(long, value_name = "SLUG")]
    pub portfolio: String,
    #[command(flatten)]
    pub dry_run: DryRun,
    #[command(flatten)]
    pub lock: LockArgs,
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
    let owner = portfolio_of(&mut store, &args.portfolio).await?.user_id;
    if args.dry_run.dry_run {
        app.note(&format!("dry run: would add the tag {:?}", args.name));
        return Ok(ExitStatus::Done);
    }
    let _lock = app.lock(&args.lock).await?;
    recorded(app, &mut store, "tag add", json!({ "tag": args.name }), async |store| {
        let tag = store.add_tag(owner, &args.name).await.map_err(store_error)?;
        Ok(((), one_row(tag.changed)))
    })
    .await?;
    Ok(ExitStatus::Done)
}

async fn rm(args: NameVerb, app: &App) -> anyhow::Result<ExitStatus> {
    app.begin("tag-rm");
    let mut store = app.open_store().await?;
    let owner = portfolio_of(&mut store, &args.portfolio).await?.user_id;
    let tags = store.tags(owner).await.map_err(store_error)?;
    if tags.iter().all(|tag| tag.name != args.name) {
        let known: Vec<&str> = tags.iter().map(|tag| tag.name.as_str()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(usage(format!("the owner has no tag {:?}", args.name), format!("stored tags: {known}")));
    }
    if args.dry_run.dry_run {
        app.note(&format!("dry run: would remove the tag {:?}", args.name));
        return Ok(ExitStatus::Done);
    }
    let _lock = app.lock(&args.lock).await?;
    recorded(app, &mut store, "tag rm", json!({ "tag": args.name }), async |store| {
        store.remove_tag(owner, &args.name).await.map_err(store_error)?;
        Ok(((), Saved { stored: 0, changed: 1 }))
    })
    .await?;
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
    let mut lots = Vec::with_capacity(args.ids.len());
    for &id in &args.ids {
        let (slug, lot) = find(&mut store, id).await?;
        lots.push((portfolio_of(&mut store, &slug).await?.user_id, lot));
    }
    if args.dry_run.dry_run {
        app.note(&format!("dry run: would set the tags of {} positions", lots.len()));
        return Ok(ExitStatus::Done);
    }
    let _lock = app.lock(&args.lock).await?;
    let parameters = json!({ "position_ids": args.ids, "tags": args.tags });
    recorded(app, &mut store, "tag set", parameters, async |store| {
        let mut saved = Saved::default();
        for (owner, lot) in &lots {
            saved += set_tags(store, *owner, lot, &args.tags).await?;
        }
        Ok(((), saved))
    })
    .await?;
    let books = store.books(&[]).await.map_err(store_error)?;
    let is_touched = |lot: &Lot| args.ids.contains(&lot.position.id);
    app.write(&args.output, &Document::single(position::table(&books, is_touched)))?;
    Ok(ExitStatus::Done)
}

async fn set_tags(store: &mut Store, owner: i64, lot: &Lot, names: &[String]) -> anyhow::Result<Saved> {
    let mut saved = Saved::default();
    for tag in store.tags(owner).await.map_err(store_error)? {
        if lot.tags.contains(&tag.name) && !names.contains(&tag.name) {
            let removed = store.untag_position(lot.position.id, tag.id).await.map_err(store_error)?;
            saved += Saved { stored: 0, changed: u64::from(removed) };
        }
    }
    for name in names {
        let tag = store.add_tag(owner, name).await.map_err(store_error)?;
        saved += one_row(store.tag_position(lot.position.id, tag.id).await.map_err(store_error)?);
    }
    Ok(saved)
}
