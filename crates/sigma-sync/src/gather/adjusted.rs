//! Adjusted closes that an answer leaves out.
//!
//! A provider restates all adjusted closes at each split and dividend, so those of two answers are comparable only where
//! nothing was restated between them. What an answer leaves out is kept as it is stored, unless the answer's other closes
//! show that it was restated: then a close that was not is none.

use sigma_core::model::{PriceBar, PriceHistory};

/// Distance at which two adjusted closes count as equal, relative to one.
const SAME: f64 = 1e-6;

/// Puts stored adjusted closes of the same provider into bars that came without; tells what was left out.
pub fn keep(bars: &mut [PriceBar], stored: &PriceHistory) -> Option<String> {
    let known = |bar: &PriceBar| {
        let stored = stored.on(bar.date).filter(|stored| stored.source == bar.source)?;
        stored.adj_close
    };
    let is_restated = bars.iter().any(|bar| {
        let pair = bar.adj_close.zip(known(bar));
        pair.is_some_and(|(new, old)| (new - old).abs() > SAME * old.abs())
    });
    let lost =
        bars.iter_mut().filter(|bar| bar.adj_close.is_none()).filter_map(|bar| Some((known(bar)?, bar)));
    let mut dates = Vec::new();
    for (adj_close, bar) in lost {
        dates.push(bar.date);
        bar.adj_close = Some(adj_close).filter(|_| !is_restated);
    }
    let (first, last) = dates.first().zip(dates.last())?;
    let kept =
        if is_restated { "the others are restated, so it has none now" } else { "the stored ones stay" };
    Some(match dates.len() {
        1 => {
            format!("no adjusted close of {first} in the answer: {}", kept.replace("ones stay", "one stays"))
        }
        n => format!("no adjusted closes of {n} sessions, {first} to {last}, in the answer: {kept}"),
    })
}

#[cfg(test)]
mod tests {
    use sigma_core::model::CloseBasis;

    use super::*;

    fn bar(day: u32, adj_close: Option<f64>) -> PriceBar {
        PriceBar {
            date: chrono::NaiveDate::from_ymd_opt(2025, 6, day).unwrap(),
            open: None,
            high: None,
            low: None,
            close: 100.0,
            adj_close,
            volume: None,
            source: "yahoo".into(),
            basis: CloseBasis::Rebuilt,
        }
    }

    fn kept(new: [Option<f64>; 3]) -> (Vec<Option<f64>>, Option<String>) {
        let stored = vec![bar(2, Some(98.0)), bar(3, Some(98.5))];
        let stored = PriceHistory { bars: stored, ..PriceHistory::default() };
        let mut bars: Vec<PriceBar> =
            [2, 3, 4].into_iter().zip(new).map(|(day, adj)| bar(day, adj)).collect();
        let told = keep(&mut bars, &stored);
        (bars.into_iter().map(|bar| bar.adj_close).collect(), told)
    }

    #[test]
    fn what_an_answer_leaves_out_stays_unless_the_rest_is_restated() {
        assert_eq!(
            kept([Some(98.0), Some(98.5), Some(99.0)]),
            (vec![Some(98.0), Some(98.5), Some(99.0)], None)
        );
        let (closes, told) = kept([None, None, None]);
        assert_eq!(closes, [Some(98.0), Some(98.5), None]);
        assert!(
            told.unwrap()
                .contains("2 sessions, 2025-06-02 to 2025-06-03, in the answer: the stored ones stay")
        );
        let (closes, told) = kept([Some(98.0), None, Some(99.0)]);
        assert_eq!(closes, [Some(98.0), Some(98.5), Some(99.0)]);
        assert!(told.unwrap().contains("of 2025-06-03 in the answer: the stored one stays"));
        let (closes, told) = kept([Some(97.0), None, Some(99.0)]);
        assert_eq!(closes, [Some(97.0), None, Some(99.0)]);
        assert!(told.unwrap().contains("restated"));
    }
}
