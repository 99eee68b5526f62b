//! From the comparison of an account with a book to what is written.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use sigma_core::analytics::reconcile::{
    IMPORT_NOTE, Opening, PriceSource, Reconciliation, Unpriced, applied, reconcile,
};
use sigma_core::calendar::{Calendar, CalendarError};
use sigma_core::model::{Book, CashEntry, Market, Portfolio};
use sigma_store::{ImportPlan, ImportTarget, ImportedLot, LotClose, NewCashEntry, NewImport, NewPortfolio};

use super::findings::Finding;
use super::flows::not_stored;
use super::holdings::Prepared;

/// How an account is written into its portfolio.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// The book is that of a stored portfolio.
    Existing,
    /// The book is empty, and so is its owner's address until it is stored.
    New { email: String },
    /// The book is empty; the stored portfolio with this id goes.
    Anew { id: i64 },
}

/// Symbols by what happens to them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    pub opened: usize,
    pub closed: usize,
    pub changed: usize,
    /// Open positions afterwards.
    pub positions: usize,
}

/// An account compared with its book.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    pub changes: Reconciliation,
    /// The book afterwards.
    pub after: Book,
    pub counts: Counts,
    pub realized_usd: f64,
}

/// An empty book for a portfolio that does not exist yet.
pub fn empty_book(slug: String, name: String, opened_on: NaiveDate) -> Book {
    let portfolio =
        Portfolio { id: 0, user_id: 0, slug, name, currency: "USD".to_owned(), opened_on, is_demo: false };
    Book { portfolio, lots: Vec::new(), cash: Vec::new() }
}

/// Compares, and tells what stands in the way.
pub fn compare(
    book: &Book,
    prepared: &Prepared,
    market: &Market,
    calendar: &Calendar,
    findings: &mut Vec<Finding>,
) -> Result<Comparison, CalendarError> {
    let mut with_flows = book.clone();
    with_flows.cash.extend(prepared.flows.iter().cloned());
    let mut changes = reconcile(&with_flows, &prepared.holdings, market, calendar)?;
    findings.extend(changes.unpriced.iter().map(unpriced));
    findings.extend(changes.splits.iter().map(|split| {
        let ids: Vec<String> = split.position_ids.iter().map(i64::to_string).collect();
        let message = match split.stated == split.held {
            true if split.is_untold => format!(
                "file and book state {} of {}, which may or may not count the recorded split; positions {}",
                split.held,
                split.symbol,
                ids.join(", ")
            ),
            true => format!(
                "the file still states {} of {}, which a recorded split makes {}; positions {}",
                split.held,
                split.symbol,
                split.after,
                ids.join(", ")
            ),
            false => format!(
                "{} of {} became {} by a recorded split; positions {}",
                split.held,
                split.symbol,
                split.stated,
                ids.join(", ")
            ),
        };
        let code = if split.is_untold { "ERR_IMP_020" } else { "ERR_IMP_007" };
        Finding::new(code, None, message).about(&split.symbol)
    }));
    findings.extend(changes.untold.iter().map(|lot| {
        let (quantity, symbol, date) = (lot.quantity, &lot.symbol, lot.date);
        let message =
            format!("{quantity} of {symbol} entered on {date} may or may not count the split recorded since");
        Finding::new("ERR_IMP_020", Some(lot.row), message).about(symbol)
    }));
    let differ = changes.unchanged.iter().filter(|unchanged| unchanged.entries_differ);
    findings.extend(differ.map(|unchanged| {
        let message = format!("the units of {} agree, its entries do not", unchanged.symbol);
        Finding::new("ERR_IMP_008", None, message).about(&unchanged.symbol)
    }));
    findings.extend(changes.openings.iter().filter_map(costless));
    findings.extend(not_stored(&prepared.dividends, market, book.portfolio.opened_on));
    if prepared.holdings.cash.is_none() && prepared.flows.is_empty() && book.cash.is_empty() {
        findings.push(Finding::new("ERR_IMP_009", None, "the file states no cash"));
    }
    let after = applied(&with_flows, &changes);
    name_flips(book, &after, prepared.holdings.as_of, &mut changes);
    let mut counts = counts(&changes, &after, prepared.holdings.as_of);
    // What has settled is in the book as it was, and not held any more.
    counts.positions -= changes.expired.len();
    let realized_usd = changes.closings.iter().map(|closing| closing.realized_usd).sum::<f64>()
        + changes.openings.iter().filter_map(|opening| realized_since(opening, prepared.since)).sum::<f64>();
    Ok(Comparison { changes, after, counts, realized_usd })
}

/// A symbol that changed sides was closed and opened, and one of which nothing is left was closed, however the lots
/// show it.
fn name_flips(book: &Book, after: &Book, as_of: NaiveDate, changes: &mut Reconciliation) {
    let sold: BTreeSet<&str> = changes.closings.iter().map(|closing| closing.symbol.as_str()).collect();
    let units = |book: &Book| -> HashMap<String, f64> {
        let mut units: HashMap<String, f64> = HashMap::new();
        for lot in book.lots.iter().filter(|lot| lot.position.is_open(as_of)) {
            if sold.contains(lot.instrument.symbol.as_str()) {
                *units.entry(lot.instrument.symbol.clone()).or_default() += lot.position.quantity;
            }
        }
        units
    };
    let (before, after) = (units(book), units(after));
    let keeps = |symbol: &str| {
        let [before, after] = [&before, &after].map(|units| units.get(symbol).copied().unwrap_or_default());
        before * after > 0.0
    };
    let gone: BTreeSet<String> =
        sold.iter().filter(|symbol| !keeps(symbol)).map(|&symbol| symbol.to_owned()).collect();
    let closings = changes.closings.iter_mut().filter(|closing| gone.contains(&closing.symbol));
    closings.for_each(|closing| closing.is_reduction = false);
    let openings = changes.openings.iter_mut().filter(|opening| gone.contains(&opening.instrument.symbol));
    openings.for_each(|opening| opening.is_increase = false);
}

fn unpriced(problem: &Unpriced) -> Finding {
    let (code, row, symbol) = match problem {
        Unpriced::Entry { row, symbol, .. } => ("ERR_IMP_002", Some(*row), symbol),
        Unpriced::Exit { symbol, .. } => ("ERR_IMP_003", None, symbol),
        Unpriced::ClosedLater { symbol, .. } => ("ERR_IMP_004", None, symbol),
        Unpriced::SplitDue { symbol, .. } => ("ERR_IMP_018", None, symbol),
        Unpriced::SplitUnknown { symbol, .. } => ("ERR_IMP_019", None, symbol),
    };
    Finding::new(code, row, problem.to_string()).about(symbol)
}

/// P&L of a lot that was entered and closed after what is stored.
fn realized_since(opening: &Opening, since: NaiveDate) -> Option<f64> {
    let (price, _) = opening.exit.filter(|(_, date)| *date > since)?;
    Some((price - opening.price) * opening.quantity * opening.instrument.multiplier)
}

fn costless(opening: &Opening) -> Option<Finding> {
    let from = match opening.source {
        PriceSource::Stated | PriceSource::CostBasis | PriceSource::Strike => return None,
        _ if opening.is_increase => return None,
        PriceSource::StatedPrice => "its price of the day",
        PriceSource::StoredClose => "the stored close",
    };
    let message =
        format!("{} states no cost; entered at {from}, {}", opening.instrument.symbol, opening.price);
    Some(Finding::new("ERR_IMP_012", Some(opening.row), message))
}

fn counts(changes: &Reconciliation, after: &Book, as_of: NaiveDate) -> Counts {
    let symbols = |wanted: &dyn Fn(&Opening) -> bool| -> BTreeSet<String> {
        let found = changes.openings.iter().filter(|opening| wanted(opening));
        found.map(|opening| opening.instrument.symbol.clone()).collect()
    };
    let opened = symbols(&|opening| opening.exit.is_none() && !opening.is_increase);
    let mut changed = symbols(&|opening| opening.is_increase);
    let reduced = changes.closings.iter().filter(|closing| closing.is_reduction);
    changed.extend(reduced.map(|closing| closing.symbol.clone()));
    let gone = changes.closings.iter().filter(|closing| !closing.is_reduction);
    let closed: BTreeSet<&str> = gone.map(|closing| closing.symbol.as_str()).collect();
    let open = after.lots.iter().filter(|lot| lot.position.is_open(as_of));
    let positions: BTreeSet<&str> = open.map(|lot| lot.instrument.symbol.as_str()).collect();
    Counts { opened: opened.len(), closed: closed.len(), changed: changed.len(), positions: positions.len() }
}

/// What is written. Without a record the history keeps its earlier row of the same file.
pub fn plan(
    target: Target,
    book: &Book,
    prepared: Prepared,
    comparison: &Comparison,
    record: Option<NewImport>,
) -> ImportPlan {
    let Comparison { changes, .. } = comparison;
    let portfolio = || NewPortfolio {
        user_id: book.portfolio.user_id,
        slug: book.portfolio.slug.clone(),
        name: book.portfolio.name.clone(),
        currency: book.portfolio.currency.clone(),
        opened_on: book.portfolio.opened_on,
        is_demo: book.portfolio.is_demo,
    };
    let closes = changes.closings.iter().map(|closing| LotClose {
        position_id: closing.position_id,
        quantity: closing.quantity,
        remaining: closing.remaining,
        price: closing.price,
        date: closing.date,
    });
    let funds = prepared.cash_held_in.join(", ");
    let note =
        if funds.is_empty() { IMPORT_NOTE.to_owned() } else { format!("{IMPORT_NOTE}: held in {funds}") };
    let mut cash: Vec<NewCashEntry> = prepared.flows.into_iter().map(ledger).collect();
    let mut cash_replaced = Vec::new();
    if let Some(change) = &changes.cash {
        cash_replaced.clone_from(&change.replaces);
        if change.amount != 0.0 {
            let (date, kind, amount) = (change.date, change.kind, change.amount);
            cash.push(NewCashEntry { portfolio_id: 0, date, kind, amount, note: Some(note) });
        }
    }
    ImportPlan {
        target: match target {
            Target::Existing => ImportTarget::Existing(book.portfolio.id),
            Target::New { email } => ImportTarget::New { email, portfolio: portfolio() },
            Target::Anew { id } => ImportTarget::Anew { id, portfolio: portfolio() },
        },
        instruments: prepared.instruments,
        values: prepared.values.into_iter().map(|value| (value.symbol, value.bar)).collect(),
        lots: changes.openings.iter().map(lot).collect(),
        closes: closes.collect(),
        adjusted: changes.adjusted.iter().map(|lot| (lot.position_id, lot.through)).collect(),
        cash,
        cash_replaced,
        record,
    }
}

fn lot(opening: &Opening) -> ImportedLot {
    ImportedLot {
        symbol: opening.instrument.symbol.clone(),
        quantity: opening.quantity,
        entry_price: opening.price,
        entry_date: opening.date,
        exit: opening.exit,
        adjusted_through: opening.adjusted_through,
        tags: opening.tags.clone(),
    }
}

fn ledger(entry: CashEntry) -> NewCashEntry {
    let CashEntry { date, kind, amount, note, .. } = entry;
    NewCashEntry { portfolio_id: 0, date, kind, amount, note }
}
