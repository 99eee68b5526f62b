//! What is asked again, and when.

use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn memory(now: &str) -> Memory {
    Memory::new(Vec::new(), now.parse().unwrap(), false)
}

const PRICES: Dataset = Dataset::Prices;
const POLYGON: ProviderId = ProviderId::Polygon;

fn open(memory: &Memory, from: &str, to: &str) -> Vec<NaiveDate> {
    let missing = Calendar::nyse().sessions_between(day(from), day(to)).unwrap();
    memory.open_sessions("AAA", PRICES, POLYGON, &missing, Calendar::nyse())
}

#[test]
fn what_was_answered_is_not_asked_again_but_for_its_end() {
    let mut memory = memory("2025-06-30T22:00:00Z");
    assert_eq!(open(&memory, "2025-06-02", "2025-06-30").len(), 20);
    let dates = (Some(day("2025-06-02")), day("2025-06-27"));
    memory.answered("AAA", PRICES, POLYGON, dates, Calendar::nyse());
    memory.gaps("AAA", POLYGON, (day("2025-06-02"), day("2025-06-27")), None, Calendar::nyse());
    // The last three sessions of the answer, and the one after it.
    let late = ["2025-06-25", "2025-06-26", "2025-06-27", "2025-06-30"].map(day);
    assert_eq!(open(&memory, "2025-06-02", "2025-06-30"), late);
    let before = open(&memory, "2025-05-30", "2025-06-04");
    assert_eq!(before, [day("2025-05-30")]);
    // What it had nothing for is asked for again after a week.
    let fetches: Vec<Fetch> = memory.fetches.values().cloned().collect();
    let later = |now: &str| Memory::new(fetches.clone(), now.parse().unwrap(), false);
    assert_eq!(open(&later("2025-07-06T22:00:00Z"), "2025-06-02", "2025-06-30"), late);
    assert_eq!(open(&later("2025-07-07T22:00:00Z"), "2025-06-02", "2025-06-30").len(), 20);
    // An outage takes nothing from it.
    let mut down = later("2025-06-30T22:00:00Z");
    let dates = (Some(day("2025-06-26")), day("2025-06-30"));
    down.refused("AAA", PRICES, POLYGON, dates, &Fault::new("Polygon", FaultKind::RateLimited, "wait"));
    assert_eq!(open(&down, "2025-06-02", "2025-06-30"), late);
    assert_eq!(down.account("AAA", PRICES), "Polygon: ok from 2025-06-02 then RateLimited");
    // The next session continues the answer.
    let row = memory.answered(
        "AAA",
        PRICES,
        POLYGON,
        (Some(day("2025-06-30")), day("2025-06-30")),
        Calendar::nyse(),
    );
    assert_eq!((row.from, row.to), (Some(day("2025-06-02")), day("2025-06-30")));
    // One that does not touch it replaces it.
    let row = memory.answered(
        "AAA",
        PRICES,
        POLYGON,
        (Some(day("2025-08-01")), day("2025-08-01")),
        Calendar::nyse(),
    );
    assert_eq!(row.from, Some(day("2025-08-01")));
}

#[test]
fn a_refusal_holds_for_its_run_and_nothing_at_all_for_its_day() {
    let fault = |kind| Fault::new("Polygon", kind, "");
    let dates = (Some(day("2025-06-02")), day("2025-06-30"));
    let all = |memory: &Memory| open(memory, "2025-06-02", "2025-06-30").len();
    let mut today = memory("2025-06-30T22:00:00Z");
    today.refused("AAA", PRICES, POLYGON, dates, &fault(FaultKind::PlanSymbol));
    assert_eq!(all(&today), 0);
    let later = |memory: &Memory, now: &str| {
        Memory::new(memory.fetches.values().cloned().collect(), now.parse().unwrap(), false)
    };
    let mut rerun = later(&today, "2025-06-30T22:01:00Z");
    assert_eq!(all(&rerun), 20);
    rerun.refused("AAA", PRICES, POLYGON, dates, &fault(FaultKind::NoData));
    assert_eq!(all(&rerun), 0, "not twice in a run");
    let rerun = later(&rerun, "2025-06-30T22:02:00Z");
    assert_eq!(open(&rerun, "2025-06-02", "2025-06-20"), []);
    // The last sessions may come late, and who asks for them asks for all.
    assert_eq!(all(&rerun), 20);
    assert_eq!(open(&later(&rerun, "2025-07-01T01:00:00Z"), "2025-06-02", "2025-06-20").len(), 14);
    let mut down = rerun;
    down.refused("AAA", PRICES, POLYGON, dates, &fault(FaultKind::Transient));
    assert_eq!(all(&down), 20);
    assert_eq!(down.account("AAA", PRICES), "Polygon: Transient");
}

/// On the evening of a session the publisher has no yield of it yet, and none of the holidays of the bond market before.
#[test]
fn nothing_yet_of_later_dates_leaves_an_answer_known() {
    let (rates, fred) = (Dataset::Rates, ProviderId::Fred);
    let mut memory = memory("2025-10-14T22:00:00Z");
    let fault = Fault::new("FRED", FaultKind::NoData, "no value");
    let dates = (Some(day("2025-06-02")), day("2025-10-09"));
    memory.answered("DGS10", rates, fred, dates, Calendar::nyse());
    memory.refused("DGS10", rates, fred, (Some(day("2025-10-10")), day("2025-10-14")), &fault);
    let open = |memory: &Memory, missing: &[&str]| {
        let missing: Vec<NaiveDate> = missing.iter().copied().map(day).collect();
        memory.open_sessions("DGS10", rates, fred, &missing, Calendar::nyse()).len()
    };
    assert_eq!(open(&memory, &["2025-07-03", "2025-10-06"]), 0, "they were answered");
    assert_eq!(open(&memory, &["2025-10-13", "2025-10-14"]), 2, "they may come");
    assert_eq!(memory.account("DGS10", rates), "FRED: ok from 2025-06-02 then NoData");
    // Of a time before, it is an answer of its own.
    memory.refused("DGS10", rates, fred, (Some(day("2025-01-02")), day("2025-05-30")), &fault);
    assert_eq!(memory.account("DGS10", rates), "FRED: NoData");
}

/// Asked for everything again, a service that is down leaves its turn to the next.
#[test]
fn an_earlier_answer_is_none_of_this_run() {
    let (rates, fred) = (Dataset::Rates, ProviderId::Fred);
    let dates = (Some(day("2025-06-02")), day("2025-10-14"));
    let mut earlier = memory("2025-10-14T22:00:00Z");
    let stored = earlier.answered("DGS10", rates, fred, dates, Calendar::nyse());
    assert!(earlier.is_answered_now("DGS10", rates));
    let mut memory = Memory::new(vec![stored], "2025-10-15T22:00:00Z".parse().unwrap(), true);
    assert!(!memory.is_answered_now("DGS10", rates));
    memory.refused("DGS10", rates, fred, dates, &Fault::new("FRED", FaultKind::Transient, "busy"));
    assert!(!memory.is_answered_now("DGS10", rates));
    memory.answered("DGS10", rates, fred, dates, Calendar::nyse());
    assert!(memory.is_answered_now("DGS10", rates));
}

#[test]
fn a_refusal_of_the_current_day_holds_for_that_day_and_that_key() {
    let (today, next) = (day("2025-06-30"), day("2025-07-01"));
    let fault = Fault::new("Polygon", FaultKind::PlanTimeframe, "before end of day");
    let mut first = memory("2025-06-30T22:00:00Z");
    first.use_access(&[(POLYGON, "1a".to_owned())], today);
    assert!(!first.is_today_refused(POLYGON, today));
    first.refused_today(POLYGON, today, &fault);
    let later = |mark: &str, is_refreshing| {
        let fetches = first.fetches.values().cloned().collect();
        let mut memory = Memory::new(fetches, "2025-06-30T23:00:00Z".parse().unwrap(), is_refreshing);
        memory.use_access(&[(POLYGON, mark.to_owned())], today);
        memory
    };
    let same = later("1a", false);
    assert_eq!((same.is_today_refused(POLYGON, today), same.is_today_refused(POLYGON, next)), (true, false));
    assert!(!later("2b", false).is_today_refused(POLYGON, today), "another plan");
    assert!(!later("1a", true).is_today_refused(POLYGON, today), "everything is asked for again");
    assert!(!same.is_corrected_today(POLYGON, today), "that is another thing");
}

#[test]
fn what_another_key_was_told_says_nothing() {
    let to = day("2025-06-30");
    let access = |mark: &str| [(POLYGON, mark.to_owned())];
    let mut first = memory("2025-06-30T22:00:00Z");
    assert_eq!(first.use_access(&access("1a"), to).len(), 1);
    first.answered("AAA", PRICES, POLYGON, (Some(day("2025-06-02")), to), Calendar::nyse());
    first.gaps("AAA", POLYGON, (day("2025-06-02"), to), None, Calendar::nyse());
    let later = |memory: &Memory, now: &str| {
        Memory::new(memory.fetches.values().cloned().collect(), now.parse().unwrap(), false)
    };
    let gaps = |memory: &Memory| open(memory, "2025-06-02", "2025-06-20").len();
    let mut same = later(&first, "2025-06-30T22:01:00Z");
    assert_eq!((same.use_access(&access("1a"), to).len(), gaps(&same)), (0, 0));
    let mut other = later(&first, "2025-06-30T22:01:00Z");
    assert_eq!((other.use_access(&access("2b"), to).len(), gaps(&other)), (1, 14));
    // What it tells itself holds.
    other.gaps("AAA", POLYGON, (day("2025-06-02"), to), None, Calendar::nyse());
    assert_eq!(gaps(&other), 0);
    let mut again = later(&other, "2025-06-30T22:02:00Z");
    assert_eq!(again.use_access(&access("2b"), to).len(), 0);
}

#[test]
fn a_session_whose_row_could_not_be_used_stays_open() {
    let mut memory = memory("2025-06-30T22:00:00Z");
    let dates = (day("2025-06-02"), day("2025-06-27"));
    memory.answered("AAA", PRICES, POLYGON, (Some(dates.0), dates.1), Calendar::nyse());
    memory.gaps("AAA", POLYGON, dates, Some(day("2025-06-18")), Calendar::nyse());
    assert_eq!(
        open(&memory, "2025-06-02", "2025-06-23"),
        ["2025-06-18", "2025-06-20", "2025-06-23"].map(day)
    );
    memory.gaps("AAA", POLYGON, dates, Some(dates.0), Calendar::nyse());
    assert_eq!(open(&memory, "2025-06-02", "2025-06-04").len(), 3);
}

#[test]
fn profiles_are_due_after_their_days() {
    let mut memory = memory("2025-06-30T22:00:00Z");
    let due = |memory: &Memory, days| memory.is_due("AAA", Dataset::Profile, ProviderId::Fmp, days);
    assert!(due(&memory, 7));
    memory.answered("AAA", Dataset::Profile, ProviderId::Fmp, (None, day("2025-06-30")), Calendar::nyse());
    assert!(!due(&memory, 7) && due(&memory, 0));
}
