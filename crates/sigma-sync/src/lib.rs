//! Bring market data into the database
