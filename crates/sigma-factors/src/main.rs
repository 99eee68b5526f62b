//! `sigma-factors`: see the library for what it reads and writes.

fn main() -> std::process::ExitCode {
    sigma_cli::main_with(sigma_factors::run)
}
