//! `definitions`: the factors and their proxies.

use clap::Args as ClapArgs;
use sigma_cli::{App, Cell, Column, Document, ExitStatus, ListArgs, OutputArgs, Table, fail, store_error};

#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub async fn run(args: &Args, app: &App) -> anyhow::Result<ExitStatus> {
    let mut store = app.open_store().await?;
    let factors = store.factors().await.map_err(store_error)?;
    if factors.is_empty() {
        return Err(fail(ExitStatus::Failed, "no factors are defined", "run `sigma-seed migrate`"));
    }
    let mut table = Table::new(vec![
        Column::text("factor", "Factor"),
        Column::text("kind", "Kind"),
        Column::text("proxy", "Proxy"),
        Column::text("description", "Description"),
    ]);
    for factor in &factors {
        table.push(vec![
            Cell::text(&factor.name),
            Cell::text(factor.kind.as_str()),
            Cell::text(&factor.proxy),
            Cell::text(&factor.description),
        ]);
    }
    args.list.apply(&mut table)?;
    app.write(&args.output, &Document::single(table).title("Factors"))?;
    Ok(ExitStatus::Done)
}
