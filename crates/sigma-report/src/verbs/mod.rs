//! One file a verb.

pub mod export;
pub mod exposures;
mod exposures_what_if;
pub mod generate;
pub mod performance;
pub mod positions;
pub mod schema;
pub mod show;
pub mod snapshot;
mod stored_dates;
