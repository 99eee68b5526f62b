//! Trades as CSV: `symbol,action,quantity|dollars,price,tag`.
//!
//! Column names and actions have aliases; everything that is wrong with a file is told at once.

use std::io::Read;

use sigma_core::model::{Trade, TradeAction, TradeProblem, traded_symbol};
use sigma_core::notation::{self, SymbolError};

use crate::cell::Cell;
use crate::document::Document;
use crate::exit::{ExitStatus, fail};
use crate::table::{Column, Table};

/// Columns with their other names; compared in lower case with `_` for spaces and hyphens.
const COLUMNS: [(&str, &[&str]); 6] = [
    ("symbol", &["ticker", "instrument", "security"]),
    ("action", &["side", "transaction", "trade"]),
    ("quantity", &["qty", "shares", "contracts", "units"]),
    ("dollars", &["amount", "usd", "dollar_amount", "exposure"]),
    ("price", &["limit", "limit_price", "price_usd"]),
    ("tag", &["tags", "label", "strategy"]),
];

const ACTIONS: [(TradeAction, &[&str]); 4] = [
    (TradeAction::Buy, &["buy", "b", "bto", "buy_to_open", "bought"]),
    (TradeAction::Sell, &["sell", "s", "stc", "sell_to_close", "sold"]),
    (TradeAction::Short, &["short", "ss", "sto", "sell_short", "sell_to_open"]),
    (TradeAction::Cover, &["cover", "c", "btc", "buy_to_cover", "buy_to_close"]),
];

const TRADES_HINT: &str =
    "the heading is symbol,action,quantity,dollars,price,tag: symbol, action and one of quantity and dollars";

/// The readable trades of a file, and what is wrong with the others.
pub fn read_trades(mut input: impl Read) -> anyhow::Result<(Vec<Trade>, Vec<TradeProblem>)> {
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes).map_err(|error| unreadable(error.into()))?;
    let mut builder = csv::ReaderBuilder::new();
    let mut reader = builder.flexible(true).trim(csv::Trim::All).comment(Some(b'#')).from_reader(&*bytes);
    let heading = reader.headers().map_err(unreadable)?.clone();
    let (places, mut problems) = places(&heading);
    let mut trades = Vec::new();
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        let row = record.position().map_or(0, |position| row_at(&bytes, position.byte() as usize));
        if record.iter().all(str::is_empty) {
            continue;
        }
        if let Some(problem) = surplus(&heading, &record, row) {
            problems.push(problem);
            continue;
        }
        match places.trade(&record, row) {
            Ok(trade) => trades.push(trade),
            Err(found) => problems.extend(found),
        }
    }
    if trades.is_empty() && problems.is_empty() {
        return Err(fail(ExitStatus::Usage, "the file holds no trade", TRADES_HINT));
    }
    Ok((trades, problems))
}

/// The line of a record that the reader says to begin at `byte`: blank lines and comments before it count for the reader
/// as its own.
fn row_at(bytes: &[u8], byte: usize) -> usize {
    let (before, rest) = bytes.split_at(byte.min(bytes.len()));
    let is_skipped = |line: &&[u8]| line.trim_ascii().is_empty() || line.starts_with(b"#");
    let skipped = rest.split(|byte| *byte == b'\n').take_while(is_skipped).count();
    before.iter().filter(|byte| **byte == b'\n').count() + skipped + 1
}

fn unreadable(error: csv::Error) -> anyhow::Error {
    fail(ExitStatus::Usage, format!("the trades cannot be read: {error}"), TRADES_HINT)
}

/// Text behind the last column: nobody says what it is, and most often it is a number that its comma cut in two.
fn surplus(heading: &csv::StringRecord, record: &csv::StringRecord, row: usize) -> Option<TradeProblem> {
    let behind: Vec<&str> = record.iter().skip(heading.len()).collect();
    if behind.iter().all(|field| field.is_empty()) {
        return None;
    }
    let is_digits = |field: &&str| !field.is_empty() && field.bytes().all(|byte| byte.is_ascii_digit());
    let fields: Vec<&str> = record.iter().collect();
    let leads = |field: &str| (1..=3).contains(&field.len()) && is_digits(&field.trim_start_matches('$'));
    let cut = fields.windows(2).find(|pair| {
        let rest = pair[1].split('.').next().unwrap_or_default();
        leads(pair[0]) && rest.len() == 3 && is_digits(&rest)
    });
    let remedy = match cut {
        Some(pair) => {
            let (first, rest) = (pair[0], pair[1]);
            format!("if {first},{rest} is one number, write {first}{rest} or \"{first},{rest}\" in quotes")
        }
        None => "leave it out, or put a text with commas in quotes".to_owned(),
    };
    let told = format!("{} fields under {} columns", record.len(), heading.len());
    Some(at_row(row, "", &behind.join(","), &told, &remedy))
}

/// Which column of the file holds what.
struct Places([Option<usize>; 6]);

fn places(heading: &csv::StringRecord) -> (Places, Vec<TradeProblem>) {
    let mut places = Places([None; 6]);
    let mut problems = Vec::new();
    for (at, name) in heading.iter().enumerate() {
        let plain = plain(name.trim_start_matches('\u{feff}'));
        let found = COLUMNS.iter().position(|(known, others)| *known == plain || others.contains(&&*plain));
        match found {
            Some(known) if places.0[known].is_none() => places.0[known] = Some(at),
            Some(known) => {
                problems.push(at_row(1, COLUMNS[known].0, name, "a second column of this kind", "leave one"))
            }
            None if name.is_empty() => {}
            None => problems.push(at_row(1, name, name, "not a column of trades", TRADES_HINT)),
        }
    }
    for known in [0, 1].into_iter().filter(|known| places.0[*known].is_none()) {
        problems.push(at_row(1, COLUMNS[known].0, "", "the column is missing", TRADES_HINT));
    }
    (places, problems)
}

/// Lower case, `_` for what separates words.
fn plain(text: &str) -> String {
    text.trim().to_lowercase().replace([' ', '-'], "_")
}

impl Places {
    fn trade(&self, record: &csv::StringRecord, row: usize) -> Result<Trade, Vec<TradeProblem>> {
        let text = |known: usize| self.0[known].and_then(|at| record.get(at)).unwrap_or_default();
        let mut problems = Vec::new();
        let mut number = |known: usize| match text(known) {
            "" => None,
            text => number_of(text).or_else(|| {
                let remedy = "write it plainly, such as 1250.5";
                problems.push(at_row(row, COLUMNS[known].0, text, "not a number", remedy));
                None
            }),
        };
        let (quantity, dollars, price) = (number(2), number(3), number(4));
        let symbol = symbol_of(text(0)).unwrap_or_else(|error| {
            if self.0[0].is_some() {
                problems.push(at_row(row, "symbol", text(0), &told(&error), error.remedy()));
            }
            String::new()
        });
        let action = action_of(text(1));
        if action.is_none() && self.0[1].is_some() {
            problems.push(at_row(row, "action", text(1), "not an action", "use BUY, SELL, SHORT or COVER"));
        }
        match action {
            Some(action) if problems.is_empty() && self.0[0].is_some() => Ok(Trade {
                row,
                symbol,
                action,
                quantity,
                dollars,
                price,
                tag: Some(text(5)).filter(|tag| !tag.is_empty()).map(str::to_owned),
            }),
            _ => Err(problems),
        }
    }
}

/// A symbol that cannot be one by its letters may be that of a private asset that is held: who knows the book tells.
fn symbol_of(text: &str) -> Result<String, SymbolError> {
    match notation::symbol(text) {
        Err(SymbolError::Malformed(_)) => Ok(traded_symbol(text)),
        read => read,
    }
}

/// The value stands in a column of its own.
fn told(error: &SymbolError) -> String {
    match error {
        SymbolError::Missing => "no symbol".to_owned(),
        SymbolError::Malformed(_) => "not a symbol".to_owned(),
        SymbolError::OptionLike(_) => "looks like an option symbol and is none".to_owned(),
        SymbolError::Contract { error, .. } => format!("looks like an option: {error}"),
    }
}

fn action_of(text: &str) -> Option<TradeAction> {
    let plain = plain(text);
    ACTIONS.iter().find(|(_, names)| names.contains(&&*plain)).map(|(action, _)| *action)
}

/// A finite number; a dollar sign in front and commas between groups of three digits are understood.
fn number_of(text: &str) -> Option<f64> {
    let plain = text.trim_start_matches('$');
    let mut groups = plain.split('.').next().unwrap_or_default().trim_start_matches('-').split(',');
    let leads = groups.next().is_some_and(|first| !plain.contains(',') || (1..=3).contains(&first.len()));
    if !leads || !groups.all(|group| group.len() == 3) {
        return None;
    }
    // Adding zero turns a negative zero into zero.
    plain.replace(',', "").parse().ok().filter(|number: &f64| number.is_finite()).map(|number| number + 0.0)
}

fn at_row(row: usize, column: &str, value: &str, problem: &str, remedy: &str) -> TradeProblem {
    TradeProblem {
        row,
        column: column.to_owned(),
        value: value.to_owned(),
        problem: problem.to_owned(),
        remedy: remedy.to_owned(),
    }
}

/// How many problems there are, in words.
pub fn problem_count(problems: &[TradeProblem]) -> String {
    match problems.len() {
        1 => "1 problem".to_owned(),
        n => format!("{n} problems"),
    }
}

/// Everything that is wrong, by row.
pub fn problems_document(problems: &[TradeProblem], source: &str) -> Document {
    let mut sorted: Vec<&TradeProblem> = problems.iter().collect();
    sorted.sort_by_key(|problem| problem.row);
    let mut table = Table::new(vec![
        Column::number("row", "Row"),
        Column::text("column", "Column"),
        Column::text("value", "Value"),
        Column::text("problem", "Problem"),
        Column::text("remedy", "Remedy"),
    ]);
    for problem in sorted {
        table.push(vec![
            Cell::Int(problem.row as i64),
            Cell::text(&problem.column),
            Cell::text(&problem.value),
            Cell::text(&problem.problem),
            Cell::text(&problem.remedy),
        ]);
    }
    Document::single(table).title(format!("Problems in {source}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_and_actions_have_other_names() {
        let text = "\u{feff}Side,Ticker,Qty,Amount,Limit price\nbuy to open,spy   250919C00460000,2,,\nSell Short,brk.b,,\"$1,250.50\",10\n";
        let (trades, problems) = read_trades(text.as_bytes()).unwrap();
        assert_eq!(problems, []);
        assert_eq!(trades[0].symbol, "SPY250919C00460000");
        assert_eq!((trades[0].row, trades[0].action, trades[0].quantity), (2, TradeAction::Buy, Some(2.0)));
        assert_eq!(
            (trades[1].row, trades[1].action, trades[1].dollars),
            (3, TradeAction::Short, Some(1250.5))
        );
        assert_eq!(trades[1].price, Some(10.0));
    }

    #[test]
    fn options_are_read_in_every_notation() {
        let symbols = ["AAPL250815P210", "-AAPL250815P210", "AAPL 15AUG25 210 P", "AAPL 08/15/2025 210.00 P"];
        let rows: String = symbols.iter().map(|symbol| format!("{symbol},BUY,2,3.5\n")).collect();
        let (trades, problems) = read_trades(format!("symbol,action,qty,price\n{rows}").as_bytes()).unwrap();
        assert_eq!(problems, []);
        assert!(trades.iter().all(|trade| trade.symbol == "AAPL250815P00210000"), "{trades:?}");

        let text =
            "symbol,action,qty,price\nAAPL260116,BUY,1,5\n-AAPL250815P,BUY,1,5\nAAPL250815P0,BUY,1,5\n";
        let (trades, problems) = read_trades(text.as_bytes()).unwrap();
        assert_eq!(trades, []);
        let values: Vec<&str> = problems.iter().map(|problem| problem.value.as_str()).collect();
        assert_eq!(values, ["AAPL260116", "-AAPL250815P", "AAPL250815P0"]);
        assert!(problems.iter().all(|p| p.column == "symbol" && p.problem.contains("looks like an option")));
    }

    #[test]
    fn everything_wrong_is_told() {
        let text =
            "symbol,action,qty,shares,colour\n,BUY,1,,\nA,HOLD,many,,\n\nB,SELL,\"1,00\",,\nC,SELL,inf,,\n";
        let (trades, problems) = read_trades(text.as_bytes()).unwrap();
        assert_eq!(trades, []);
        let told: Vec<(usize, &str, &str)> =
            problems.iter().map(|p| (p.row, p.column.as_str(), p.value.as_str())).collect();
        let expected = [
            (1, "quantity", "shares"),
            (1, "colour", "colour"),
            (2, "symbol", ""),
            (3, "quantity", "many"),
            (3, "action", "HOLD"),
            (5, "quantity", "1,00"),
            (6, "quantity", "inf"),
        ];
        assert_eq!(told, expected);
        let text =
            "symbol,action,quantity\nAAPL,BUY,1,000\nMSFT,SELL,2,,\nIBM,BUY,$1,250.50,x\nT,BUY,1,note\n";
        let (trades, problems) = read_trades(text.as_bytes()).unwrap();
        assert_eq!(trades.len(), 1, "empty fields behind the last column are none: {trades:?}");
        let told: Vec<(usize, &str, &str)> =
            problems.iter().map(|p| (p.row, p.value.as_str(), p.remedy.as_str())).collect();
        let remedies = [
            "if 1,000 is one number, write 1000 or \"1,000\" in quotes",
            "if $1,250.50 is one number, write $1250.50 or \"$1,250.50\" in quotes",
            "leave it out, or put a text with commas in quotes",
        ];
        let expected = [(2, "000", remedies[0]), (4, "250.50,x", remedies[1]), (5, "note", remedies[2])];
        assert_eq!(told, expected);
        let (_, missing) = read_trades("ticker\nA\n".as_bytes()).unwrap();
        assert_eq!(missing[0].column, "action");
        assert!(read_trades("symbol,action,quantity\n".as_bytes()).is_err());
    }
}
