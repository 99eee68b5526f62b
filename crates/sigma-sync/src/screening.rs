//! Bars against the rules of the core, and what the user has decided about refused ones.

use std::collections::{BTreeMap, HashMap};

use chrono::{Days, NaiveDate};
use sigma_core::analytics::screen::{Refused, ScreenReason, Screened, screen_bars};
use sigma_core::calendar::Calendar;
use sigma_core::model::{OptionQuote, PriceBar, PriceHistory, Split};
use sigma_store::{QuarantineStatus, QuarantinedBar};

use crate::decisions::Decisions;
use crate::joining::take_unjoined;
use crate::offer::Offered;

/// How far before the first new bar a stored close is looked for to judge it by.
pub const LOOK_BACK: Days = Days::new(30);

/// What is known when bars are judged.
#[derive(Debug)]
pub struct Known<'a> {
    pub histories: &'a HashMap<String, PriceHistory>,
    pub decisions: &'a Decisions,
    pub calendar: &'a Calendar,
}

/// Bars that passed, and those that did not, by symbol.
#[derive(Debug, Clone, Default)]
pub struct Judged {
    pub bars: BTreeMap<String, Vec<PriceBar>>,
    pub refused: Vec<(String, Refused)>,
    pub quotes: BTreeMap<String, Vec<OptionQuote>>,
    /// Contracts with quotes on days without a session, which were left out.
    pub closed_days: BTreeMap<String, Vec<NaiveDate>>,
}

/// Screens bars and quotes.
pub fn judge(offered: &mut Offered, known: &Known<'_>) -> Judged {
    let refused = std::mem::take(&mut offered.refused);
    let mut judged = Judged { refused, ..Judged::default() };
    for (symbol, bars) in std::mem::take(&mut offered.bars) {
        let splits = all_splits(known.histories.get(&symbol), offered.splits.get(&symbol));
        let mut screened = screen_symbol(&symbol, bars, &splits, known);
        if let Some(stored) = known.histories.get(&symbol) {
            let stands = |bar: &PriceBar| known.decisions.is_accepted(&symbol, bar);
            let unjoined = take_unjoined(&mut screened.accepted, stored, &splits, known.calendar, stands);
            screened.refused.extend(unjoined);
        }
        judged.refused.extend(screened.refused.into_iter().map(|refused| (symbol.clone(), refused)));
        if !screened.accepted.is_empty() {
            judged.bars.insert(symbol, screened.accepted);
        }
    }
    for (symbol, quotes) in std::mem::take(&mut offered.quotes) {
        let is_session = |quote: &OptionQuote| known.calendar.is_session(quote.date).unwrap_or(false);
        let (good, closed): (Vec<_>, Vec<_>) = quotes.into_iter().partition(is_session);
        if !closed.is_empty() {
            let days = closed.iter().map(|quote| quote.date).collect();
            judged.closed_days.insert(symbol.clone(), days);
        }
        judged.quotes.insert(symbol, good);
    }
    judged
}

/// Stored splits, and offered ones over them.
fn all_splits(stored: Option<&PriceHistory>, offered: Option<&Vec<Split>>) -> Vec<Split> {
    let mut splits: BTreeMap<NaiveDate, Split> = BTreeMap::new();
    let stored = stored.into_iter().flat_map(|history| &history.splits);
    for split in stored.chain(offered.into_iter().flatten()) {
        splits.insert(split.date, split.clone());
    }
    splits.into_values().collect()
}

/// Screens the bars of one symbol in stretches: a bar that the user accepted stands, and what follows is compared with
/// it.
fn screen_symbol(symbol: &str, mut bars: Vec<PriceBar>, splits: &[Split], known: &Known<'_>) -> Screened {
    let stored = known.histories.get(symbol);
    let accepted = |bar: &PriceBar| known.decisions.is_accepted(symbol, bar);
    bars.sort_by_key(|bar| bar.date);
    // The same row twice is no second opinion.
    bars.dedup();
    let mut screened = Screened { refused: take_contradictory(&mut bars), ..Screened::default() };
    let before = bars.first().and_then(|first| close_before(stored?, first.date));
    if before.is_none() && !bars.iter().take(2).any(accepted) {
        screened.refused.extend(odd_first_bar(&mut bars, splits, known.calendar));
    }
    for stretch in bars.chunk_by(|_, next| !accepted(next)) {
        let previous = screened.accepted.last().or(before).cloned();
        let mut part = screen_bars(stretch.to_vec(), splits, previous.as_ref(), known.calendar);
        if let Some(first) = stretch.first().filter(|bar| accepted(bar))
            && part.refused.iter().any(|refused| may_stand(refused) && refused.bar == *first)
        {
            part = after_accepted(first, stretch, splits, known.calendar);
        }
        screened.accepted.append(&mut part.accepted);
        screened.refused.append(&mut part.refused);
    }
    screened
}

/// The stored bar that the first new one is judged by. Over a long gap a price may have gone anywhere.
fn close_before(stored: &PriceHistory, date: NaiveDate) -> Option<&PriceBar> {
    let earliest = date.checked_sub_days(LOOK_BACK)?;
    stored.at_or_before(date.pred_opt()?).filter(|bar| bar.date >= earliest)
}

/// Takes away a first bar that the second and the third contradict while they agree with each other: with nothing stored
/// to compare it with, it would else condemn all that follow.
fn odd_first_bar(bars: &mut Vec<PriceBar>, splits: &[Split], calendar: &Calendar) -> Option<Refused> {
    let head = bars.get(..3)?.to_vec();
    let contradicted = screen_bars(head.clone(), splits, None, calendar).refused;
    let is_odd = contradicted.len() == 2
        && contradicted.iter().all(|refused| {
            matches!(refused.reason, ScreenReason::SplitLikeJump | ScreenReason::ImplausibleJump)
        })
        && screen_bars(head[1..].to_vec(), splits, None, calendar).refused.is_empty();
    is_odd.then(|| {
        let bar = bars.remove(0);
        let detail =
            format!("close {} before {} is contradicted by the bars after it", bar.close, head[1].close);
        Refused { bar, reason: ScreenReason::SplitLikeJump, detail }
    })
}

/// A stretch whose first bar stands by the user's word.
fn after_accepted(first: &PriceBar, stretch: &[PriceBar], splits: &[Split], calendar: &Calendar) -> Screened {
    let rest = stretch.iter().skip(1).cloned().collect();
    let mut part = screen_bars(rest, splits, Some(first), calendar);
    part.accepted.insert(0, first.clone());
    part
}

/// Takes out the bars (ascending) of dates that have several which differ: none of them is known to be right.
fn take_contradictory(bars: &mut Vec<PriceBar>) -> Vec<Refused> {
    let mut refused = Vec::new();
    let mut kept = Vec::new();
    for same_day in bars.chunk_by(|one, next| one.date == next.date) {
        let first = same_day[0].clone();
        if same_day.len() == 1 {
            kept.push(first);
            continue;
        }
        let closes: Vec<String> = same_day.iter().map(|bar| bar.close.to_string()).collect();
        let (count, closes) = (same_day.len(), closes.join(", "));
        let detail = format!("{count} bars of one date, closes {closes}: none is known to be right");
        // One row of the quarantine stands for all of them.
        refused.push(Refused { bar: first, reason: ScreenReason::DuplicateDate, detail });
    }
    *bars = kept;
    refused
}

/// Whether the user's word is enough: a doubtful price may be right, an impossible one cannot.
fn may_stand(refused: &Refused) -> bool {
    matches!(
        refused.reason,
        ScreenReason::HighBelowRange
            | ScreenReason::LowAboveRange
            | ScreenReason::SplitLikeJump
            | ScreenReason::ImplausibleJump
            | ScreenReason::StaleRepeat
    )
}

/// The refused bars as they are stored; several of one symbol, date and reason are one row.
pub fn quarantine_rows(refused: &[(String, Refused)]) -> serde_json::Result<Vec<QuarantinedBar>> {
    let mut rows: BTreeMap<(&str, NaiveDate, &str, &str), QuarantinedBar> = BTreeMap::new();
    for (symbol, Refused { bar, reason, detail }) in refused {
        let row = QuarantinedBar {
            symbol: symbol.clone(),
            date: bar.date,
            source: bar.source.clone(),
            reason: reason.as_str().to_owned(),
            detail: detail.clone(),
            payload: serde_json::to_value(bar)?,
            status: QuarantineStatus::Open,
        };
        rows.entry((symbol, bar.date, &bar.source, reason.as_str())).or_insert(row);
    }
    Ok(rows.into_values().collect())
}
