use super::*;

fn known() -> KnownNames {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    KnownNames {
        portfolios: names(&["demo-hnw", "demo-individual"]),
        symbols: names(&["AAPL", "NVDA"]),
        sectors: names(&["Energy", "Technology"]),
        tags: names(&["Core"]),
        asset_types: names(&["stock"]),
        factors: names(&["Market", "Value"]),
        scenarios: names(&["crash"]),
        market_moves: Vec::new(),
    }
}

#[test]
fn a_file_reads_as_it_is_written() {
    let text = "\
warn_at = 0.8

[[limit]]
measure = 'gross'
unit = 'nav'
max = 2

[[limit]]
name = 'Names'
measure = 'single_name'
subject = ['AAPL', 'NVDA']
portfolio = 'demo-hnw'
max = 250_000.0
min = 0
warn_at = 0.5
";
    let file = parse(text, &known()).unwrap();
    let read: Vec<_> = file
        .limits
        .iter()
        .map(|l| {
            (l.name.as_str(), l.subject.as_deref(), l.unit, l.side, l.bound, l.warn_at, l.portfolios.len())
        })
        .collect();
    assert_eq!(
        read,
        [
            ("gross", None, Unit::Nav, Side::Max, 2.0, 0.8, 0),
            ("Names", Some("AAPL"), Unit::Usd, Side::Max, 250_000.0, 0.5, 1),
            ("Names", Some("AAPL"), Unit::Usd, Side::Min, 0.0, 0.5, 1),
            ("Names", Some("NVDA"), Unit::Usd, Side::Max, 250_000.0, 0.5, 1),
            ("Names", Some("NVDA"), Unit::Usd, Side::Min, 0.0, 0.5, 1),
        ]
    );
    assert!(file.unknown_symbols.is_empty());
}

#[test]
fn every_mistake_is_told_at_once_with_its_line() {
    let text = "\
warn_at = 90
limits = 1

[[limit]]
measure = 'gros'
max = 1

[[limit]]
measure = 'sector'
subject = 'Tecnology'
portfolio = ['demo-hwn', 'demo-hnw']
unit = 'nvav'
max = '2'

[[limit]]
measure = 'beta'
subject = 'AAPL'
unit = 'usd'
max = 1
min = 2

[[limit]]
max = nan

[[limit]]
measure = 'net'

[[limit]]
measure = 'net'
max = 1

[[limit]]
measure = 'net'
max = 2
";
    let problems = parse(text, &known()).unwrap_err();
    let told: Vec<String> = problems.iter().map(|p| format!("{}: {}", p.line, p.message)).collect();
    let expected = [
        "1: warn_at is a part of the bound, 0 to 1, not 90",
        "2: unknown key \"limits\"; did you mean \"limit\"? known: warn_at, limit",
        "5: unknown measure \"gros\"; did you mean \"gross\"? known: nav, cash, gross, ",
        "10: no sector \"Tecnology\" is stored; did you mean \"Technology\"? known: Energy, Technology",
        "11: no portfolio \"demo-hwn\" is stored; did you mean \"demo-hnw\"? known: demo-hnw, demo-individual",
        "12: unit \"nvav\" for sector; did you mean \"nav\"? known: usd, nav",
        "13: max is a number, such as 250000 or 0.25",
        "15: min 2 lies above max 1",
        "17: beta is of the whole portfolio: it has no subject",
        "18: unit \"usd\" for beta; known: number",
        "22: a limit has a measure",
        "23: max is a number, such as 250000 or 0.25",
        "25: a limit has a max, a min or both",
        "32: a second max for net; keep one of the two",
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told} / {expected}");
    }
}

#[test]
fn broken_toml_and_empty_files_are_told() {
    let problems = parse("[[limit]]\nmeasure = gross\nmax = = 1\n", &known()).unwrap_err();
    assert_eq!(problems.iter().map(|p| p.line).collect::<Vec<_>>(), [2, 3], "{problems:?}");
    assert_eq!(parse("", &known()).unwrap_err()[0].message, "the file holds no [[limit]]");
    assert_eq!(parse("limit = 1", &known()).unwrap_err()[0].message, "limits are written as [[limit]]");
}

#[test]
fn a_symbol_that_is_not_stored_is_a_remark() {
    let text = "[[limit]]\nmeasure = 'single_name'\nsubject = 'NVAD'\nmax = 0\n";
    let file = parse(text, &known()).unwrap();
    assert_eq!(file.limits.len(), 1);
    assert!(file.unknown_symbols[0].message.contains("did you mean \"NVDA\"?"));
}

#[test]
fn symbols_are_read_as_everywhere() {
    let of = |subject: &str| {
        parse(&format!("[[limit]]\nmeasure = 'single_name'\nsubject = '{subject}'\nmax = 0\n"), &known())
    };
    for subject in ["AAPL", "aapl", " aapl "] {
        let file = of(subject).unwrap();
        assert_eq!(file.limits[0].subject.as_deref(), Some("AAPL"));
        assert_eq!(file.unknown_symbols, []);
    }
    assert_eq!(of("brk/b").unwrap().limits[0].subject.as_deref(), Some("BRK.B"));
    for subject in ["AAPL250815P210", "-AAPL250815P210", "AAPL 15AUG25 210 P", "AAPL250815P00210000"] {
        let told = &of(subject).unwrap_err()[0].message;
        assert!(told.contains("is an option") && told.ends_with("write AAPL"), "{told}");
    }
    let told = &of("AAPL250815").unwrap_err()[0].message;
    assert!(told.contains("\"AAPL250815\" looks like an option symbol and is none"), "{told}");
}

#[test]
fn the_documented_example_reads() {
    let document = include_str!("../../../../docs/limits.md");
    let example = document.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let mut known = known();
    known.portfolios.push("demo-hedgefundstyle".into());
    known.scenarios.push("market_crash_35".into());
    assert!(parse(example, &known).unwrap().limits.len() >= 10);
    for measure in MEASURES {
        assert!(document.contains(&format!("| `{}` |", measure.name)), "{}", measure.name);
    }
}
