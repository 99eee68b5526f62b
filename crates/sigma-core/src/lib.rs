//! Models and analytics of daily portfolio risk.
//!
//! Every result is a function of its arguments: the as-of date, the prices, the positions all come in, and
//! numbers with their reasons go out.
//!
//! # What this crate does not do
//! It opens no file and no socket, reads no clock and no environment, prints nothing, and knows no database.
//!
//! # Map
//! - [`model`]: instruments, positions, prices, factors, scenarios, and the reasons a number can be missing.
//! - [`calendar`]: exchange sessions; every window in the workspace counts them.
//! - [`notation`], [`dates`]: symbols, option contracts and dates as people and brokers write them.
//! - [`analytics`]: the engines, one subject a file.

pub mod analytics;
pub mod calendar;
pub mod dates;
pub mod model;
pub mod notation;
