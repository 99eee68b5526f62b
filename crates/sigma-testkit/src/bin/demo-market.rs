//! Writes the demo market, or checks that the committed files are what it would write.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use sigma_testkit::demo_market::{DemoMarket, GeneratedFile};

const USAGE: &str = "usage: demo-market --check|--write DIR";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "demo-market: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> anyhow::Result<bool> {
    let [mode, folder] = arguments else { bail!(USAGE) };
    let files = DemoMarket::generate()?.files();
    match mode.as_str() {
        "--write" => write(&files, Path::new(folder)).map(|()| true),
        "--check" => Ok(check(&files, Path::new(folder))),
        _ => bail!(USAGE),
    }
}

fn write(files: &[GeneratedFile], folder: &Path) -> anyhow::Result<()> {
    for file in files {
        let path = folder.join(file.path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).with_context(|| format!("create {}", parent.display()))?;
        }
        std::fs::write(&path, &file.contents).with_context(|| format!("write {}", path.display()))?;
    }
    Ok(())
}

/// Whether every file is on disk byte for byte; names those that are not.
fn check(files: &[GeneratedFile], folder: &Path) -> bool {
    let differing: Vec<&str> = files
        .iter()
        .filter(|file| {
            std::fs::read(folder.join(file.path)).ok().as_deref() != Some(file.contents.as_bytes())
        })
        .map(|file| file.path)
        .collect();
    for path in &differing {
        let _ = writeln!(std::io::stderr(), "differs: {}", folder.join(path).display());
    }
    differing.is_empty()
}
