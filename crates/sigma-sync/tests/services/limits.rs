//! Limits of requests: never exceeded, over kills and beside other runs; what was paid for is kept.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sigma_testkit::fake::{Logged, Reply, Request, most_within};

use crate::fixture::{AS_OF, Fixture, Market, PATIENCE, Run, exchange, symbols};

const TOO_MANY: &str = r#"{"status":"ERROR","request_id":"1","error":"You've exceeded the maximum requests per minute, please wait or upgrade your subscription to continue. https://polygon.io/pricing"}"#;

/// Requests in a window. The tool is told of windows of a second; the services count in shorter ones, because a request
/// may travel a quarter of a second longer than the next ones when the machine is busy. A bucket that refills while it is
/// drained would send eight in such a window, and a run that has forgotten the one before it, ten.
const MOST: usize = 5;
const WINDOW: Duration = Duration::from_millis(750);

/// The symbols besides those of the book that a run asks for: the market's proxy and three Treasury funds.
const OTHERS: usize = 4;

/// One request for splits and one for dividends, whatever the number of symbols.
const ACTIONS: usize = 2;

/// From now on the market counts as strictly as a service may; gives the number of refusals.
fn count_strictly(market: &Market) -> Arc<AtomicUsize> {
    let refusals = Arc::new(AtomicUsize::new(0));
    let (told, arrivals) = (refusals.clone(), Mutex::new(VecDeque::new()));
    market.answer(move |_: &Request| {
        let mut arrivals = arrivals.lock().unwrap();
        let now = Instant::now();
        arrivals.retain(|at: &Instant| now.duration_since(*at) < WINDOW);
        arrivals.push_back(now);
        (arrivals.len() > MOST).then(|| {
            told.fetch_add(1, Ordering::SeqCst);
            Reply::json(429, TOO_MANY)
        })
    });
    refusals
}

/// How often the bars of each symbol were asked for.
fn bars_asked(log: &[Logged]) -> BTreeMap<String, usize> {
    let mut asked = BTreeMap::new();
    for logged in log {
        if let Some(rest) = logged.request.path.strip_prefix("/v2/aggs/ticker/") {
            *asked.entry(rest.split('/').next().unwrap().to_owned()).or_default() += 1;
        }
    }
    asked
}

fn prices(fixture: &Fixture, market: &Market, limit: &str) -> Command {
    let mut command = fixture.command(market, &["polygon"]);
    command.env("SIGMA_POLYGON_LIMIT", limit);
    command.args(["prices", "--as-of", AS_OF, "--window", "20"]);
    command
}

fn finish(mut command: Command) -> Run {
    Run::new(command.output().unwrap())
}

/// A run that is stopped before its end; nothing of what it says is read.
fn start(mut command: Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[track_caller]
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Symbols with bars in the database.
fn stored(fixture: &Fixture) -> BTreeSet<String> {
    let histories = fixture.histories().into_iter();
    histories.filter(|(_, history)| !history.bars.is_empty()).map(|(symbol, _)| symbol).collect()
}

#[test]
fn a_killed_and_restarted_sync_stays_within_its_limit_and_ends_with_the_full_set() {
    let names = symbols(60);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    let refusals = count_strictly(&market);
    let mut log: Vec<Logged> = Vec::new();
    let mut kept: BTreeSet<String> = BTreeSet::new();
    for kill in 1..=4 {
        let mut child = start(prices(&fixture, &market, "5/1s"));
        wait_until("a dozen requests came", || market.server.count() >= 12);
        // On Unix this is SIGKILL: nothing can be tidied up.
        child.kill().unwrap();
        child.wait().unwrap();
        let part = market.server.take_log();
        let asked = bars_asked(&part);
        assert!(asked.keys().all(|symbol| !kept.contains(symbol)), "stored, and asked for again");
        log.extend(part);
        let now = stored(&fixture);
        assert!(now.is_superset(&kept) && now.len() > kept.len(), "nothing was kept by run {kill}");
        let lost = asked.keys().filter(|symbol| !now.contains(*symbol)).count();
        assert!(lost <= 2 * MOST, "{lost} answers of more than a second ago were lost");
        kept = now;
    }
    let before = bars_asked(&log);
    let run = finish(prices(&fixture, &market, "5/1s"));
    run.ends(0).says("missing=0").says("sufficient=61/61");
    let last = market.server.take_log();
    let asked = bars_asked(&last);
    assert!(asked.keys().all(|symbol| !kept.contains(symbol)));
    // What is left is asked for once, and that is all.
    assert_eq!(asked.len(), 60 + OTHERS - kept.len());
    assert!(asked.values().all(|&times| times == 1));
    log.extend(last);
    assert_eq!(refusals.load(Ordering::SeqCst), 0, "the service refused");
    assert!(most_within(&log, WINDOW) <= MOST, "{} in one window", most_within(&log, WINDOW));
    let lost = before.keys().filter(|symbol| !kept.contains(*symbol)).count();
    assert!(lost <= 2 * MOST);
    assert_eq!(
        log.iter().filter(|logged| logged.target_contains("/splits")).count(),
        1,
        "answered and stored"
    );
    assert_eq!(stored(&fixture).len(), 60 + OTHERS);
    assert!(fixture.histories().values().all(|history| history.bars.len() == 22));
}

#[test]
fn a_limit_that_takes_too_long_ends_the_run_and_another_one_goes_on() {
    let names = symbols(10);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    let run = |limit: &str| {
        let mut command = prices(&fixture, &market, limit);
        command.env("SIGMA_PROVIDER_WAIT_SECONDS", "1");
        let started = Instant::now();
        let run = finish(command);
        assert!(started.elapsed() < Duration::from_secs(20), "an hour's limit is not waited for");
        run
    };
    run("5/h").ends(5).says("RateLimited (Polygon)").says("the next one is free in 61 min");
    assert_eq!(market.asked().len(), MOST);
    assert_eq!(stored(&fixture).len(), MOST - ACTIONS, "what came is kept");
    run("5/h").ends(5).says("the next one is free in 6");
    assert_eq!(market.asked(), [""; 0], "the account outlives the run");
    run("8/h").ends(5);
    assert_eq!(market.asked().len(), 3);
    run("unlimited").ends(0).says("missing=0");
    assert_eq!(market.asked().len(), ACTIONS + 10 + OTHERS - 8, "what was stored is not asked for");
    assert_eq!(stored(&fixture).len(), 10 + OTHERS);
}

#[test]
fn a_refusal_is_waited_for_as_long_as_the_service_says() {
    for retry_after in [Some("1"), None] {
        let names = symbols(12);
        let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
        let refused_at: Arc<Mutex<Option<Instant>>> = Arc::default();
        let noted = refused_at.clone();
        market.answer(move |request: &Request| {
            let mut at = noted.lock().unwrap();
            let is_first = at.is_none() && request.path.contains("/ticker/S001/");
            is_first.then(|| {
                *at = Some(Instant::now());
                let reply = Reply::json(429, TOO_MANY);
                retry_after.map_or(reply.clone(), |seconds| reply.header("Retry-After", seconds))
            })
        });
        // Without a word of the service, the shortest window of the limit is waited for.
        finish(prices(&fixture, &market, "100/1s")).ends(0).says("missing=0");
        let log = market.server.take_log();
        let refused_at = refused_at.lock().unwrap().unwrap();
        let after = |logged: &&Logged| {
            logged.at.checked_duration_since(refused_at).is_some_and(|d| d > Duration::from_millis(300))
        };
        let next = log.iter().find(after).expect("the run went on");
        assert!(next.at.duration_since(refused_at) >= Duration::from_millis(950), "too early");
        let asked = bars_asked(&log);
        assert_eq!(asked["S001"], 2);
        assert!(asked.iter().all(|(symbol, &times)| times == 1 || symbol == "S001"), "{asked:?}");
        assert_eq!(stored(&fixture).len(), 12 + OTHERS);
    }
}

#[test]
fn an_account_that_cannot_be_read_counts_as_used_up() {
    let names = symbols(2);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    let file = fixture.dir.path().join("state/polygon.json");
    std::fs::create_dir(file.parent().unwrap()).unwrap();
    for (limit, code, asked) in [("5/h", 5, 0), ("5/1s", 0, ACTIONS + 2 + OTHERS)] {
        std::fs::write(&file, "{\"sent\":[17").unwrap();
        let mut command = prices(&fixture, &market, limit);
        command.env("SIGMA_PROVIDER_WAIT_SECONDS", "5");
        // With the shorter limit it is waited for, and then it is an account like any other.
        finish(command).ends(code);
        assert_eq!(market.asked().len(), asked, "{limit}");
    }
}

#[test]
fn two_books_with_one_account_stay_within_one_limit() {
    let names = symbols(8);
    let market = Market::open(exchange(&names, 40));
    let books = [Fixture::new(&names), Fixture::new(&names)];
    let refusals = count_strictly(&market);
    let state = books[0].dir.path().join("shared");
    let commands = books.each_ref().map(|fixture| {
        let mut command = prices(fixture, &market, "5/1s");
        command.env("SIGMA_STATE_DIR", &state);
        command
    });
    let runs = commands.map(|command| std::thread::spawn(move || finish(command)));
    for run in runs {
        run.join().unwrap().ends(0).says("missing=0");
    }
    let log = market.server.take_log();
    assert_eq!(log.len(), 2 * (ACTIONS + 8 + OTHERS));
    assert!(most_within(&log, WINDOW) <= MOST, "{} in one window", most_within(&log, WINDOW));
    assert_eq!(refusals.load(Ordering::SeqCst), 0);
}

#[test]
fn while_a_limit_is_waited_for_what_came_is_stored_and_the_run_can_be_stopped() {
    let names = symbols(10);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 40)));
    let mut command = prices(&fixture, &market, "5/10min");
    command.env("SIGMA_PROVIDER_WAIT_SECONDS", "900");
    let mut child = start(command);
    wait_until("the limit was used up", || market.server.count() == MOST);
    // The next answer is ten minutes away.
    wait_until("what came is stored", || stored(&fixture).len() == MOST - ACTIONS);
    finish(prices(&fixture, &market, "unlimited")).ends(7);
    let stopped = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(stopped.success());
    let stopping = Instant::now();
    let status = child.wait().unwrap();
    assert!(stopping.elapsed() < Duration::from_secs(10), "not let go");
    assert_eq!(status.code(), Some(130));
    assert_eq!(stored(&fixture).len(), MOST - ACTIONS);
    market.asked();
    finish(prices(&fixture, &market, "unlimited")).ends(0).says("missing=0");
    assert_eq!(market.asked().len(), 10 + OTHERS - (MOST - ACTIONS));
}

#[test]
fn a_limit_that_keeps_only_history_away_is_told_as_one() {
    let names = symbols(6);
    let (fixture, market) = (Fixture::new(&names), Market::open(exchange(&names, 90)));
    prices(&fixture, &market, "unlimited").output().map(Run::new).unwrap().ends(0);
    let run = |limit: &str| {
        let mut command = fixture.command(&market, &["polygon"]);
        command.env("SIGMA_POLYGON_LIMIT", limit).env("SIGMA_PROVIDER_WAIT_SECONDS", "1");
        command.args(["prices", "--as-of", AS_OF, "--window", "70"]);
        Run::new(command.output().unwrap())
    };
    std::fs::remove_dir_all(fixture.dir.path().join("state")).unwrap();
    // The last session of all symbols is stored; the time before it is not.
    run("5/h").ends(5).says("RateLimited (Polygon)").says("a limit keeps the rest of its history away");
    run("unlimited").ends(0).says("sufficient=7/7");
}
