//! FIX 4.4: one NewOrderSingle (35=D) an order.
//!
//! # Form
//! `8=FIX.4.4 | 9=length | body | 10=checksum`, every field `tag=value` ended by SOH (byte 1). The length counts the bytes
//! after the SOH of field 9 up to and with the SOH before field 10; the checksum is the sum of all bytes before field 10,
//! modulo 256, in three digits.
//!
//! # Fields
//! Header 35, 49, 56, 34, 52. Order 11; 1 where an account is given; 55; 54 (BUY and COVER 1, SELL 2, SHORT 5, for options
//! 2); 60; 38, or 152 for an order in dollars; 40 (1 market, 2 limit) with 44; 59=0 (day); 77 on every option order and on
//! COVER (BUY and SHORT open, O; SELL and COVER close, C). Options: 55 the root, 461 and 167=OPT, 200 and 541 maturity, 202 strike. 201
//! (0 put, 1 call) is what many brokers read; it is no field of the 4.4 dictionary, so it can be left out.
//!
//! # References
//! FIX Protocol Ltd., *Financial Information Exchange Protocol, Version 4.4* (2003), volumes 1 and 4.
//!
//! # Verified by
//! A published message of another sender (length and checksum), and messages taken apart again, below.

use chrono::{DateTime, Utc};
use sigma_core::model::{OptionKind, TradeAction};

use super::{Order, Size};

const SOH: char = '\u{1}';

/// What is the same for all messages of an export.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// Tag 49.
    pub sender: String,
    /// Tag 56.
    pub target: String,
    /// Tag 1.
    pub account: Option<String>,
    /// Tags 52 and 60.
    pub now: DateTime<Utc>,
    /// Leaves out tag 201.
    pub is_strict: bool,
}

/// The message of an order; `sequence` is tag 34.
pub fn message(order: &Order, session: &Session, sequence: usize) -> String {
    let time = session.now.format("%Y%m%d-%H:%M:%S").to_string();
    let mut fields: Vec<(u16, String)> = vec![
        (35, "D".to_owned()),
        (49, session.sender.clone()),
        (56, session.target.clone()),
        (34, sequence.to_string()),
        (52, time.clone()),
        (11, order.id.clone()),
    ];
    fields.extend(session.account.clone().map(|account| (1, account)));
    fields.extend(instrument(order, session.is_strict));
    let (side, effect) = side(order);
    fields.push((54, side.to_owned()));
    fields.push((60, time));
    fields.push(match order.size {
        Size::Units(units) => (38, units.to_string()),
        Size::Dollars(dollars) => (152, dollars.to_string()),
    });
    match order.limit_price {
        Some(price) => fields.extend([(40, "2".to_owned()), (44, price.to_string())]),
        None => fields.push((40, "1".to_owned())),
    }
    fields.push((59, "0".to_owned()));
    fields.extend(effect.map(|effect| (77, effect.to_owned())));
    framed("FIX.4.4", &fields)
}

fn instrument(order: &Order, is_strict: bool) -> Vec<(u16, String)> {
    let Some(option) = &order.option else { return vec![(55, order.symbol.clone())] };
    let (right, cfi) = match option.kind {
        OptionKind::Put => ("0", "OPXXXX"),
        OptionKind::Call => ("1", "OCXXXX"),
    };
    let mut fields = vec![
        (55, option.root.clone()),
        (461, cfi.to_owned()),
        (167, "OPT".to_owned()),
        (200, option.expiry.format("%Y%m").to_string()),
        (541, option.expiry.format("%Y%m%d").to_string()),
    ];
    if !is_strict {
        fields.push((201, right.to_owned()));
    }
    fields.push((202, option.strike.to_string()));
    fields
}

/// Tags 54 and 77.
fn side(order: &Order) -> (&'static str, Option<&'static str>) {
    let is_option = order.option.is_some();
    let side = match order.action {
        TradeAction::Buy | TradeAction::Cover => "1",
        // Selling short is a rule of shares; an option is sold to open.
        TradeAction::Short if !is_option => "5",
        TradeAction::Sell | TradeAction::Short => "2",
    };
    let effect = if order.action.only_closes() { "C" } else { "O" };
    (side, Some(effect).filter(|_| is_option || order.action == TradeAction::Cover))
}

/// A message with its length and checksum.
fn framed(begin: &str, fields: &[(u16, String)]) -> String {
    let body: String = fields.iter().map(|(tag, value)| format!("{tag}={value}{SOH}")).collect();
    let message = format!("8={begin}{SOH}9={}{SOH}{body}", body.len());
    let sum: u32 = message.bytes().map(u32::from).sum();
    format!("{message}10={:03}{SOH}", sum % 256)
}

/// The message with bars for SOH, for people; length and checksum are those of the message itself.
pub fn readable(message: &str) -> String {
    message.replace(SOH, "|")
}

#[cfg(test)]
mod tests {
    use super::super::orders;
    use super::super::tests::trade;
    use super::*;

    fn session(is_strict: bool) -> Session {
        let now = "2025-07-01T12:00:00Z".parse().unwrap();
        Session { sender: "SIGMASIGHT".into(), target: "BROKER".into(), account: None, now, is_strict }
    }

    fn written(symbol: &str, action: TradeAction, price: Option<f64>, is_strict: bool) -> String {
        let mut one = trade(symbol, action, Some(100.0), None);
        one.price = price;
        let orders = orders(&[one], "T").unwrap();
        readable(&message(&orders[0], &session(is_strict), 1))
    }

    /// The execution report that introductions to the protocol show.
    #[test]
    fn length_and_checksum_are_those_of_a_published_message() {
        let text = "35=8|49=PHLX|56=PERS|52=20071123-05:30:00.000|11=ATOMNOCCC9990900|20=3|150=E|39=E|55=MSFT|167=CS|\
                    54=1|38=15|40=2|44=15|58=PHLX EQUITY TESTING|59=0|47=C|32=0|31=0|151=15|14=0|6=0";
        let fields: Vec<(u16, String)> = text
            .split('|')
            .map(|field| field.split_once('=').unwrap())
            .map(|(tag, value)| (tag.parse().unwrap(), value.to_owned()))
            .collect();
        let message = readable(&framed("FIX.4.2", &fields));
        assert!(message.starts_with("8=FIX.4.2|9=178|35=8|"), "{message}");
        assert!(message.ends_with("|6=0|10=128|"), "{message}");
    }

    #[test]
    fn shares_and_options_have_their_fields() {
        let head = "35=D|49=SIGMASIGHT|56=BROKER|34=1|52=20250701-12:00:00|11=T-0001|";
        for (symbol, action, price, strict, body) in [
            ("AAPL", TradeAction::Buy, None, false, "55=AAPL|54=1|60=20250701-12:00:00|38=100|40=1|59=0|"),
            (
                "BRK.B",
                TradeAction::Short,
                Some(480.5),
                false,
                "55=BRK.B|54=5|60=20250701-12:00:00|38=100|40=2|44=480.5|59=0|",
            ),
            (
                "SPY250919P00462500",
                TradeAction::Short,
                Some(0.05),
                false,
                "55=SPY|461=OPXXXX|167=OPT|200=202509|541=20250919|201=0|202=462.5|54=2|60=20250701-12:00:00|38=100|40=2|44=0.05|59=0|77=O|",
            ),
            (
                "-AAPL250815P200",
                TradeAction::Buy,
                None,
                false,
                "55=AAPL|461=OPXXXX|167=OPT|200=202508|541=20250815|201=0|202=200|54=1|60=20250701-12:00:00|38=100|40=1|59=0|77=O|",
            ),
            (
                "SPY250919C00460000",
                TradeAction::Cover,
                None,
                true,
                "55=SPY|461=OCXXXX|167=OPT|200=202509|541=20250919|202=460|54=1|60=20250701-12:00:00|38=100|40=1|59=0|77=C|",
            ),
            (
                "SPY250919C00460000",
                TradeAction::Buy,
                None,
                true,
                "55=SPY|461=OCXXXX|167=OPT|200=202509|541=20250919|202=460|54=1|60=20250701-12:00:00|38=100|40=1|59=0|77=O|",
            ),
            (
                "SPY250919C00460000",
                TradeAction::Sell,
                None,
                true,
                "55=SPY|461=OCXXXX|167=OPT|200=202509|541=20250919|202=460|54=2|60=20250701-12:00:00|38=100|40=1|59=0|77=C|",
            ),
        ] {
            let message = written(symbol, action, price, strict);
            let (before, checksum) = message.rsplit_once("10=").unwrap();
            let (_, rest) = before.split_once("|9=").unwrap();
            let (length, found) = rest.split_once('|').unwrap();
            assert_eq!(found, format!("{head}{body}"), "{symbol}");
            assert_eq!(length, found.len().to_string());
            let sum: u32 = before.bytes().map(|b| if b == b'|' { 1 } else { u32::from(b) }).sum();
            assert_eq!(checksum, format!("{:03}|", sum % 256));
        }
    }

    #[test]
    fn dollars_are_a_field_of_their_own() {
        let orders = orders(&[trade("SPY", TradeAction::Buy, None, Some(2_500.0))], "T").unwrap();
        let message = readable(&message(&orders[0], &session(false), 7));
        assert!(message.contains("|34=7|") && message.contains("|152=2500|"), "{message}");
        assert!(!message.contains("|38="), "{message}");
    }
}
