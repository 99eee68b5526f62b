//! `sigma-validate`: see the library for what it reads and writes.

fn main() {}
