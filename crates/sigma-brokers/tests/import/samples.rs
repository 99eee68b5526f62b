//! Each sample file, with positions, cash and totals written out by hand.

use sigma_brokers::statement::{Account, AssetClass, CashBasis, Flag, FlowKind};

use crate::{briefs, codes, day, import, rounded, sample, statement};

/// `amount currency` of each balance.
fn cash(account: &Account) -> Vec<(f64, &str, CashBasis)> {
    account.cash.iter().map(|cash| (rounded(cash.amount), cash.currency.as_str(), cash.basis)).collect()
}

fn totals(account: &Account) -> Vec<(&str, f64)> {
    account.totals.iter().map(|total| (total.what.as_str(), total.value)).collect()
}

#[test]
fn schwab_positions() {
    let statement = statement(&sample("schwab_positions_single_2024plus.csv"));
    assert_eq!((statement.format, statement.as_of), ("schwab", Some(day(2025, 11, 4))));
    let [account] = &statement.accounts[..] else { panic!("one account") };
    assert_eq!((account.name.as_deref(), account.number_tail.as_deref()), (Some("Individual"), Some("123")));
    assert_eq!(
        briefs(account),
        [
            "4 ACME LONG 1200 @ 80 on - now 101.65 = 121980",
            "5 BRK.B LONG 40 @ - on - now 482.5 = 19300",
            "6 ACME260116C00105000 SC -5 @ 6.8 on - now 6.15 = -3075",
            "7 ACME260116P00095000 LP 5 @ 3.3 on - now 2.8 = 1400",
        ]
    );
    assert_eq!(account.positions[1].flags, [Flag::NoCostBasis, Flag::NoEntryDate]);
    assert_eq!(account.positions[2].cost_basis, Some(-3400.0));
    assert_eq!(account.positions[2].contract.as_ref().unwrap().terms.underlying, "ACME");
    assert_eq!(cash(account), [(60_337.62, "USD", CashBasis::Balance)]);
    assert_eq!(totals(account), [("Account Total", 199_942.62)]);
    assert!((account.stated_value().unwrap() - 199_942.62).abs() < 1e-6);
}

#[test]
fn schwab_transactions() {
    let reading = import(&sample("schwab_transactions.csv"));
    assert_eq!(codes(&reading), ["file ERR_ACT_002"]);
    let statement = reading.statement.unwrap();
    assert_eq!(statement.format, "schwab-transactions");
    let [account] = &statement.accounts[..] else { panic!("one account") };
    assert_eq!(
        briefs(account),
        [
            "4 ACME LONG 10 @ 102.1 on 2025-10-30 now - = -",
            "3 ACME260116C00105000 SC -5 @ 6.81 on 2025-10-31 now - = -",
        ]
    );
    assert_eq!(cash(account), [(2380.73, "USD", CashBasis::ChangeOverFile)]);
    assert_eq!(totals(account), [("Transactions Total", 2380.73)]);
    let [interest] = &account.flows[..] else { panic!("one flow") };
    assert_eq!((interest.kind, interest.date, interest.amount), (FlowKind::Interest, day(2025, 11, 3), 0.03));
}

#[test]
fn fidelity() {
    let reading = import(&sample("fidelity_positions_sentencecase_2026.csv"));
    assert_eq!(codes(&reading), ["5 ERR_POS_024"]);
    let statement = reading.statement.unwrap();
    assert_eq!((statement.format, statement.as_of), ("fidelity", Some(day(2025, 11, 4))));
    let [individual, ira] = &statement.accounts[..] else { panic!("two accounts") };
    assert_eq!(individual.name.as_deref(), Some("Individual - TOD"));
    assert_eq!((ira.name.as_deref(), ira.number_tail.as_deref()), (Some("ROTH IRA"), Some("2222")));
    assert_eq!(
        briefs(individual),
        [
            "3 ACME LONG 120.5 @ 80 on - now 101.65 = 12248.83",
            "4 ACME260116C00105000 SC -2 @ 6.8 on - now 6.15 = -1230",
            "5 912810XX1 LONG 44000 @ 1 on - now 0.98484 = 43332.96",
        ]
    );
    let bond = &individual.positions[2];
    assert_eq!(bond.class, AssetClass::Private);
    assert_eq!(bond.flags, [Flag::BondPricedPer100, Flag::NoEntryDate]);
    assert_eq!(cash(individual), [(4211.07, "USD", CashBasis::Balance), (40.0, "USD", CashBasis::Pending)]);
    assert_eq!(individual.cash[0].held_in.as_deref(), Some("SPAXX"));
    assert_eq!(briefs(ira), ["6 BRK.B LONG 10 @ - on - now 482.5 = 4825"]);
    assert!(ira.cash.is_empty());
}

#[test]
fn vanguard() {
    let statement = statement(&sample("vanguard_ofxdownload.csv"));
    assert_eq!((statement.format, statement.as_of), ("vanguard", None));
    let [first, second] = &statement.accounts[..] else { panic!("two accounts") };
    assert_eq!(first.number_tail.as_deref(), Some("5432"));
    assert_eq!(
        briefs(first),
        ["2 AETF LONG 10 @ - on - now 250 = 2500", "3 VMFXX LONG 1204.55 @ - on - now 1 = 1204.55"]
    );
    assert_eq!(first.positions[1].class, AssetClass::CashLike);
    assert_eq!(briefs(second), ["5 ACME LONG 100 @ - on - now 101.65 = 10165"]);
}

#[test]
fn etrade() {
    let statement = statement(&sample("etrade_portfolio_download.csv"));
    assert_eq!((statement.format, statement.as_of), ("etrade", Some(day(2025, 11, 4))));
    let [account] = &statement.accounts[..] else { panic!("one account") };
    assert_eq!(
        (account.name.as_deref(), account.number_tail.as_deref()),
        (Some("Individual Brokerage"), Some("1234"))
    );
    assert_eq!(
        briefs(account),
        [
            "12 ACME LONG 120 @ 80 on - now 101.65 = 12198",
            "13 ACME260116C00105000 SC -2 @ 6.8 on - now 6.15 = -1230",
            "14 BRK.B LONG 4.556 @ 480 on - now 482.5 = 2198",
        ]
    );
    assert_eq!(cash(account), [(14.2, "USD", CashBasis::Balance)]);
    assert_eq!(totals(account), [("TOTAL", 13_180.2)]);
    assert!((account.stated_value().unwrap() - 13_180.2).abs() < 1e-6);
}

#[test]
fn interactive_brokers_activity() {
    let statement = statement(&sample("ibkr_activity_statement.csv"));
    assert_eq!((statement.format, statement.as_of), ("ibkr-activity", Some(day(2025, 11, 4))));
    let [account] = &statement.accounts[..] else { panic!("one account") };
    assert_eq!(account.number_tail.as_deref(), Some("4567"));
    assert_eq!(
        briefs(account),
        [
            "12 ACME LONG 1200 @ 80 on - now 101.65 = 121980",
            "13 BRK.B LONG 40 @ 470 on - now 482.5 = 19300",
            "15 ACME260116C00105000 SC -5 @ 6.8 on - now 6.15 = -3075",
        ]
    );
    assert_eq!(cash(account), [(1200.0, "USD", CashBasis::Balance)]);
    assert_eq!(
        totals(account),
        [("Open Positions Stocks", 141_280.0), ("Open Positions Equity and Index Options", -3075.0)]
    );
}

#[test]
fn interactive_brokers_flex_xml() {
    let statement = statement(&sample("ibkr_flex_open_positions.xml"));
    assert_eq!((statement.format, statement.as_of), ("ibkr-flex", Some(day(2025, 11, 4))));
    let [account] = &statement.accounts[..] else { panic!("one account") };
    assert_eq!(
        briefs(account),
        [
            "5 BRK.B LONG 40 @ 470 on - now 482.5 = 19300",
            "6 ACME260116C00105000 SC -5 @ 6.8 on - now 6.15 = -3075",
        ]
    );
    assert_eq!(cash(account), [(1200.0, "USD", CashBasis::Balance)]);
}

#[test]
fn robinhood() {
    let reading = import(&sample("robinhood_activity.csv"));
    assert_eq!(codes(&reading), ["file ERR_ACT_002", "6 ERR_ACT_003", "7 ERR_ACT_003"]);
    let statement = reading.statement.unwrap();
    assert_eq!(statement.format, "robinhood");
    let [account] = &statement.accounts[..] else { panic!("one account") };
    assert_eq!(
        briefs(account),
        [
            "4 ACME260116C00105000 SC -2 @ 6.8 on 2025-11-03 now - = -",
            "2 ACME LONG 10 @ 101.65 on 2025-11-04 now - = -",
        ]
    );
    assert_eq!(account.positions[1].description.as_deref(), Some("Acme Industries"));
    assert_eq!(cash(account), [(345.8, "USD", CashBasis::ChangeOverFile)]);
    let [dividend] = &account.flows[..] else { panic!("one flow") };
    assert_eq!((dividend.kind, dividend.amount), (FlowKind::Dividend, 2.4));
    assert_eq!(dividend.symbol.as_deref(), Some("ACME"));
}

#[test]
fn thinkorswim() {
    let statement = statement(&sample("tos_position_statement.csv"));
    assert_eq!((statement.format, statement.as_of), ("thinkorswim", Some(day(2025, 11, 4))));
    let [account] = &statement.accounts[..] else { panic!("one account") };
    assert_eq!((account.name.as_deref(), account.number_tail.as_deref()), (Some("Individual"), Some("5678")));
    assert_eq!(
        briefs(account),
        [
            "7 ACME LONG 1200 @ 80 on - now 101.65 = -",
            "8 ACME260116C00105000 SC -5 @ 6.8 on - now 6.15 = -",
            "9 ACME251107P00095000 LP 5 @ 0.4 on - now 0.22 = -",
            "11 BRK.B LONG 40 @ 470 on - now 482.5 = -",
        ]
    );
    assert_eq!(cash(account), [(60_337.62, "USD", CashBasis::Balance)]);
}

#[test]
fn ghostfolio() {
    let reading = import(&sample("ghostfolio_import.csv"));
    assert_eq!(codes(&reading), ["file ERR_ACT_002", "5 ERR_ACT_003"]);
    let statement = reading.statement.unwrap();
    let [account] = &statement.accounts[..] else { panic!("one account") };
    assert_eq!(
        briefs(account),
        ["2 ACME LONG 1200 @ 80 on 2021-09-16 now - = -", "4 HOUSE LONG 1 @ 500000 on 2022-01-01 now - = -",]
    );
    assert_eq!(account.positions[0].class, AssetClass::Public);
    assert_eq!(account.positions[1].class, AssetClass::Private);
    // -96,019 bought with its fee, 288 dividend, -500,000 bought, 1,930 sold.
    assert_eq!(cash(account), [(-593_801.0, "USD", CashBasis::ChangeOverFile)]);
    assert_eq!(account.flows[0].amount, 288.0);
}

#[test]
fn portfolio_performance_in_german() {
    let reading = import(&sample("portfolio_performance_portfolio_transactions_de.csv"));
    assert_eq!(codes(&reading), ["file ERR_ACT_002"]);
    let statement = reading.statement.unwrap();
    assert_eq!(statement.format, "portfolio-performance");
    let [account] = &statement.accounts[..] else { panic!("one account") };
    assert_eq!(briefs(account), ["2 ACME LONG 120 @ 101.65 on 2025-11-04 now - = -"]);
    assert_eq!(cash(account), [(-12_198.0, "USD", CashBasis::ChangeOverFile)]);
}

#[test]
fn the_template() {
    // The row of the closed lot lacks a comma before its exit date.
    let reading = import(&sample("sigmasight_template.csv"));
    assert_eq!(codes(&reading), ["8 ERR_CSV_013"]);
    let statement = reading.statement.unwrap();
    assert_eq!(statement.format, "template");
    let [account] = &statement.accounts[..] else { panic!("one account") };
    assert_eq!(
        briefs(account),
        [
            "3 ACME LONG 100 @ 80 on 2024-01-15 now - = -",
            "4 SHRT SHORT -25 @ 62.5 on 2024-02-10 now - = -",
            "5 ACME260116C00105000 LC 10 @ 6.8 on 2025-02-03 now - = -",
            "6 ACME260116P00095000 SP -5 @ 2.8 on 2025-02-03 now - = -",
            "7 SPAXX LONG 10000 @ 1 on 2024-01-02 now - = -",
            "8 CLOSED LONG 50 @ 185 on 2023-12-01 now - = - exit 215 on 2024-01-16",
            "9 PRIVATE_FUND_A LONG 1 @ 50000 on 2023-06-01 now - = -",
        ]
    );
    let classes: Vec<AssetClass> = account.positions.iter().map(|position| position.class).collect();
    use AssetClass::{CashLike, Option, Private, Public};
    assert_eq!(classes, [Public, Public, Option, Option, CashLike, Public, Private]);
    assert_eq!(account.positions[2].cost_basis, Some(6800.0));
}
