//! Check books, history, data quality and runs
