//! Stress scenarios and market-risk shocks
