//! Which account of a file goes into which portfolio.
//!
//! An account is known from one file to the next by the end of its number and by its name. Brokers mask numbers to
//! different lengths, so an end of three characters or more is compared as far as both go; where both have names, they
//! are the same too.

use sigma_brokers::statement::Account;
use sigma_core::model::slug_of;

/// An account and the name of the portfolio it goes into.
#[derive(Debug, Clone, PartialEq)]
pub struct Destination {
    pub portfolio: String,
    pub account: Account,
    /// The accounts that the portfolio holds then.
    pub holds: Vec<Key>,
}

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice<'a> {
    /// Each account into a portfolio of its own.
    Each,
    /// One account, by its name or the end of its number.
    One(&'a str),
    /// All into one portfolio.
    Merged,
}

/// How a file meets what a portfolio holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meeting {
    /// Takes its place.
    Replace,
    /// Tells all of it.
    Whole,
    /// Tells a part of it.
    Part,
}

/// An account that is not in the file, is there twice, or does not belong into the portfolio.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    #[error("the file has no account \"{asked}\"; it has {known}")]
    Unknown { asked: String, known: String },
    #[error("the file has several accounts \"{0}\"; name one by the end of its number")]
    Ambiguous(String),
    #[error("the file is of the account {account}, and {portfolio} holds the account {holds}")]
    Other { account: String, holds: String, portfolio: String },
    #[error("{portfolio} holds several accounts in one, {holds}, and {account} is one of them")]
    Merged { account: String, holds: String, portfolio: String },
    #[error("{portfolio} holds the account {account} too, which the file does not have")]
    Lacking { account: String, portfolio: String },
}

impl AccountError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            AccountError::Other { .. } => "name another --portfolio, or start this one anew with --replace",
            AccountError::Merged { .. } => {
                "import a file of all of them again with --merge-accounts, or start anew with --replace"
            }
            AccountError::Lacking { .. } => {
                "import a file of all of them, say with --merge that it is a part, or start anew with --replace"
            }
            _ => "name one with --account, or merge them with --merge-accounts",
        }
    }
}

/// What an account is known by from one file to the next.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Key {
    name: Option<String>,
    /// End of its number.
    tail: Option<String>,
}

/// Stands before the end of a number.
const MASK: &str = "...";
/// Stands between the accounts of one portfolio.
const AND: &str = " + ";
/// Fewer characters than these say nothing when a longer end is known.
const SHORTEST_TAIL: usize = 3;

impl Key {
    /// None for an account of which the file says nothing.
    fn of(account: &Account) -> Option<Key> {
        // The sign between two accounts is not to stand within one.
        let name = account.name.as_ref().map(|name| name.replace(AND, " & "));
        let key = Key { name, tail: account.number_tail.clone() };
        (key != Key::default()).then_some(key)
    }

    /// `Roth IRA ...123`, or as much of it as is known.
    pub fn text(&self) -> String {
        let tail = self.tail.as_ref().map(|tail| format!("{MASK}{tail}"));
        let parts = [self.name.clone(), tail];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    fn parse(text: &str) -> Key {
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        match text.rsplit_once(MASK) {
            Some((name, tail)) if !tail.is_empty() && tail.chars().all(|c| c.is_ascii_alphanumeric()) => {
                Key { name: some(name), tail: some(tail) }
            }
            _ => Key { name: some(text), tail: None },
        }
    }

    /// Whether it can be the same account.
    fn is(&self, other: &Key) -> bool {
        let names = self.name.as_deref().zip(other.name.as_deref()).map(|(a, b)| is_name(a, b));
        match (&self.tail, &other.tail) {
            (Some(a), Some(b)) => is_tail(a, b) && names != Some(false),
            // A text without a mark may be the end of a number.
            (Some(tail), None) => names == Some(true) || other.name.as_deref() == Some(tail),
            (None, Some(tail)) => names == Some(true) || self.name.as_deref() == Some(tail),
            (None, None) => names == Some(true),
        }
    }

    /// Whether all that is known of an account is the same.
    pub fn is_surely(&self, other: &Key) -> bool {
        let names = self.name.as_deref().zip(other.name.as_deref());
        self.tail.is_some() == other.tail.is_some()
            && names.is_some_and(|(a, b)| is_name(a, b))
            && self.is(other)
    }
}

fn is_name(a: &str, b: &str) -> bool {
    a.trim().eq_ignore_ascii_case(b.trim())
}

fn is_tail(a: &str, b: &str) -> bool {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let (long, short) = (long.to_ascii_uppercase(), short.to_ascii_uppercase());
    long == short || (short.len() >= SHORTEST_TAIL && long.ends_with(&short))
}

/// The accounts of a portfolio as the history of imports keeps them.
pub fn text_of(holds: &[Key]) -> Option<String> {
    let texts: Vec<String> = holds.iter().map(Key::text).collect();
    (!texts.is_empty()).then(|| texts.join(AND))
}

/// A portfolio that accounts went into before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Name of the portfolio.
    pub portfolio: String,
    pub slug: String,
    pub holds: Vec<Key>,
    text: String,
}

impl Known {
    /// From a row of the history.
    pub fn new(portfolio: &str, slug: &str, text: &str) -> Known {
        let (portfolio, slug, text) = (portfolio.to_owned(), slug.to_owned(), text.to_owned());
        let holds = text.split(AND).map(Key::parse).collect();
        Known { portfolio, slug, holds, text }
    }

    pub fn has(&self, key: &Key) -> bool {
        self.holds.iter().any(|held| held.is(key))
    }

    pub fn is_portfolio(&self, name: &str) -> bool {
        self.portfolio.eq_ignore_ascii_case(name) || self.slug == slug_of(name)
    }
}

/// Distributes the accounts over portfolios. An account goes where it went before; else one account takes the name of
/// the portfolio, several a part of it each: `Own / Roth IRA`.
pub fn distribute(
    accounts: Vec<Account>,
    portfolio: &str,
    choice: Choice<'_>,
    meeting: Meeting,
    known: &[Known],
) -> Result<Vec<Destination>, AccountError> {
    let accounts: Vec<Account> = accounts.into_iter().filter(|account| !is_empty(account)).collect();
    match choice {
        Choice::Merged => together(accounts, portfolio, meeting, known),
        Choice::One(asked) => {
            let found: Vec<&Account> = accounts.iter().filter(|account| is_asked(account, asked)).collect();
            match found[..] {
                [account] => alone(account.clone(), portfolio, meeting, known),
                [] => Err(AccountError::Unknown { asked: asked.to_owned(), known: labels(&accounts) }),
                _ => Err(AccountError::Ambiguous(asked.to_owned())),
            }
        }
        Choice::Each => match accounts.len() {
            0 => Ok(Vec::new()),
            1 => alone(accounts.into_iter().next().unwrap_or_default(), portfolio, meeting, known),
            _ => each(accounts, portfolio, known),
        },
    }
}

/// By label, name, or an end of the number that is as long as the shorter of the two.
fn is_asked(account: &Account, asked: &str) -> bool {
    let digits: String = asked.chars().filter(char::is_ascii_alphanumeric).collect();
    let ends = |tail: &str| digits.ends_with(tail) || (!digits.is_empty() && tail.ends_with(&digits));
    label(account).eq_ignore_ascii_case(asked)
        || account.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(asked))
        || account.number_tail.as_deref().is_some_and(ends)
}

/// Where the account went before: the same end of the number before one that is only alike.
fn before<'a>(key: &Key, known: &'a [Known]) -> Option<&'a Known> {
    let has_exact = |known: &&Known| {
        known.holds.iter().any(|held| held.tail.is_some() && held.tail == key.tail && held.is(key))
    };
    let latest = || known.iter().rev();
    latest().find(has_exact).or_else(|| latest().find(|known| known.has(key)))
}

/// What a portfolio holds.
fn holding<'a>(portfolio: &str, known: &'a [Known]) -> Option<&'a Known> {
    known.iter().rev().find(|known| known.is_portfolio(portfolio))
}

/// Whether the account may go into what holds it, or holds another.
fn check(account: &Account, key: &Key, held: &Known) -> Result<(), AccountError> {
    let (account, holds, portfolio) = (label(account), held.text.clone(), held.portfolio.clone());
    match held.has(key) {
        true if held.holds.len() == 1 => Ok(()),
        true => Err(AccountError::Merged { account, holds, portfolio }),
        false => Err(AccountError::Other { account, holds, portfolio }),
    }
}

fn alone(
    account: Account,
    portfolio: &str,
    meeting: Meeting,
    known: &[Known],
) -> Result<Vec<Destination>, AccountError> {
    let key = Key::of(&account);
    let earlier = key.as_ref().and_then(|key| before(key, known));
    let portfolio = earlier.map_or(portfolio, |known| &known.portfolio).to_owned();
    if let (Some(key), Some(held), true) = (&key, holding(&portfolio, known), meeting != Meeting::Replace) {
        check(&account, key, held)?;
    }
    Ok(vec![Destination { portfolio, account, holds: key.into_iter().collect() }])
}

/// All accounts into one portfolio, which must not lose one that it holds.
fn together(
    accounts: Vec<Account>,
    portfolio: &str,
    meeting: Meeting,
    known: &[Known],
) -> Result<Vec<Destination>, AccountError> {
    let mut holds: Vec<Key> = accounts.iter().filter_map(Key::of).collect();
    let held = holding(portfolio, known).filter(|_| meeting != Meeting::Replace && !holds.is_empty());
    let lacking = held.map(|held| {
        let is_in_file = |key: &&Key| holds.iter().any(|stated| stated.is(key));
        held.holds.iter().filter(|key| !is_in_file(key)).cloned().collect::<Vec<_>>()
    });
    match lacking.unwrap_or_default() {
        lacking if meeting == Meeting::Part => holds.extend(lacking),
        lacking => {
            if let Some(account) = lacking.first() {
                let (account, portfolio) = (account.text(), portfolio.to_owned());
                return Err(AccountError::Lacking { account, portfolio });
            }
        }
    }
    let whole = |account| Destination { portfolio: portfolio.to_owned(), account, holds };
    Ok(accounts.into_iter().reduce(merged).map(whole).into_iter().collect())
}

fn each(accounts: Vec<Account>, portfolio: &str, known: &[Known]) -> Result<Vec<Destination>, AccountError> {
    let plain = |account: &Account| account.name.clone().unwrap_or_else(|| label(account));
    let names: Vec<String> = accounts.iter().map(plain).collect();
    let mut destinations = Vec::with_capacity(accounts.len());
    for (i, account) in accounts.into_iter().enumerate() {
        let is_alone = names.iter().filter(|name| name.eq_ignore_ascii_case(&names[i])).count() == 1;
        let under = |name: &str| format!("{portfolio} / {name}");
        let by_name = under(&names[i]);
        let key = Key::of(&account);
        let is_free = || match (&key, holding(&by_name, known)) {
            (Some(key), Some(held)) => held.has(key),
            _ => true,
        };
        let portfolio = match key.as_ref().and_then(|key| Some((key, before(key, known)?))) {
            Some((key, earlier)) => {
                check(&account, key, earlier)?;
                earlier.portfolio.clone()
            }
            None if is_alone && is_free() => by_name,
            None => under(&label(&account)),
        };
        destinations.push(Destination { portfolio, account, holds: key.into_iter().collect() });
    }
    Ok(destinations)
}

/// Name and end of number.
fn label(account: &Account) -> String {
    let parts = [account.name.as_deref(), account.number_tail.as_deref()];
    let label = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    if label.is_empty() { "account".to_owned() } else { label }
}

fn labels(accounts: &[Account]) -> String {
    let labels: Vec<String> = accounts.iter().map(label).collect();
    if labels.is_empty() { "none".to_owned() } else { labels.join(", ") }
}

fn is_empty(account: &Account) -> bool {
    account.positions.is_empty() && account.cash.is_empty() && account.flows.is_empty()
}

/// Totals of the same name add up; one that only some accounts state is no total of all.
fn merged(mut one: Account, other: Account) -> Account {
    one.positions.extend(other.positions);
    one.cash.extend(other.cash);
    one.flows.extend(other.flows);
    one.trade_costs.extend(other.trade_costs);
    one.totals.retain_mut(|total| {
        let same = other.totals.iter().find(|same| same.what.eq_ignore_ascii_case(&total.what));
        total.value += same.map_or(0.0, |same| same.value);
        same.is_some()
    });
    let activity_since = [one.activity_since, other.activity_since].into_iter().flatten().min();
    Account { name: None, number_tail: None, activity_since, ..one }
}

#[cfg(test)]
mod tests {
    use sigma_brokers::statement::{CashBalance, CashBasis};

    use super::*;

    fn account(name: &str, tail: &str) -> Account {
        let cash = CashBalance {
            row: None,
            currency: "USD".into(),
            amount: 1.0,
            basis: CashBasis::Balance,
            held_in: None,
        };
        let (name, number_tail) = (Some(name.to_owned()), Some(tail.to_owned()));
        Account { name, number_tail, cash: vec![cash], ..Account::default() }
    }

    fn names(accounts: &[Account], choice: Choice<'_>) -> Vec<String> {
        let found = distribute(accounts.to_vec(), "Own", choice, Meeting::Whole, &[]).unwrap();
        found.into_iter().map(|destination| destination.portfolio).collect()
    }

    #[test]
    fn several_accounts_are_several_portfolios() {
        let two = [account("Roth IRA", "11"), account("Joint", "22"), Account::default()];
        assert_eq!(names(&two, Choice::Each), ["Own / Roth IRA", "Own / Joint"]);
        assert_eq!(names(&two, Choice::Merged), ["Own"]);
        assert_eq!(names(&two[..1], Choice::Each), ["Own"]);
        for asked in ["roth ira", "Roth IRA 11", "...11"] {
            assert_eq!(names(&two, Choice::One(asked)), ["Own"], "{asked}");
        }
        let unknown = distribute(two.to_vec(), "Own", Choice::One("HSA"), Meeting::Whole, &[]).unwrap_err();
        assert_eq!(unknown.to_string(), "the file has no account \"HSA\"; it has Roth IRA 11, Joint 22");
        let same = [account("IRA", "11"), account("ira", "22")];
        assert_eq!(names(&same, Choice::Each), ["Own / IRA 11", "Own / ira 22"]);
        assert!(distribute(same.to_vec(), "Own", Choice::One("IRA"), Meeting::Whole, &[]).is_err());
    }

    #[test]
    fn accounts_go_where_they_went_before() {
        let known = [known("Own / Ind", "Ind ...1111"), known("Own / ROTH", "2222")];
        let names = |accounts: &[Account]| {
            let found = distribute(accounts.to_vec(), "Own", Choice::Each, Meeting::Whole, &known).unwrap();
            found.into_iter().map(|to| to.portfolio).collect::<Vec<_>>()
        };
        let [ind, roth, second] = [account("Ind", "1111"), account("ROTH", "2222"), account("Ind", "3333")];
        assert_eq!(
            names(&[ind, roth.clone(), second.clone()]),
            ["Own / Ind", "Own / ROTH", "Own / Ind 3333"]
        );
        assert_eq!(names(&[roth]), ["Own / ROTH"]);
        assert_eq!(names(&[second]), ["Own"]);
    }

    fn known(portfolio: &str, text: &str) -> Known {
        Known::new(portfolio, &slug_of(portfolio), text)
    }

    /// Where one account goes, or why not.
    fn to(account: Account, choice: Choice<'_>, meeting: Meeting, known: &[Known]) -> Result<String, String> {
        let found = distribute(vec![account], "Own", choice, meeting, known);
        found.map(|found| found[0].portfolio.clone()).map_err(|error| error.to_string())
    }

    #[test]
    fn numbers_are_masked_to_different_lengths() {
        let own = |text: &str| [known("Own", text)];
        let go = |name: &str, tail: &str, text: &str| {
            to(account(name, tail), Choice::Each, Meeting::Whole, &own(text)).is_ok()
        };
        assert!(go("Individual", "8123", "Individual ...123"));
        assert!(go("Individual", "123", "INDIVIDUAL ...8123"));
        assert!(go("Individual", "8123", "...8123") && go("Individual", "8123", "8123"));
        assert!(!go("Individual", "8123", "Individual ...23"), "too short to tell");
        assert!(!go("Joint", "1111", "Ind ...1111"), "the names tell them apart");
        let refused = to(account("Ind", "3333"), Choice::Each, Meeting::Part, &own("1111")).unwrap_err();
        assert_eq!(refused, "the file is of the account Ind 3333, and Own holds the account 1111");
        assert!(to(account("Ind", "3333"), Choice::Each, Meeting::Replace, &own("1111")).is_ok());
    }

    #[test]
    fn merged_accounts_stay_together() {
        let [ind, roth] = [account("Ind", "1111"), account("Roth + more", "2222")];
        let both = vec![ind.clone(), roth.clone()];
        let found = distribute(both.clone(), "Own", Choice::Merged, Meeting::Whole, &[]).unwrap();
        let text = text_of(&found[0].holds).unwrap();
        assert_eq!(text, "Ind ...1111 + Roth & more ...2222");
        let own = [known("Own", "Ind ...1111 + Roth ...2222")];
        let ask = |accounts: &[Account], choice, meeting| {
            distribute(accounts.to_vec(), "Own", choice, meeting, &own).map_err(|error| error.to_string())
        };
        let both = [ind.clone(), account("Roth", "2222")];
        assert!(ask(&both, Choice::Merged, Meeting::Whole).is_ok());
        for accounts in [&both[..], &both[..1]] {
            let refused = ask(accounts, Choice::Each, Meeting::Whole).unwrap_err();
            assert!(refused.starts_with("Own holds several accounts in one"), "{refused}");
        }
        let lacking = ask(&both[..1], Choice::Merged, Meeting::Whole).unwrap_err();
        assert_eq!(lacking, "Own holds the account Roth ...2222 too, which the file does not have");
        let part = ask(&both[1..], Choice::Merged, Meeting::Part).unwrap();
        assert_eq!(text_of(&part[0].holds).unwrap(), "Roth ...2222 + Ind ...1111");
        assert!(ask(&both[..1], Choice::Each, Meeting::Replace).is_ok());
    }
}
