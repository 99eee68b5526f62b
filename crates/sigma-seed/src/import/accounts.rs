//! Which account of a file goes into which portfolio.

use sigma_brokers::statement::Account;

/// An account and the name of the portfolio it goes into.
#[derive(Debug, Clone, PartialEq)]
pub struct Destination {
    pub portfolio: String,
    pub account: Account,
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

/// An account that is not in the file, or is there twice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    #[error("the file has no account \"{asked}\"; it has {known}")]
    Unknown { asked: String, known: String },
    #[error("the file has several accounts \"{0}\"; name one by the end of its number")]
    Ambiguous(String),
    #[error("the file is of the account {account}, and {portfolio} holds the account {holds}")]
    Other { account: String, holds: String, portfolio: String },
}

/// A portfolio that an account went into before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Name of the portfolio.
    pub portfolio: String,
    /// The account, as [`key`] tells it.
    pub account: String,
}

/// What an account is known by from one file to the next: the end of its number, else its name.
pub fn key(account: &Account) -> Option<String> {
    account.number_tail.clone().or_else(|| account.name.clone())
}

/// Distributes the accounts over portfolios. An account goes where it went before; else one account takes the name of
/// the portfolio, several a part of it each: `Own / Roth IRA`.
pub fn distribute(
    accounts: Vec<Account>,
    portfolio: &str,
    choice: Choice<'_>,
    known: &[Known],
) -> Result<Vec<Destination>, AccountError> {
    let accounts: Vec<Account> = accounts.into_iter().filter(|account| !is_empty(account)).collect();
    match choice {
        Choice::Merged => {
            let whole = |account| vec![Destination { portfolio: portfolio.to_owned(), account }];
            Ok(accounts.into_iter().reduce(merged).map(whole).unwrap_or_default())
        }
        Choice::One(asked) => {
            let found: Vec<&Account> = accounts.iter().filter(|account| is_asked(account, asked)).collect();
            match found[..] {
                [account] => alone(account.clone(), portfolio, known),
                [] => Err(AccountError::Unknown { asked: asked.to_owned(), known: labels(&accounts) }),
                _ => Err(AccountError::Ambiguous(asked.to_owned())),
            }
        }
        Choice::Each => match accounts.len() {
            0 => Ok(Vec::new()),
            1 => alone(accounts.into_iter().next().unwrap_or_default(), portfolio, known),
            _ => Ok(each(accounts, portfolio, known)),
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

/// The portfolio that the account went into before.
fn before<'a>(account: &Account, known: &'a [Known]) -> Option<&'a str> {
    let key = key(account)?;
    known.iter().rev().find(|known| known.account == key).map(|known| known.portfolio.as_str())
}

/// The account that a portfolio holds, when it is another one.
fn other<'a>(account: &Account, portfolio: &str, known: &'a [Known]) -> Option<&'a str> {
    let key = key(account)?;
    let holds = known.iter().rev().find(|known| known.portfolio.eq_ignore_ascii_case(portfolio))?;
    (holds.account != key).then_some(holds.account.as_str())
}

fn alone(account: Account, portfolio: &str, known: &[Known]) -> Result<Vec<Destination>, AccountError> {
    let portfolio = before(&account, known).unwrap_or(portfolio).to_owned();
    match other(&account, &portfolio, known) {
        Some(holds) => {
            Err(AccountError::Other { account: label(&account), holds: holds.to_owned(), portfolio })
        }
        None => Ok(vec![Destination { portfolio, account }]),
    }
}

fn each(accounts: Vec<Account>, portfolio: &str, known: &[Known]) -> Vec<Destination> {
    let plain = |account: &Account| account.name.clone().unwrap_or_else(|| label(account));
    let names: Vec<String> = accounts.iter().map(plain).collect();
    let mut destinations = Vec::with_capacity(accounts.len());
    for (i, account) in accounts.into_iter().enumerate() {
        let is_alone = names.iter().filter(|name| name.eq_ignore_ascii_case(&names[i])).count() == 1;
        let under = |name: &str| format!("{portfolio} / {name}");
        let by_name = under(&names[i]);
        let portfolio = match before(&account, known) {
            Some(portfolio) => portfolio.to_owned(),
            None if is_alone && other(&account, &by_name, known).is_none() => by_name,
            None => under(&label(&account)),
        };
        destinations.push(Destination { portfolio, account });
    }
    destinations
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
        let found = distribute(accounts.to_vec(), "Own", choice, &[]).unwrap();
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
        let unknown = distribute(two.to_vec(), "Own", Choice::One("HSA"), &[]).unwrap_err();
        assert_eq!(unknown.to_string(), "the file has no account \"HSA\"; it has Roth IRA 11, Joint 22");
        let same = [account("IRA", "11"), account("ira", "22")];
        assert_eq!(names(&same, Choice::Each), ["Own / IRA 11", "Own / ira 22"]);
        assert!(distribute(same.to_vec(), "Own", Choice::One("IRA"), &[]).is_err());
    }

    #[test]
    fn accounts_go_where_they_went_before() {
        let known = [("Own / Ind", "1111"), ("Own / ROTH", "2222")];
        let known = known.map(|(portfolio, account)| Known {
            portfolio: portfolio.to_owned(),
            account: account.to_owned(),
        });
        let names = |accounts: &[Account]| {
            let found = distribute(accounts.to_vec(), "Own", Choice::Each, &known)?;
            Ok::<_, AccountError>(found.into_iter().map(|to| to.portfolio).collect::<Vec<_>>())
        };
        let [ind, roth, second] = [account("Ind", "1111"), account("ROTH", "2222"), account("Ind", "3333")];
        assert_eq!(
            names(&[ind, roth.clone(), second.clone()]).unwrap(),
            ["Own / Ind", "Own / ROTH", "Own / Ind 3333"]
        );
        assert_eq!(names(&[roth]).unwrap(), ["Own / ROTH"]);
        assert_eq!(names(std::slice::from_ref(&second)).unwrap(), ["Own"]);
        let known = [Known { portfolio: "Own".to_owned(), account: "1111".to_owned() }];
        let refused = distribute(vec![second], "Own", Choice::Each, &known).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the file is of the account Ind 3333, and Own holds the account 1111"
        );
    }
}
