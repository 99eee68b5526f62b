//! The known name that a mistyped one probably means.
//!
//! # Formula
//! Optimal string alignment distance: the fewest letters to insert, drop, replace or swap with a neighbour, capitals
//! aside. A name is meant when at most a third of its letters, and at most three, are wrong.

/// The known name closest to `word`; the first of equals.
pub fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed: Vec<char> = word.to_lowercase().chars().collect();
    let distances = known.into_iter().map(|name| {
        let letters: Vec<char> = name.to_lowercase().chars().collect();
        let allowed = (letters.len().max(typed.len()) / 3).clamp(1, 3);
        (name, distance(&typed, &letters), allowed)
    });
    let near = distances.filter(|(_, distance, allowed)| distance <= allowed);
    near.min_by_key(|(_, distance, _)| *distance).map(|(name, ..)| name)
}

/// `did you mean "Technology"? known: Energy, Technology`, with at most a dozen names.
pub fn remedy(word: &str, known: &[&str]) -> String {
    const NAMED: usize = 12;
    let listed = match known.len() {
        0 => "none is known".to_owned(),
        n if n <= NAMED => format!("known: {}", known.join(", ")),
        n => format!("known: {} and {} more", known[..NAMED].join(", "), n - NAMED),
    };
    match closest(word, known.iter().copied()) {
        Some(name) => format!("did you mean \"{name}\"? {listed}"),
        None => listed,
    }
}

fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_find_their_name() {
        let known = ["gross", "net", "single_name", "Technology"];
        for (typed, meant) in
            [("gros", "gross"), ("ent", "net"), ("singlename", "single_name"), ("tecnology", "Technology")]
        {
            assert_eq!(closest(typed, known), Some(meant), "{typed}");
        }
        assert_eq!(closest("leverage", known), None);
        assert_eq!(closest("", known), None);
        assert_eq!(remedy("nte", &["gross", "net"]), "did you mean \"net\"? known: gross, net");
        assert_eq!(remedy("xyz", &[]), "none is known");
    }
}
