//! Transactions to lots: the oldest closed first, splits, expiries, assignments, what the file cannot know.

use sigma_brokers::statement::{Account, FlowKind};

use crate::{briefs, codes, import, rounded, sample, statement};

const HEADER: &str =
    "Activity Date,Process Date,Settle Date,Instrument,Description,Trans Code,Quantity,Price,Amount\n";

fn robinhood(rows: &str) -> (Account, Vec<String>) {
    let reading = import(format!("{HEADER}{rows}").as_bytes());
    let codes = codes(&reading);
    (reading.statement.unwrap().accounts.remove(0), codes)
}

#[test]
fn lots_close_oldest_first_and_splits_scale_them() {
    let (account, codes) = robinhood(
        "6/5/2025,6/5/2025,6/6/2025,ACME,Acme,Sell,15,$60.00,$900.00\n\
         6/4/2025,6/4/2025,6/4/2025,ACME,Acme,SPL,30S,,\n\
         6/3/2025,6/3/2025,6/4/2025,ACME,Acme,Buy,20,$110.00,(\"$2,200.00\")\n\
         6/2/2025,6/2/2025,6/3/2025,ACME,Acme,Buy,10,$100.00,(\"$1,000.00\")\n"
            .replace("(\"$2,200.00\")", "\"($2,200.00)\"")
            .replace("(\"$1,000.00\")", "\"($1,000.00)\"")
            .as_str(),
    );
    assert_eq!(codes, ["file ERR_ACT_002"]);
    assert_eq!(
        briefs(&account),
        [
            "5 ACME LONG 15 @ 50 on 2025-06-02 now - = - exit 60 on 2025-06-05",
            "5 ACME LONG 5 @ 50 on 2025-06-02 now - = -",
            "4 ACME LONG 40 @ 55 on 2025-06-03 now - = -",
        ]
    );
    assert_eq!(rounded(account.cash[0].amount), -2300.0);
    // Its units count the split, which brokers book within a week of its day.
    let counted = account.positions.iter().map(|position| position.adjusted_through);
    assert!(counted.into_iter().all(|day| day == "2025-06-11".parse().ok()));
}

#[test]
fn only_what_is_held_at_a_split_counts_it() {
    let (account, _) = robinhood(
        "6/5/2025,6/5/2025,6/6/2025,ACME,Acme,Buy,1,$50.00,($50.00)\n\
         6/4/2025,6/4/2025,6/4/2025,ACME,Acme,SPL,5S,,\n\
         6/3/2025,6/3/2025,6/4/2025,ACME,Acme,Sell,5,$110.00,$550.00\n\
         6/2/2025,6/2/2025,6/3/2025,ACME,Acme,Buy,10,$100.00,\"($1,000.00)\"\n",
    );
    let lots: Vec<_> = account.positions.iter().map(|p| (p.quantity, p.adjusted_through.is_some())).collect();
    assert_eq!(lots, [(5.0, false), (10.0, true), (1.0, false)]);
}

#[test]
fn options_expire_and_are_assigned() {
    let (account, codes) = robinhood(
        "8/15/2025,8/15/2025,8/15/2025,ACME,Option Expiration for ACME 8/15/2025 Call $105.00,OEXP,2S,,\n\
         8/15/2025,8/15/2025,8/15/2025,ACME,ACME 8/15/2025 Put $95.00,OASGN,1,,\n\
         8/15/2025,8/15/2025,8/18/2025,ACME,Acme,Buy,100,$95.00,\"($9,500.00)\"\n\
         8/1/2025,8/1/2025,8/4/2025,ACME,ACME 8/15/2025 Put $95.00,STO,1,$1.00,$99.95\n\
         8/1/2025,8/1/2025,8/4/2025,ACME,ACME 8/15/2025 Call $105.00,STO,2,$0.50,$99.90\n",
    );
    assert_eq!(codes, ["file ERR_ACT_002"]);
    assert_eq!(
        briefs(&account),
        [
            "5 ACME250815P00095000 SP -1 @ 1 on 2025-08-01 now - = - exit 0 on 2025-08-15",
            "6 ACME250815C00105000 SC -2 @ 0.5 on 2025-08-01 now - = - exit 0 on 2025-08-15",
            "4 ACME LONG 100 @ 95 on 2025-08-15 now - = -",
        ]
    );
    assert_eq!(account.positions[0].cost_basis, Some(-100.0));
}

#[test]
fn what_the_file_cannot_know_is_told() {
    let (account, codes) = robinhood(
        "6/3/2025,6/3/2025,6/4/2025,ACME,Acme,Sell,15,$60.00,$900.00\n\
         6/2/2025,6/2/2025,6/3/2025,ACME,Acme,Buy,10,$50.00,($500.00)\n\
         6/2/2025,6/2/2025,6/3/2025,ZETA,Zeta,ACATI,5,,\n\
         6/2/2025,6/2/2025,6/3/2025,,ACH Deposit,ACH,,,\"$1,000.00\"\n\
         6/2/2025,6/2/2025,6/3/2025,,ACH Withdrawal,ACH,,,($40.00)\n\
         6/2/2025,6/2/2025,6/3/2025,ACME,Something new,NEW,,,$1.00\n",
    );
    assert_eq!(codes, ["file ERR_ACT_002", "2 ERR_ACT_003", "4 ERR_ACT_004", "7 ERR_ACT_001"]);
    assert_eq!(briefs(&account), ["3 ACME LONG 10 @ 50 on 2025-06-02 now - = - exit 60 on 2025-06-03"]);
    let flows: Vec<(FlowKind, f64)> = account.flows.iter().map(|flow| (flow.kind, flow.amount)).collect();
    assert_eq!(flows, [(FlowKind::Withdrawal, -40.0), (FlowKind::Contribution, 1000.0)]);
}

#[test]
fn short_sales_are_opened_by_name_only() {
    let reading = import(
        b"Date,Action,Symbol,Description,Quantity,Price,Fees & Comm,Amount\n\
          06/04/2025,Buy to Cover,ACME,ACME,4,$90.00,,-$360.00\n\
          06/03/2025,Sell Short,ACME,ACME,10,$100.00,,\"$1,000.00\"\n",
    );
    let account = &reading.statement.as_ref().unwrap().accounts[0];
    assert_eq!(
        briefs(account),
        [
            "3 ACME SHORT -4 @ 100 on 2025-06-03 now - = - exit 90 on 2025-06-04",
            "3 ACME SHORT -6 @ 100 on 2025-06-03 now - = -",
        ]
    );
}

/// A reverse split in two rows, old shares out and new ones in.
#[test]
fn a_split_in_two_rows_is_one() {
    let header = "Date,Action,Symbol,Description,Quantity,Price,Fees & Comm,Amount\n";
    let rows = "06/09/2025,Reverse Split,AAA,A,10,,,\n06/09/2025,Reverse Split,AAA,A,-100,,,\n\
        06/02/2025,Buy,AAA,A,100,$1,,-$100\n";
    let reading = import(format!("{header}{rows}").as_bytes());
    assert_eq!(codes(&reading), ["file ERR_ACT_002"]);
    let account = &reading.statement.unwrap().accounts[0];
    assert_eq!(briefs(account), ["4 AAA LONG 10 @ 10 on 2025-06-02 now - = -"]);
}

/// What the amounts leave beyond units times price is the column of fees, where a file has one.
#[test]
fn costs_are_the_fees_that_files_state() {
    for (name, fees) in [
        ("schwab_transactions.csv", -3.30),
        ("robinhood_activity.csv", -0.10),
        ("ghostfolio_import.csv", -19.0),
        ("portfolio_performance_portfolio_transactions_de.csv", 0.0),
    ] {
        let account = &statement(&sample(name)).accounts[0];
        assert!(account.trade_costs.iter().all(|cost| cost.kind == FlowKind::Fee), "{name}");
        let costs: f64 = account.trade_costs.iter().map(|cost| cost.amount).sum();
        assert!((costs - fees).abs() < 1e-9, "{name}: {costs}");
    }
}
