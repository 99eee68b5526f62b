//! Keys are never told: not in a message, an answer, a file or the database, however careless the code is.

use std::path::Path;
use std::process::{Command, Output};

use clap::Parser;
use secrecy::ExposeSecret;
use sigma_cli::{
    App, Cell, Column, Document, ExitStatus, Key, OutputArgs, RunTotals, Table, write_file_atomically,
};
use sigma_core::model::{Issue, Reason};
use sigma_store::Store;

use super::{output, tool};

/// The keys of the tool, as careless code would put them into a text.
pub(super) fn leaked(app: &App) -> String {
    let keys = Key::ALL.iter().filter_map(|key| app.settings.secret(*key));
    keys.map(|key| format!("?k={0}&k={1}", key.expose_secret(), key.expose_secret().replace('+', "%2B")))
        .collect()
}

/// Says every key on every way there is.
pub(super) async fn leak(app: &App) -> anyhow::Result<ExitStatus> {
    let leaked = leaked(app);
    app.note(&leaked);
    app.record("leaked", &leaked);
    app.tell_issues(&[Issue::error(&leaked, Reason::NoPrice, &leaked)]);
    let mut table = Table::new(vec![Column::text("leaked", &leaked)]);
    table.push(vec![Cell::text(&leaked)]);
    let document = Document::single(table).title(&leaked).note(&leaked);
    for format in ["table", "json", "csv", "md"] {
        let file = format!("answer.{format}");
        for line in [vec!["x", "--format", format], vec!["x", "--format", format, "-o", &file]] {
            app.write(&Answer::try_parse_from(line)?.output, &document)?;
        }
    }
    write_file_atomically(Path::new("report.html"), leaked.as_bytes())?;
    Store::migrate(app.settings.database_url()).await?;
    let mut store = app.open_store().await?;
    let parameters = serde_json::json!({ "url": leaked, "list": [leaked] });
    let run = app.begin_run(&mut store, "run", None, parameters).await?;
    let work: anyhow::Result<RunTotals> =
        Err(anyhow::anyhow!("inner {leaked}").context(format!("outer {leaked}")));
    app.end_run(&mut store, run, work).await
}

#[derive(Debug, Parser)]
struct Answer {
    #[command(flatten)]
    output: OutputArgs,
}

/// A key from each source; the plus sign makes encoded forms differ.
const CANARIES: [&str; 3] = ["CANARY+env+1f0c", "CANARY+file+77ab", "CANARY+toml+e2d4"];

fn with_canaries(folder: &Path, line: &str) -> Command {
    std::fs::write(folder.join("key"), format!("{}\n", CANARIES[1])).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(folder.join("key"), std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .unwrap();
    std::fs::write(folder.join("sigma.toml"), format!("tiingo_api_key = \"{}\"\n", CANARIES[2])).unwrap();
    let mut command = tool(folder, line);
    command.env("SIGMA_POLYGON_API_KEY", CANARIES[0]).env("SIGMA_FMP_API_KEY_FILE", "key");
    command
}

/// The text with all that encodings do to a canary undone, in capitals.
fn plain(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).to_uppercase().replace("%2B", "+")
}

pub(super) fn keys_are_never_told(folder: &Path) {
    for (line, code) in [("run -v --end leak", 1), ("run --end leak-panic", 1), ("run", 0), ("show", 0)] {
        let Output { status, stdout, stderr } = with_canaries(folder, line).output().unwrap();
        assert_eq!(status.code(), Some(code), "{line}: {}", plain(&stderr));
        for stream in [&stdout, &stderr] {
            assert!(!plain(stream).contains("CANARY"), "{line}: {}", plain(stream));
        }
        if line.contains("leak") {
            let shown = "?k=***&k=***".repeat(3);
            assert!(String::from_utf8(stderr).unwrap().contains(&shown), "{line}");
        }
    }
    let mut searched = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let (name, text) =
            entry.map(|entry| (entry.file_name(), plain(&std::fs::read(entry.path()).unwrap()))).unwrap();
        let is_source = name == "key" || name == "sigma.toml";
        assert_eq!(text.contains("CANARY"), is_source, "{name:?}");
        searched += usize::from(!is_source && text.contains("?K=***&K=***"));
    }
    assert_eq!(searched, 6, "four answers, the report and the database");
    let pasted =
        with_canaries(folder, "show").env("SIGMA_FRED_API_KEY", "CANARY-a\nCANARY-b").output().unwrap();
    assert_eq!(pasted.status.code(), Some(2));
    let told = String::from_utf8(pasted.stderr).unwrap();
    assert!(told.contains("SIGMA_FRED_API_KEY") && !told.contains("CANARY"), "{told}");
    std::fs::write(folder.join("sigma.toml"), "fmp_api_key = CANARY").unwrap();
    let (code, _, told) = output(folder, "show");
    assert!(code == Some(2) && !told.contains("CANARY"), "{told}");
}

#[cfg(unix)]
pub(super) fn open_file_of_settings(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join("sigma.toml");
    for (text, mode, told) in [
        ("fmp_api_key = \"CANARY-1234\"", 0o644, "Some(\"sigma.toml\")"),
        ("fmp_api_key = \"CANARY-1234\"", 0o600, "None"),
        ("fmp_limit = \"5/min\"", 0o644, "None"),
    ] {
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let (code, _, stderr) = output(folder, "run --end loose");
        assert!(code == Some(0) && stderr.starts_with(&format!("sigma-test: {told}\n")), "{stderr}");
    }
}

#[cfg(not(unix))]
pub(super) fn open_file_of_settings(_: &Path) {}
