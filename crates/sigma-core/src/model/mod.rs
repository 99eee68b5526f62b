//! What the engines talk about. Plain data with public fields; a field is private only where a constructor
//! protects an invariant.

mod book;
mod factor;
mod instrument;
mod issue;
mod market;
mod option_root;
mod portfolio;
mod result;
mod scenario;
mod symbol;
mod tag;
mod trade;

pub use book::*;
pub use factor::*;
pub use instrument::*;
pub use issue::*;
pub use market::*;
pub use option_root::*;
pub use portfolio::*;
pub use result::*;
pub use scenario::*;
pub use symbol::*;
pub use tag::*;
pub use trade::*;
