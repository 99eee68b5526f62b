//! Faults of services in a run: grouped for people, weighed for the exit code.

use std::collections::{BTreeMap, BTreeSet};

use sigma_cli::ExitStatus;
use sigma_providers::{Fault, FaultKind};

/// Every fault that a symbol or series met.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    met: Vec<Met>,
    /// Questions that were answered.
    answers: usize,
}

#[derive(Debug, Clone)]
struct Met {
    subject: String,
    fault: Fault,
    /// Every other request met it too.
    is_wide: bool,
}

/// Subjects without which engines cannot do, and that are missing.
#[derive(Debug, Clone, Default)]
pub struct Missing<'a> {
    pub all: BTreeSet<&'a str>,
    /// What the run is there for: prices, where it brings prices. A key or a plan that keeps other data away does not
    /// stop what works on prices; a limit stops nothing.
    pub main: BTreeSet<&'a str>,
    /// Those of a kind of data of which nothing is there and nothing came.
    pub nothing: BTreeSet<&'a str>,
}

impl Faults {
    pub fn add(&mut self, subject: &str, fault: &Fault, is_wide: bool) {
        self.met.push(Met { subject: subject.to_owned(), fault: fault.clone(), is_wide });
    }

    /// A question was answered.
    pub fn answered(&mut self) {
        self.answers += 1;
    }

    pub fn is_empty(&self) -> bool {
        self.met.is_empty()
    }

    /// One line for each kind of fault of each provider: `41 symbols: PlanSymbol (FMP 402): what the provider said`. What
    /// it said of one symbol and no other, such as when it was delisted, is told too.
    pub fn lines(&self) -> Vec<String> {
        let mut groups: BTreeMap<(FaultKind, String), Group<'_>> = BTreeMap::new();
        for Met { subject, fault, .. } in &self.met {
            let group = groups.entry((fault.kind, fault.origin())).or_default();
            group.subjects.insert(subject);
            if group.sayings.insert(saying(subject, &fault.detail)) {
                group.details.push(&fault.detail);
            }
        }
        groups.into_iter().map(|((kind, origin), group)| group.line(kind, &origin)).collect()
    }

    /// The line that stands for an exit status.
    pub fn line_for(&self, status: ExitStatus) -> Option<String> {
        let of_status = self.met.iter().filter(|met| status_of(met.fault.kind) == Some(status));
        let faults = Faults { met: of_status.cloned().collect(), answers: 0 };
        faults.lines().into_iter().next()
    }

    /// The exit status of a run in which something is still missing, where a fault explains it better than `partial`: a
    /// key, a plan, a limit or an outage that all requests met. Of a kind of data of which nothing at all is there, faults
    /// of single symbols count as well.
    pub fn status(&self, missing: &Missing<'_>) -> Option<ExitStatus> {
        let counts = |Met { subject, fault, is_wide }: &&Met| {
            let subject = subject.as_str();
            let is_limit = status_of(fault.kind) == Some(ExitStatus::RateLimit);
            let is_told = missing.main.contains(subject) || (is_limit && missing.all.contains(subject));
            (*is_wide || missing.nothing.contains(subject)) && is_told
        };
        heaviest(self.met.iter().filter(counts))
    }

    /// Whether a limit stood in the way of this subject.
    pub fn is_limited(&self, subject: &str) -> bool {
        let is_limit = |met: &&Met| status_of(met.fault.kind) == Some(ExitStatus::RateLimit);
        self.met.iter().filter(is_limit).any(|met| met.subject == subject)
    }

    /// Whether anybody was asked about this subject in vain.
    pub fn has_met(&self, subject: &str) -> bool {
        self.met.iter().any(|met| met.subject == subject)
    }

    /// The exit status of a run in which no question was answered at all.
    pub fn status_unanswered(&self) -> Option<ExitStatus> {
        heaviest(self.met.iter()).filter(|_| self.answers == 0)
    }
}

/// Faults of one kind and origin.
#[derive(Default)]
struct Group<'a> {
    subjects: BTreeSet<&'a str>,
    /// What was said, one of each saying, in the order in which it was heard.
    details: Vec<&'a str>,
    sayings: BTreeSet<String>,
}

impl Group<'_> {
    fn line(&self, kind: FaultKind, origin: &str) -> String {
        const TOLD: usize = 5;
        let count = self.subjects.len();
        let what = match (count, self.subjects.first()) {
            (1, Some(only)) => (*only).to_owned(),
            _ => format!("{count} symbols"),
        };
        let told: Vec<&str> =
            self.details.iter().take(TOLD).map(|detail| detail.trim_end_matches('.')).collect();
        let more = if self.details.len() > TOLD { "; ..." } else { "" };
        let named = if count > 1 { format!(" [{}]", some_of(&self.subjects)) } else { String::new() };
        format!("{what}: {kind} ({origin}): {}{more}{named}", told.join("; "))
    }
}

/// What a detail says, whichever symbol it is said of.
fn saying(subject: &str, detail: &str) -> String {
    detail.replace(subject, "*")
}

/// The status that most faults stand for.
fn heaviest<'a>(met: impl Iterator<Item = &'a Met>) -> Option<ExitStatus> {
    let mut weights: BTreeMap<u8, (usize, ExitStatus)> = BTreeMap::new();
    for status in met.filter_map(|met| status_of(met.fault.kind)) {
        weights.entry(status.code()).or_insert((0, status)).0 += 1;
    }
    weights.into_values().max_by_key(|(weight, _)| *weight).map(|(_, status)| status)
}

/// Exit codes 4 to 6, as far as a kind has one.
fn status_of(kind: FaultKind) -> Option<ExitStatus> {
    match kind {
        FaultKind::Auth | FaultKind::PlanEndpoint | FaultKind::PlanSymbol | FaultKind::PlanTimeframe => {
            Some(ExitStatus::Credentials)
        }
        FaultKind::RateLimited | FaultKind::QuotaExhausted => Some(ExitStatus::RateLimit),
        FaultKind::Malformed | FaultKind::Transient => Some(ExitStatus::Network),
        FaultKind::NotFound | FaultKind::NoData | FaultKind::BadRequest => None,
    }
}

fn some_of(subjects: &BTreeSet<&str>) -> String {
    const NAMED: usize = 5;
    let named: Vec<&str> = subjects.iter().copied().take(NAMED).collect();
    let more = if subjects.len() > NAMED { ", ..." } else { "" };
    format!("{}{more}", named.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(kind: FaultKind, status: u16) -> Fault {
        Fault { status: Some(status), ..Fault::new("FMP", kind, "said so") }
    }

    #[test]
    fn faults_of_one_kind_share_a_line() {
        let mut faults = Faults::default();
        for i in 0..41 {
            faults.add(&format!("S{i:02}"), &fault(FaultKind::PlanSymbol, 402), false);
        }
        faults.add("ZZZ", &fault(FaultKind::NotFound, 404), false);
        assert_eq!(
            faults.lines(),
            [
                "41 symbols: PlanSymbol (FMP 402): said so [S00, S01, S02, S03, S04, ...]",
                "ZZZ: NotFound (FMP 404): said so"
            ]
        );
    }

    #[test]
    fn what_was_said_of_one_symbol_alone_is_told() {
        let mut faults = Faults::default();
        for (symbol, detail) in [
            ("AAA", "Ticker not found."),
            ("HZNP", "HZNP was delisted on 2023-10-06"),
            ("BBB", "no bars of BBB"),
            ("CCC", "no bars of CCC"),
        ] {
            faults.add(symbol, &Fault::new("Polygon", FaultKind::NotFound, detail), false);
        }
        assert_eq!(
            faults.lines(),
            [
                "4 symbols: NotFound (Polygon): Ticker not found; HZNP was delisted on 2023-10-06; no bars of BBB \
              [AAA, BBB, CCC, HZNP]"
            ]
        );
    }

    #[test]
    fn the_exit_code_follows_what_keeps_data_away() {
        let of = |kind, missing: Missing<'_>| {
            let mut faults = Faults::default();
            faults.add("AAA", &fault(kind, 400), kind.is_provider_wide());
            faults.status(&missing).map(ExitStatus::code)
        };
        let aaa = || BTreeSet::from(["AAA"]);
        let some = |kind| of(kind, Missing { all: aaa(), main: aaa(), ..Missing::default() });
        let all = |kind| of(kind, Missing { all: aaa(), main: aaa(), nothing: aaa() });
        assert_eq!(some(FaultKind::Auth), Some(4));
        assert_eq!(some(FaultKind::PlanEndpoint), Some(4));
        assert_eq!(some(FaultKind::RateLimited), Some(5));
        assert_eq!(some(FaultKind::QuotaExhausted), Some(5));
        // One symbol that is not in the plan does not stop the chain; a plan without any symbol does.
        assert_eq!((some(FaultKind::PlanSymbol), all(FaultKind::PlanSymbol)), (None, Some(4)));
        assert_eq!((some(FaultKind::Transient), all(FaultKind::Transient)), (None, Some(6)));
        assert_eq!(all(FaultKind::NoData), None);
        // Another provider had it.
        assert_eq!(of(FaultKind::Auth, Missing::default()), None);
        // Yields beside prices.
        let beside = |kind| of(kind, Missing { all: aaa(), nothing: aaa(), ..Missing::default() });
        assert_eq!((beside(FaultKind::Auth), beside(FaultKind::RateLimited)), (None, Some(5)));
    }
}
