//! Seed users, portfolios, positions, tags and cash
