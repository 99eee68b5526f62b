//! Test support: private PostgreSQL server, demo-market generator, golden comparison
