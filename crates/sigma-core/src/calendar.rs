//! Exchange sessions.
