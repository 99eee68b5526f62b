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
}

/// Distributes the accounts over portfolios. One account takes the name of the portfolio, several a part of it each:
/// `Own / Roth IRA`.
pub fn distribute(
    accounts: Vec<Account>,
    portfolio: &str,
    choice: Choice<'_>,
) -> Result<Vec<Destination>, AccountError> {
    let accounts: Vec<Account> = accounts.into_iter().filter(|account| !is_empty(account)).collect();
    let whole = |account| vec![Destination { portfolio: portfolio.to_owned(), account }];
    match choice {
        Choice::Merged => Ok(accounts.into_iter().reduce(merged).map(whole).unwrap_or_default()),
        Choice::One(asked) => {
            let matches = |account: &&Account| {
                label(account).eq_ignore_ascii_case(asked)
                    || account.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(asked))
                    || account.number_tail.as_deref().is_some_and(|tail| asked.ends_with(tail))
            };
            let found: Vec<&Account> = accounts.iter().filter(matches).collect();
            match found[..] {
                [account] => Ok(whole(account.clone())),
                [] => Err(AccountError::Unknown { asked: asked.to_owned(), known: known(&accounts) }),
                _ => Err(AccountError::Ambiguous(asked.to_owned())),
            }
        }
        Choice::Each => match accounts.len() {
            0 | 1 => Ok(accounts.into_iter().next().map(whole).unwrap_or_default()),
            _ => Ok(each(accounts, portfolio)),
        },
    }
}

fn each(accounts: Vec<Account>, portfolio: &str) -> Vec<Destination> {
    let plain = |account: &Account| account.name.clone().unwrap_or_else(|| label(account));
    let names: Vec<String> = accounts.iter().map(plain).collect();
    let mut destinations = Vec::with_capacity(accounts.len());
    for (i, account) in accounts.into_iter().enumerate() {
        let is_alone = names.iter().filter(|name| name.eq_ignore_ascii_case(&names[i])).count() == 1;
        let name = if is_alone { names[i].clone() } else { label(&account) };
        destinations.push(Destination { portfolio: format!("{portfolio} / {name}"), account });
    }
    destinations
}

/// Name and end of number.
fn label(account: &Account) -> String {
    let parts = [account.name.as_deref(), account.number_tail.as_deref()];
    let label = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    if label.is_empty() { "account".to_owned() } else { label }
}

fn known(accounts: &[Account]) -> String {
    let labels: Vec<String> = accounts.iter().map(label).collect();
    if labels.is_empty() { "none".to_owned() } else { labels.join(", ") }
}

fn is_empty(account: &Account) -> bool {
    account.positions.is_empty() && account.cash.is_empty() && account.flows.is_empty()
}

/// Stated totals stay: their sum is compared with the sum.
fn merged(mut one: Account, other: Account) -> Account {
    one.positions.extend(other.positions);
    one.cash.extend(other.cash);
    one.flows.extend(other.flows);
    one.totals.extend(other.totals);
    Account { name: None, number_tail: None, ..one }
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
        let found = distribute(accounts.to_vec(), "Own", choice).unwrap();
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
        let unknown = distribute(two.to_vec(), "Own", Choice::One("HSA")).unwrap_err();
        assert_eq!(unknown.to_string(), "the file has no account \"HSA\"; it has Roth IRA 11, Joint 22");
        let same = [account("IRA", "11"), account("ira", "22")];
        assert_eq!(names(&same, Choice::Each), ["Own / IRA 11", "Own / ira 22"]);
        assert!(distribute(same.to_vec(), "Own", Choice::One("IRA")).is_err());
    }
}
