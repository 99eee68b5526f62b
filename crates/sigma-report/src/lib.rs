//! Snapshots and the daily portfolio report
