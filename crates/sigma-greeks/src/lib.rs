//! Option Greeks per instrument, from volatility to delta-dollars
