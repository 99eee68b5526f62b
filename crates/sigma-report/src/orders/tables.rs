//! Orders as tables: the columns that trade files have, and all that is known of each order.

use sigma_cli::{Cell, Column, Table};

use super::Order;
use crate::report::number;

/// The columns of a trade file, so that what is exported can be read again.
pub fn trades(orders: &[Order]) -> Table {
    let mut table = Table::new(vec![
        Column::text("symbol", "Symbol"),
        Column::text("action", "Action"),
        number("quantity", "Quantity"),
        number("dollars", "Dollars"),
        number("price", "Price"),
        Column::text("tag", "Tag"),
    ]);
    for order in orders {
        table.push(vec![
            Cell::text(&order.symbol),
            Cell::text(order.action.as_str()),
            Cell::or_blank(order.quantity(), |units| Cell::number(units, 4)),
            Cell::or_blank(order.dollars(), Cell::Money),
            Cell::or_blank(order.limit_price, |price| Cell::number(price, 4)),
            Cell::or_blank(order.tag.as_deref(), Cell::text),
        ]);
    }
    table
}

/// The same with ids, order types and the terms of options.
pub fn full(orders: &[Order]) -> Table {
    let mut table = Table::new(vec![
        Column::text("order_id", "Order"),
        Column::text("symbol", "Symbol"),
        Column::text("action", "Action"),
        number("quantity", "Quantity"),
        number("dollars_usd", "Dollars"),
        Column::text("order_type", "Order type"),
        number("limit_price_usd", "Limit price"),
        Column::text("time_in_force", "Time in force"),
        Column::text("tag", "Tag"),
        Column::text("underlying", "Root"),
        Column::text("expiry", "Expiry"),
        Column::text("right", "Right"),
        number("strike_usd", "Strike"),
    ]);
    for order in orders {
        let option = order.option.as_ref();
        table.push(vec![
            Cell::text(&order.id),
            Cell::text(&order.symbol),
            Cell::text(order.action.as_str()),
            Cell::or_blank(order.quantity(), |units| Cell::number(units, 4)),
            Cell::or_blank(order.dollars(), Cell::Money),
            Cell::text(if order.limit_price.is_some() { "limit" } else { "market" }),
            Cell::or_blank(order.limit_price, |price| Cell::number(price, 4)),
            Cell::text("day"),
            Cell::or_blank(order.tag.as_deref(), Cell::text),
            Cell::or_blank(option.map(|occ| occ.root.as_str()), Cell::text),
            Cell::or_blank(option.map(|occ| occ.expiry), Cell::Date),
            Cell::or_blank(option.map(|occ| occ.kind.as_str()), Cell::text),
            Cell::or_blank(option.map(|occ| occ.strike), Cell::Money),
        ]);
    }
    table
}
