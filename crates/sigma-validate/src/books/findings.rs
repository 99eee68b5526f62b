//! What is doubtful about positions: entry prices that cannot be, dates without a session, missing prices.

use chrono::NaiveDate;
use sigma_core::analytics::snapshot::explain;
use sigma_core::analytics::valuation::intrinsic;
use sigma_core::calendar::CalendarError;
use sigma_core::model::{Book, Lot, OptionTerms, Severity};

use super::{DEMO_BOOKS, Marks, PortfolioRow, Stored};

/// Option entries beyond this factor from the first mark stored after them are told.
const OPTION_FACTOR: f64 = 5.0;

/// Other entries beyond this factor from the close of their date are told: as far as an unapplied split moves them.
const SHARE_FACTOR: f64 = 1.9;

/// Two entries of one instrument within so many days should not differ by more than this factor.
const ENTRY_DAYS: i64 = 10;
const ENTRY_FACTOR: f64 = 1.5;

/// One remark.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    pub portfolio: String,
    pub subject: String,
    pub code: &'static str,
    pub severity: Severity,
    pub detail: String,
}

/// All remarks, by portfolio and position.
pub fn all(
    stored: &Stored,
    portfolios: &[PortfolioRow],
    marks: &[Marks],
) -> Result<Vec<Finding>, CalendarError> {
    let mut findings = Vec::new();
    missing_books(stored, &mut findings);
    for ((book, counts), marks) in stored.books.iter().zip(portfolios).zip(marks) {
        if let Some(expected) = counts.expected.filter(|expected| *expected != counts.positions) {
            let detail =
                format!("{} open positions instead of {expected}; run `sigma-seed demo`", counts.positions);
            findings.push(finding(book, &counts.slug, "position_count", Severity::Error, detail));
        }
        for (at, mark) in marks {
            let lot = &book.lots[*at];
            let symbol = &lot.instrument.symbol;
            if let Err(reason) = mark {
                findings.push(finding(book, symbol, reason.as_str(), Severity::Error, explain(*reason)));
            }
            entry_date(stored, book, lot, &mut findings)?;
            entry_price(stored, book, lot, &mut findings);
        }
    }
    disagreeing_entries(stored, &mut findings);
    Ok(findings)
}

fn finding(
    book: &Book,
    subject: &str,
    code: &'static str,
    severity: Severity,
    detail: impl Into<String>,
) -> Finding {
    let portfolio = book.portfolio.slug.clone();
    Finding { portfolio, subject: subject.to_owned(), code, severity, detail: detail.into() }
}

fn missing_books(stored: &Stored, findings: &mut Vec<Finding>) {
    let is_stored = |slug: &str| stored.books.iter().any(|book| book.portfolio.slug == slug);
    if !stored.all_portfolios || !stored.books.iter().any(|book| book.portfolio.is_demo) {
        return;
    }
    for (slug, positions) in DEMO_BOOKS.iter().filter(|(slug, _)| !is_stored(slug)) {
        findings.push(Finding {
            portfolio: (*slug).to_owned(),
            subject: (*slug).to_owned(),
            code: "portfolio_missing",
            severity: Severity::Error,
            detail: format!(
                "the demo portfolio with {positions} positions is not stored; run `sigma-seed demo`"
            ),
        });
    }
}

fn entry_date(
    stored: &Stored,
    book: &Book,
    lot: &Lot,
    findings: &mut Vec<Finding>,
) -> Result<(), CalendarError> {
    let date = lot.position.entry_date;
    if !stored.calendar.is_session(date)? {
        let next = stored.calendar.session_on_or_after(date)?;
        let detail = format!("entered on {date}, not a session: it counts from {next}");
        findings.push(finding(
            book,
            &lot.instrument.symbol,
            "entry_not_a_session",
            Severity::Warning,
            detail,
        ));
    }
    Ok(())
}

fn entry_price(stored: &Stored, book: &Book, lot: &Lot, findings: &mut Vec<Finding>) {
    let symbol = &lot.instrument.symbol;
    let price = lot.position.entry_price;
    let mut tell =
        |code, detail: String| findings.push(finding(book, symbol, code, Severity::Warning, detail));
    let Some(terms) = &lot.instrument.option else {
        let history = stored.market.histories.get(&lot.instrument.id);
        let bar = history.and_then(|h| h.at_or_before(lot.position.entry_date));
        // An entry price that counts later splits is compared in the units that were bought.
        let splits = history.map_or(&[][..], |h| &h.splits);
        let price = price / lot.position.units_before(splits, lot.position.entry_date);
        if let Some(bar) = bar.filter(|bar| apart(price, bar.close) > SHARE_FACTOR) {
            tell(
                "entry_off_market",
                format!("entered at {price} against a close of {} on {}", bar.close, bar.date),
            );
        }
        return;
    };
    if let Some((spot, source)) = highest_floor(stored, lot, terms) {
        let floor = intrinsic(terms, spot);
        if price < floor {
            let detail = format!(
                "entered at {price} below its intrinsic value of {floor:.2} ({} at {spot}, {source})",
                terms.underlying
            );
            tell("entry_below_intrinsic", detail);
        }
    }
    if let Some((mark, date)) =
        first_mark(stored, lot).filter(|(mark, _)| apart(price, *mark) > OPTION_FACTOR)
    {
        tell("entry_off_market", format!("entered at {price} against a mark of {mark:.2} on {date}"));
    }
}

/// The larger over the smaller of two prices.
fn apart(a: f64, b: f64) -> f64 {
    if a > 0.0 && b > 0.0 { (a / b).max(b / a) } else { f64::INFINITY }
}

/// The price of the underlying near the entry that gives the contract most intrinsic value: the stored close, or what
/// the books themselves paid for the underlying in those days.
fn highest_floor(stored: &Stored, lot: &Lot, terms: &OptionTerms) -> Option<(f64, String)> {
    let entry = lot.position.entry_date;
    let history = stored.market.history(&terms.underlying);
    let close =
        history.and_then(|h| h.at_or_before(entry)).filter(|bar| days_apart(bar.date, entry) <= ENTRY_DAYS);
    let close = close.map(|bar| (bar.close, format!("its close of {}", bar.date)));
    let entries = stored.books.iter().flat_map(|book| book.lots.iter().map(move |lot| (book, lot)));
    let entries = entries
        .filter(|(_, other)| other.instrument.symbol == terms.underlying)
        .filter(|(_, other)| days_apart(other.position.entry_date, entry) <= ENTRY_DAYS)
        .map(|(book, other)| {
            let source = format!("entered by {} on {}", book.portfolio.slug, other.position.entry_date);
            (other.position.entry_price, source)
        });
    close.into_iter().chain(entries).max_by(|a, b| intrinsic(terms, a.0).total_cmp(&intrinsic(terms, b.0)))
}

fn first_mark(stored: &Stored, lot: &Lot) -> Option<(f64, NaiveDate)> {
    let quotes = stored.market.quotes.get(&lot.instrument.id)?;
    let after = quotes.iter().filter(|quote| quote.date >= lot.position.entry_date);
    after.into_iter().find_map(|quote| Some((quote.mark()?, quote.date)))
}

fn days_apart(a: NaiveDate, b: NaiveDate) -> i64 {
    (a - b).num_days().abs()
}

/// Entries of one instrument in different books, days apart, at prices that no market has days apart.
fn disagreeing_entries(stored: &Stored, findings: &mut Vec<Finding>) {
    let lots: Vec<(&Book, &Lot)> =
        stored.books.iter().flat_map(|book| book.lots.iter().map(move |lot| (book, lot))).collect();
    for (i, (book, lot)) in lots.iter().enumerate() {
        for (other_book, other) in &lots[i + 1..] {
            let (a, b) = (&lot.position, &other.position);
            let same_days = days_apart(a.entry_date, b.entry_date) <= ENTRY_DAYS;
            if a.instrument_id != b.instrument_id
                || !same_days
                || apart(a.entry_price, b.entry_price) <= ENTRY_FACTOR
            {
                continue;
            }
            let detail = format!(
                "entered at {} on {}, in {} at {} on {}",
                a.entry_price, a.entry_date, other_book.portfolio.slug, b.entry_price, b.entry_date
            );
            findings.push(finding(
                book,
                &lot.instrument.symbol,
                "entries_disagree",
                Severity::Warning,
                detail,
            ));
        }
    }
}
