//! The tool end to end, on a small hand-made book and on the demo books.

mod agreement;
mod book;
mod demo;
mod engines;
mod generate;
mod lists;
mod schema;
mod snapshot;
mod tool;
mod what_if;
