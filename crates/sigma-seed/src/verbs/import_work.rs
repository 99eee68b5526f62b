//! The accounts of a file beside the books they go into.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use sigma_brokers::statement::{Account as Stated, Statement};
use sigma_cli::sessions::calendar_error;
use sigma_cli::{App, store_error};
use sigma_core::calendar::Calendar;
use sigma_core::model::{Book, Instrument, Market, Portfolio, slug_of};
use sigma_store::{Import, ImportPlan, ImportStatus, NewImport, Store};

use super::import::Args;
use super::import_accounts::{known, since_replaced, twice};
use super::import_stored::{entered_before_a_split, instruments, tags};
use super::usage;
use crate::import::accounts::{Choice, Destination, Known, Meeting, distribute, text_of};
use crate::import::activity::{is_activity, late_activity};
use crate::import::findings::{self, Finding};
use crate::import::holdings::{Prepared, Terms, prepare};
use crate::import::plan::{self, Comparison, Target, compare, empty_book};
use crate::import::preview;
use crate::import::source::Source;
use crate::import::spared::Spared;

/// All accounts of a file.
pub struct Work {
    pub as_of: NaiveDate,
    pub calendar: Calendar,
    pub accounts: Vec<Account>,
}

/// One account, its book, and what lies between them.
pub struct Account {
    pub stated: Stated,
    /// As it is stored, or empty.
    pub book: Book,
    pub comparison: Comparison,
    prepared: Prepared,
    target: Target,
    pub market: Market,
    record: Option<NewImport>,
}

impl Account {
    /// What is written.
    pub fn into_plan(self) -> ImportPlan {
        plan::plan(self.target, &self.book, self.prepared, &self.comparison, self.record)
    }
}

/// Compares every account with its book.
pub async fn prepare_accounts(
    args: &Args,
    app: &App,
    store: &mut Store,
    source: &Source,
    found: &mut Vec<Finding>,
) -> anyhow::Result<Work> {
    let calendar = app.calendar()?;
    let Some(statement) = &source.reading.statement else {
        return Err(usage("no statement", "check the file"));
    };
    let as_of = as_of(app, statement, &calendar)?;
    let choice = match (&args.account, args.merge_accounts) {
        (Some(name), _) => Choice::One(name),
        (None, true) => Choice::Merged,
        (None, false) => Choice::Each,
    };
    let meeting = match (args.replace, args.merge) {
        (true, _) => Meeting::Replace,
        (_, true) => Meeting::Part,
        _ => Meeting::Whole,
    };
    let everywhere = known(store).await?;
    let is_under = |known: &&Known| {
        let above = known.portfolio.split_once(" / ").map(|(above, _)| above);
        known.is_portfolio(&args.portfolio) || above.is_some_and(|a| slug_of(a) == slug_of(&args.portfolio))
    };
    let under: Vec<Known> = everywhere.iter().filter(is_under).cloned().collect();
    let destinations = distribute(statement.accounts.clone(), &args.portfolio, choice, meeting, &under)
        .map_err(|error| usage(error.to_string(), error.remedy()))?;
    found.extend(destinations.iter().flat_map(|destination| twice(destination, &everywhere)));
    if args.cash.is_some() && destinations.len() > 1 {
        let message = format!("--cash is of one account, and the file has {}", destinations.len());
        return Err(usage(message, "name the account with --account, or merge them with --merge-accounts"));
    }
    let is_single = destinations.len() == 1;
    let mut drafts = Vec::with_capacity(destinations.len());
    for destination in destinations {
        let cash = source.remarks.cash.filter(|_| is_single);
        let cash = args.cash.as_ref().map(|cash| cash.value).or(cash);
        let imported_at = app.clock.timestamp();
        let context = Context { args, source, statement, as_of, cash, imported_at };
        drafts.push(draft(&context, store, destination, found).await?);
    }
    let rows = drafts.iter().flat_map(|draft| {
        let slug = draft.book.portfolio.slug.as_str();
        draft.stated.positions.iter().map(move |position| (position.row, slug))
    });
    findings::name_rows(found, &rows.collect());
    check_slugs(&drafts)?;
    check_exits(args, &drafts)?;
    let comparisons = compare_all(args, &mut drafts, &calendar, found)?;
    let context = Context { args, source, statement, as_of, cash: None, imported_at: app.clock.timestamp() };
    let ready = drafts.into_iter().zip(comparisons);
    let accounts = ready.map(|(draft, comparison)| draft.compared(&context, comparison, found)).collect();
    Ok(Work { as_of, calendar, accounts })
}

/// Compares every account with its book. What an error leaves out, of whatever account, is not taken for sold: its
/// symbols are taken out of the comparison, which is then made again, since it may bring errors of its own.
fn compare_all(
    args: &Args,
    drafts: &mut [Draft],
    calendar: &Calendar,
    found: &mut Vec<Finding>,
) -> anyhow::Result<Vec<Comparison>> {
    let mut sold: BTreeSet<String> = BTreeSet::new();
    loop {
        if args.strict {
            findings::strict(found);
        }
        let is_part = found.iter().any(Finding::is_error);
        let mut is_any = false;
        if is_part {
            let spared = spared(drafts, found, &sold);
            is_any = spared.is_any;
            drafts.iter_mut().for_each(|draft| draft.spare(&spared));
        }
        let mut told = Vec::new();
        let mut comparisons = Vec::with_capacity(drafts.len());
        for draft in &*drafts {
            let Draft { book, prepared, market, .. } = draft;
            let mut own = Vec::new();
            comparisons.push(compare(book, prepared, market, calendar, &mut own).map_err(calendar_error)?);
            findings::name_portfolio(&mut own, &book.portfolio.slug);
            told.extend(own);
        }
        if args.strict {
            findings::strict(&mut told);
        }
        if is_part {
            let key = |finding: &Finding| {
                let Finding { portfolio, code, row, message, .. } = finding;
                (portfolio.clone(), code.clone(), *row, message.clone())
            };
            let known: BTreeSet<_> = found.iter().map(key).collect();
            told.retain(|finding| !known.contains(&key(finding)));
        }
        let before = sold.len();
        if is_any {
            let closings = comparisons.iter().flat_map(|comparison| &comparison.changes.closings);
            sold.extend(closings.map(|closing| closing.symbol.clone()));
        }
        let has_errors = told.iter().any(Finding::is_error);
        if !args.partial || (!has_errors && sold.len() == before) {
            found.extend(told);
            return Ok(comparisons);
        }
        found.extend(told.into_iter().filter(Finding::is_error));
    }
}

/// What the errors leave alone, and the symbols that would be sold though an error may be about them.
fn spared(drafts: &[Draft], found: &[Finding], sold: &BTreeSet<String>) -> Spared {
    let positions = drafts.iter().flat_map(|draft| &draft.stated.positions);
    let symbols: HashMap<u64, &str> =
        positions.map(|position| (position.row, position.symbol.as_str())).collect();
    let mut spared = Spared::of(found, &symbols);
    sold.iter().for_each(|symbol| spared.add(symbol));
    spared
}

/// Two accounts whose names differ only in signs would be one portfolio.
fn check_slugs(accounts: &[Draft]) -> anyhow::Result<()> {
    let mut seen = BTreeSet::new();
    match accounts.iter().find(|account| !seen.insert(&account.book.portfolio.slug)) {
        Some(account) => Err(usage(
            format!("two accounts would be the portfolio {}", account.book.portfolio.slug),
            "import them one by one with --account and other names",
        )),
        None => Ok(()),
    }
}

/// A price for what no book has ever held is a slip.
fn check_exits(args: &Args, drafts: &[Draft]) -> anyhow::Result<()> {
    let is_held = |symbol: &str| {
        let mut lots = drafts.iter().flat_map(|draft| &draft.book.lots);
        lots.any(|lot| lot.instrument.symbol == symbol)
            || drafts.iter().any(|draft| draft.has_exit_of(symbol))
    };
    match args.exits.iter().find(|(symbol, _)| !is_held(symbol)) {
        Some((symbol, _)) => Err(usage(
            format!("--exit {symbol} names what is neither held nor closed by the file"),
            "see `sigma-seed position list` for what is held",
        )),
        None => Ok(()),
    }
}

/// The session that the holdings are of.
fn as_of(app: &App, statement: &Statement, calendar: &Calendar) -> anyhow::Result<NaiveDate> {
    let stated = match statement.as_of {
        Some(date) => date,
        None => {
            let last = app.last_completed_session(calendar)?;
            app.note(&format!("the file states no date; taken as of {last} (--as-of says otherwise)"));
            last
        }
    };
    let session = calendar.session_on_or_before(stated).map_err(calendar_error)?;
    if session != stated {
        app.note(&format!("{stated} is not a session; the holdings count as of {session}"));
    }
    Ok(session)
}

/// What all accounts of a file share.
struct Context<'a> {
    args: &'a Args,
    source: &'a Source,
    statement: &'a Statement,
    as_of: NaiveDate,
    cash: Option<f64>,
    imported_at: String,
}

/// An account made ready for the comparison.
struct Draft {
    stated: Stated,
    /// The accounts that the portfolio holds then, as the history keeps them.
    holds: Option<String>,
    book: Book,
    target: Target,
    history: Vec<Import>,
    prepared: Prepared,
    market: Market,
    /// Balance that was given on the command line.
    cash: Option<f64>,
}

impl Draft {
    fn has_exit_of(&self, symbol: &str) -> bool {
        let mut rows = self.prepared.holdings.rows.iter();
        rows.any(|row| row.exit.is_some() && row.instrument.symbol == symbol)
    }

    /// Takes out of the account what an error says nothing about.
    fn spare(&mut self, spared: &Spared) {
        spared.take_from(&mut self.prepared, &self.book, is_activity(&self.stated));
        if self.target == Target::Existing {
            // The balance of the whole account says nothing about a part of it.
            self.prepared.holdings.cash = self.cash;
        }
    }

    fn compared(self, context: &Context<'_>, comparison: Comparison, found: &[Finding]) -> Account {
        let Draft { stated, holds, book, target, history, prepared, market, .. } = self;
        let is_known = history.iter().any(|import| import.import.sha256 == context.source.sha256);
        let is_nothing = comparison.changes.is_empty() && prepared.flows.is_empty();
        let record = match is_known && is_nothing && target == Target::Existing {
            true => None,
            false => Some(record(context, &stated, holds, &comparison, found)),
        };
        Account { stated, book, comparison, prepared, target, market, record }
    }
}

/// Formats that people write by hand, with entry dates of years ago.
const BY_HAND: [&str; 3] = ["generic", "template", "mapping"];

async fn draft(
    context: &Context<'_>,
    store: &mut Store,
    destination: Destination,
    found: &mut Vec<Finding>,
) -> anyhow::Result<Draft> {
    let Context { args, as_of, .. } = *context;
    let (book, target, history) = destination_book(context, store, &destination.portfolio).await?;
    let (stated, holds) = (destination.account, text_of(&destination.holds));
    let stored = instruments(store, &stated).await?;
    let tags = tags(store, &book, &target).await?;
    let exit_prices = args.exits.iter().cloned().collect();
    let flows_after = history.iter().map(|import| import.import.as_of).max();
    let is_known_file = history.iter().any(|import| import.import.sha256 == context.source.sha256);
    let terms = Terms {
        as_of,
        is_by_hand: BY_HAND.contains(&context.statement.format),
        is_known_file,
        previous: history.iter().map(|import| import.import.as_of).filter(|date| *date < as_of).max(),
        cash: context.cash,
        exit_prices: &exit_prices,
        is_whole_account: !args.merge && !is_activity(&stated),
        flows_after: flows_after.map_or(book.portfolio.opened_on, |date| date.max(book.portfolio.opened_on)),
        stored: &stored,
        tags: &tags,
    };
    let mut own = Vec::new();
    let mut prepared = prepare(&stated, &terms, &mut own);
    if target == Target::Existing {
        own.extend(late_activity(&book, &stated, found));
    }
    let cash = args.cash.as_ref().map(|cash| cash.value);
    if !terms.is_whole_account && target == Target::Existing {
        // Nor is the balance that an export of another book states that of this one.
        prepared.holdings.cash = cash;
    }
    if let Some((what, total, read)) = preview::disagreement(&stated) {
        let message = format!("the file states a {what} of {total:.2}; its rows add up to {read:.2}");
        own.push(Finding::new("ERR_IMP_006", None, message));
    }
    findings::name_portfolio(&mut own, &book.portfolio.slug);
    found.extend(own);
    let others: Vec<Instrument> = stored.into_values().collect();
    let since = entered_before_a_split(store, &prepared, as_of).await?;
    let market =
        store.books_market(std::slice::from_ref(&book), &others, since, as_of).await.map_err(store_error)?;
    prepared.values.retain(|value| value.is_news(&market));
    Ok(Draft { stated, holds, book, target, history, prepared, market, cash })
}

fn record(
    context: &Context<'_>,
    stated: &Stated,
    account: Option<String>,
    comparison: &Comparison,
    found: &[Finding],
) -> NewImport {
    let has_errors = found.iter().any(Finding::is_error);
    NewImport {
        file_name: context.source.file_name.clone(),
        sha256: context.source.sha256.clone(),
        format: context.statement.format.to_owned(),
        account,
        as_of: context.as_of,
        file_rows: stated.positions.len() + stated.cash.len() + stated.flows.len(),
        positions: comparison.counts.positions,
        opened: comparison.counts.opened,
        closed: comparison.counts.closed,
        changed: comparison.counts.changed,
        imported_at: context.imported_at.clone(),
        status: if has_errors { ImportStatus::Partial } else { ImportStatus::Complete },
    }
}

/// The stored book of a name, or an empty one; and what was imported into it.
async fn destination_book(
    context: &Context<'_>,
    store: &mut Store,
    name: &str,
) -> anyhow::Result<(Book, Target, Vec<Import>)> {
    let Context { args, as_of, .. } = *context;
    let slug = slug_of(name);
    if slug.is_empty() {
        return Err(usage(format!("\"{name}\" has no letter or digit"), "give the portfolio another name"));
    }
    let portfolios = store.portfolios(&[]).await.map_err(store_error)?;
    let is_meant = |portfolio: &&Portfolio| portfolio.slug == slug || portfolio.name == name;
    let Some(portfolio) = portfolios.iter().find(is_meant) else {
        let target = Target::New { email: args.user.clone() };
        return Ok((empty_book(slug, name.to_owned(), as_of), target, Vec::new()));
    };
    let history = store.imports(&[portfolio.id]).await.map_err(store_error)?;
    if args.replace {
        let mut book = empty_book(portfolio.slug.clone(), portfolio.name.clone(), as_of);
        book.portfolio.user_id = portfolio.user_id;
        book.portfolio.is_demo = portfolio.is_demo;
        return Ok((book, Target::Anew { id: portfolio.id }, Vec::new()));
    }
    let history = since_replaced(portfolio, history);
    check_order(context, portfolio, &history)?;
    let books = store.books(std::slice::from_ref(&portfolio.slug)).await.map_err(store_error)?;
    let book = books.into_iter().next().ok_or_else(|| usage(format!("{slug} is gone"), "try again"))?;
    Ok((book, Target::Existing, history))
}

/// A file from before what is stored would undo it.
fn check_order(context: &Context<'_>, portfolio: &Portfolio, history: &[Import]) -> anyhow::Result<()> {
    let as_of = context.as_of;
    if as_of < portfolio.opened_on {
        let message =
            format!("the file is of {as_of}, and {} opens on {}", portfolio.slug, portfolio.opened_on);
        return Err(usage(message, "import a newer export, or start the portfolio anew with --replace"));
    }
    let is_known = history.iter().any(|import| import.import.sha256 == context.source.sha256);
    match history.iter().map(|import| import.import.as_of).max().filter(|latest| as_of < *latest && !is_known)
    {
        Some(latest) => Err(usage(
            format!("the file is of {as_of}, and {} holds an import of {latest}", portfolio.slug),
            "import a newer export, or start the portfolio anew with --replace",
        )),
        None => Ok(()),
    }
}
