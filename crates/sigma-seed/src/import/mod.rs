//! Files of brokers and trackers, from bytes to what is written.
//!
//! `source` reads the file and what it says of itself; `accounts` decides which account goes into which portfolio;
//! `activity` tells what files of transactions cannot know; `spared` what errors leave alone; `holdings` turns an account
//! into rows that can be compared with a book, `flows` its money into entries of the ledger, `values` what private assets
//! are worth into prices; `plan` compares and lists what is to be written; `findings` collects everything that is wrong or doubtful on the way; `preview` and `readiness` show it;
//! `export` writes a book back into the template.

pub mod accounts;
pub mod activity;
pub mod export;
pub mod findings;
pub mod flows;
pub mod holdings;
pub mod plan;
pub mod preview;
pub mod readiness;
pub mod source;
pub mod spared;
pub mod values;
