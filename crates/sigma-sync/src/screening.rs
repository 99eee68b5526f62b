//! Bars against the rules of the core, and what the user has decided about refused ones.

use std::collections::{BTreeMap, HashMap};

use chrono::{Days, NaiveDate};
use sigma_core::analytics::screen::{BARS_BEFORE, Refused, ScreenReason, Screened, screen_bars};
use sigma_core::calendar::Calendar;
use sigma_core::model::{OptionQuote, PriceBar, PriceHistory, Split};
use sigma_store::{QuarantineStatus, QuarantinedBar};

use crate::decisions::Decisions;
use crate::joining::take_unjoined;
use crate::offer::Offered;

/// How far before a new bar stored ones are looked for to judge it by.
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
/// it; what follows a stored bar is compared with that.
fn screen_symbol(symbol: &str, mut bars: Vec<PriceBar>, splits: &[Split], known: &Known<'_>) -> Screened {
    let accepted = |bar: &PriceBar| known.decisions.is_accepted(symbol, bar);
    bars.sort_by_key(|bar| bar.date);
    // The same row twice is no second opinion.
    bars.dedup();
    let mut screened = Screened { refused: take_contradictory(&mut bars), ..Screened::default() };
    let kept = not_offered(known.histories.get(symbol), &bars);
    let has_before = bars.first().is_some_and(|first| !bars_before(first.date, &[], &kept).is_empty());
    if !has_before && !bars.iter().take(2).any(accepted) {
        screened.refused.extend(odd_first_bar(&mut bars, splits, known.calendar));
    }
    let lies_between = |one: &PriceBar, next: &PriceBar| {
        kept.partition_point(|bar| bar.date < one.date) < kept.partition_point(|bar| bar.date < next.date)
    };
    for stretch in bars.chunk_by(|one, next| !accepted(next) && !lies_between(one, next)) {
        let previous = bars_before(stretch[0].date, &screened.accepted, &kept);
        let mut part = screen_bars(stretch.to_vec(), splits, &previous, known.calendar);
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

/// Stored bars of dates that none of the new ones (ascending) has.
fn not_offered<'a>(stored: Option<&'a PriceHistory>, bars: &[PriceBar]) -> Vec<&'a PriceBar> {
    let is_offered = |known: &PriceBar| bars.binary_search_by_key(&known.date, |bar| bar.date).is_ok();
    stored.into_iter().flat_map(|history| &history.bars).filter(|known| !is_offered(known)).collect()
}

/// The last bars before a date, accepted or stored (both ascending): a new one is judged by them. Over a long gap a price
/// may have gone anywhere, so that stored ones of before say nothing.
fn bars_before(date: NaiveDate, accepted: &[PriceBar], kept: &[&PriceBar]) -> Vec<PriceBar> {
    let earliest = date.checked_sub_days(LOOK_BACK).unwrap_or(date);
    let kept = &kept[..kept.partition_point(|bar| bar.date < date)];
    let kept = kept.iter().rev().copied().take(BARS_BEFORE).filter(|bar| bar.date >= earliest);
    let mut before: Vec<PriceBar> = accepted.iter().rev().take(BARS_BEFORE).chain(kept).cloned().collect();
    before.sort_by_key(|bar| bar.date);
    before.split_off(before.len().saturating_sub(BARS_BEFORE))
}

/// Takes away a first bar that the second and the third contradict while they agree with each other: with nothing stored
/// to compare it with, it would else condemn all that follow.
fn odd_first_bar(bars: &mut Vec<PriceBar>, splits: &[Split], calendar: &Calendar) -> Option<Refused> {
    let head = bars.get(..3)?.to_vec();
    let contradicted = screen_bars(head.clone(), splits, &[], calendar).refused;
    let is_odd = contradicted.len() == 2
        && contradicted.iter().all(|refused| {
            matches!(refused.reason, ScreenReason::SplitLikeJump | ScreenReason::ImplausibleJump)
        })
        && screen_bars(head[1..].to_vec(), splits, &[], calendar).refused.is_empty();
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
    let mut part = screen_bars(rest, splits, std::slice::from_ref(first), calendar);
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

#[cfg(test)]
mod tests {
    use sigma_core::model::CloseBasis;
    use sigma_providers::ProviderId;

    use super::*;

    fn bar(day: u32, close: f64) -> PriceBar {
        PriceBar {
            date: NaiveDate::from_ymd_opt(2025, 6, day).unwrap(),
            open: None,
            high: None,
            low: None,
            close,
            adj_close: None,
            volume: None,
            source: "fmp".into(),
            basis: CloseBasis::Rebuilt,
        }
    }

    #[test]
    fn a_bar_is_judged_by_the_stored_one_before_it_and_not_by_another_of_its_answer() {
        let stored = vec![bar(3, 120.0), bar(12, 190.0)];
        let stored = PriceHistory { bars: stored, ..PriceHistory::default() };
        let histories = HashMap::from([("AAA".to_owned(), stored)]);
        let decisions = Decisions::default();
        let known = Known { histories: &histories, decisions: &decisions, calendar: Calendar::nyse() };
        let judged = |new: [(u32, f64); 2]| {
            let mut offered = Offered::of(ProviderId::Fmp);
            offered.bars.insert("AAA".to_owned(), new.map(|(day, close)| bar(day, close)).to_vec());
            judge(&mut offered, &known).refused.len()
        };
        // Twice the one before it in the answer, which is of eleven days before.
        assert_eq!(judged([(2, 100.0), (13, 200.0)]), 0);
        // Half of the stored one.
        assert_eq!(judged([(2, 100.0), (13, 95.0)]), 1);
    }
}
