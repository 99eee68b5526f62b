//! `env`: every line against a server on this machine, and no key in any of them.

use std::process::Output;
use std::time::Duration;

use sigma_cli::RunLock;
use sigma_core::calendar::Calendar;
use sigma_testkit::demo_store::DemoStore;
use sigma_testkit::fake::market::{Listing, series};
use sigma_testkit::fake::{Exchange, Provider, Reply, Request, Server};

use crate::{code, command, date, json, row, stderr, stdout, tool};

/// Found nowhere in what the tool prints.
const CANARY: &str = "canary-4f1c9b7e";

fn exchange() -> Exchange {
    let sessions = Calendar::nyse().sessions_between(date("2025-06-02"), date("2025-06-30")).unwrap();
    Exchange::new()
        .list(Listing::new("SPY", &series("SPY", &sessions)))
        .require_key(Provider::Polygon, CANARY)
        .require_key(Provider::Fmp, CANARY)
}

/// A plan with prices and without options.
fn of_small_plan(request: &Request) -> Option<Reply> {
    let json = |status, body: &str| Some(Reply::json(status, body));
    match request.path.as_str() {
        "/v2/aggs/ticker/SPY/prev" => {
            json(200, r#"{"status":"OK","results":[{"T":"SPY","c":617.8,"t":1751313600000}]}"#)
        }
        path if path.starts_with("/v3/snapshot/options") => {
            json(403, r#"{"status":"NOT_AUTHORIZED","message":"You are not entitled to this data."}"#)
        }
        _ => None,
    }
}

fn ask(demo: &DemoStore, url: &str, polygon_key: &str, format: &str) -> Output {
    let output = command(demo, &["env", "--format", format])
        .env("SIGMA_STATE_DIR", demo.dir.path().join("state"))
        .env("SIGMA_POLYGON_API_KEY", polygon_key)
        .env("SIGMA_POLYGON_BASE_URL", url)
        .env("SIGMA_FRED_BASE_URL", url)
        .env("SIGMA_HTTP_TIMEOUT_SECONDS", "20")
        .output()
        .unwrap();
    assert!(!stdout(&output).contains(CANARY) && !stderr(&output).contains(CANARY), "{}", stdout(&output));
    output
}

#[tokio::test(flavor = "multi_thread")]
async fn env_tells_what_the_plan_of_a_good_key_includes() {
    let demo = DemoStore::books().await.unwrap();
    let exchange = exchange();
    let server =
        Server::start(move |request| of_small_plan(request).unwrap_or_else(|| exchange.reply(request)));
    let output = ask(&demo, &server.url(), CANARY, "json");
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
    let document = json(&output);
    let line = |check: &str| row(document["rows"].as_array().unwrap(), "check", check);
    assert_eq!(line("key polygon")["detail"], "set (not shown) (SIGMA_POLYGON_API_KEY)");
    assert_eq!(line("polygon: key")["status"], "ok");
    assert_eq!(line("polygon: daily prices")["detail"], "SPY closed at 617.8 on 2025-06-30");
    let options = line("polygon: option snapshots");
    assert_eq!(options["status"], "warn");
    assert!(options["detail"].as_str().unwrap().starts_with("PlanEndpoint (Polygon 403)"), "{options}");
    assert!(options["fix"].as_str().unwrap().contains("valued by their daily closes"), "{options}");
    assert_eq!(line("calendar ahead")["status"], "ok", "{}", line("calendar ahead"));
    // Four questions of the five that a minute allows.
    assert_eq!(line("budget polygon")["detail"], "left: 1 of 5 per minute");
    assert!(server.log().iter().all(|logged| !logged.target_contains(CANARY)), "the key is in an address");
}

#[tokio::test(flavor = "multi_thread")]
async fn env_has_a_code_for_a_refused_key_and_repeats_no_echo_of_it() {
    let demo = DemoStore::books().await.unwrap();
    let exchange = exchange();
    let server = Server::start(move |request| exchange.reply(request));
    let refused = ask(&demo, &server.url(), "another-key-of-mine", "json");
    assert_eq!(code(&refused), 4, "{}", stdout(&refused));
    let document = json(&refused);
    let key = row(document["rows"].as_array().unwrap(), "check", "polygon: key");
    assert_eq!(key["status"], "fail");
    assert!(key["detail"].as_str().unwrap().starts_with("Auth (Polygon 401)"), "{key}");
    assert!(key["fix"].as_str().unwrap().contains("SIGMA_POLYGON_API_KEY"), "{key}");

    let echo = Server::start(|request| {
        let sent = request.header("authorization").unwrap_or_default();
        Reply::json(401, format!(r#"{{"status":"ERROR","error":"Unknown API Key: {sent}"}}"#))
    });
    for format in ["table", "json", "csv", "md"] {
        let refused = ask(&demo, &echo.url(), CANARY, format);
        assert_eq!(code(&refused), 4, "{}", stdout(&refused));
        assert!(stdout(&refused).contains("Unknown API Key"), "{}", stdout(&refused));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn env_names_a_host_that_is_down() {
    let demo = DemoStore::books().await.unwrap();
    let url = Server::start(|_| Reply::text(200, "")).url();
    let down = ask(&demo, &url, CANARY, "json");
    assert_eq!(code(&down), 3, "{}", stdout(&down));
    let document = json(&down);
    let rows = document["rows"].as_array().unwrap();
    let line = row(rows, "check", "polygon: key, daily prices, option snapshots");
    assert_eq!(line["status"], "fail");
    let detail = line["detail"].as_str().unwrap();
    assert!(detail.starts_with("Transient (Polygon)") && detail.contains("127.0.0.1"), "{detail}");
    // Nobody asked for FRED: yields are missing without it, and no more than that.
    assert_eq!(row(rows, "check", "fred: Treasury yields")["status"], "warn");

    let offline =
        command(&demo, &["env", "--offline"]).env("SIGMA_POLYGON_API_KEY", CANARY).output().unwrap();
    assert_eq!(code(&offline), 0, "{}", stdout(&offline));
    assert!(!stdout(&offline).contains("polygon: key") && !stdout(&offline).contains(CANARY));
}

#[tokio::test(flavor = "multi_thread")]
async fn env_tells_one_line_a_check_and_its_remedy() {
    let demo = DemoStore::books().await.unwrap();
    let _held = RunLock::acquire(&demo.url, Duration::ZERO, "sigma-sync run").await.unwrap();
    let output = tool(&demo, &["env", "--offline"]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    let text = stdout(&output);
    assert!(text.contains("63 positions") && text.contains("there is nowhere to get prices from"), "{text}");
    assert!(text.contains("held by sigma-sync run"), "{text}");
    let missing = tool(&demo, &["env", "--offline", "--database-url", "sqlite:nothing.db"]);
    assert_eq!(code(&missing), 3);
    assert!(stdout(&missing).contains("sigma-seed migrate"), "{}", stdout(&missing));
    assert!(!demo.dir.path().join("nothing.db.lock.pid").exists(), "it looks, and leaves nothing behind");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn env_warns_of_keys_that_others_can_read_and_of_folders_without_files() {
    use std::os::unix::fs::PermissionsExt;
    let demo = DemoStore::books().await.unwrap();
    let file = demo.dir.path().join("sigma.toml");
    std::fs::write(&file, format!("fmp_api_key = \"{CANARY}\"\nprovider_path = \"empty\"\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::create_dir(demo.dir.path().join("empty")).unwrap();
    let output = tool(&demo, &["env", "--offline", "--format", "json"]);
    assert_eq!(code(&output), 3, "{}", stdout(&output));
    assert!(!stdout(&output).contains(CANARY));
    let document = json(&output);
    let line = |check: &str| row(document["rows"].as_array().unwrap(), "check", check);
    assert_eq!(line("permissions")["fix"], "chmod 600 sigma.toml");
    assert_eq!(line("key fmp")["detail"], "set (not shown) (sigma.toml)");
    assert_eq!(line("file: folder")["status"], "fail");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn env_tells_settings_that_stop_every_other_run() {
    use std::os::unix::fs::PermissionsExt;
    let demo = DemoStore::books().await.unwrap();
    let key = demo.dir.path().join("fmp.key");
    std::fs::write(&key, CANARY).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::write(demo.dir.path().join("sigma.toml"), "polygn_limit = \"5/min\"\n").unwrap();
    let with_key = |args: &[&str]| command(&demo, args).env("SIGMA_FMP_API_KEY_FILE", &key).output().unwrap();
    assert_eq!(code(&with_key(&["runs"])), 2);
    let output = with_key(&["env", "--offline", "--format", "json"]);
    assert_eq!(code(&output), 3, "{}{}", stdout(&output), stderr(&output));
    assert!(!stdout(&output).contains(CANARY));
    let document = json(&output);
    let lines = document["rows"].as_array().unwrap();
    let problems: Vec<String> = lines
        .iter()
        .filter(|line| line["check"] == "settings" && line["status"] == "fail")
        .map(|line| format!("{} {}", line["detail"], line["fix"]))
        .collect();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].contains("polygn_limit") && problems[1].contains("chmod 600"), "{problems:?}");
    assert!(lines.iter().any(|line| line["check"] == "database"), "the rest is checked all the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn env_fails_for_a_plan_without_anything_and_for_a_wrong_clock() {
    let demo = DemoStore::books().await.unwrap();
    let server = Server::start(|_| {
        let reply = Reply::text(402, "Restricted Endpoint: not available under your current subscription");
        reply.header("Date", "Tue, 04 Nov 2025 21:00:42 GMT")
    });
    let output = command(&demo, &["env", "--format", "json"])
        .env("SIGMA_STATE_DIR", demo.dir.path().join("state"))
        .env("SIGMA_FMP_API_KEY", CANARY)
        .env("SIGMA_FMP_BASE_URL", server.url())
        .env("SIGMA_FRED_BASE_URL", server.url())
        .output()
        .unwrap();
    let document = json(&output);
    let lines = document["rows"].as_array().unwrap();
    let of_fmp: Vec<_> =
        lines.iter().filter(|line| line["check"].as_str().unwrap().starts_with("fmp: ")).collect();
    assert!(!of_fmp.is_empty() && of_fmp.iter().all(|line| line["status"] == "fail"), "{of_fmp:?}");
    let clock = row(lines, "check", "clock beside FMP's");
    assert!(clock["status"] == "fail" && clock["detail"].as_str().unwrap().ends_with("s ahead"), "{clock}");
}
