//! SQLite and PostgreSQL storage of the SigmaSight tools
