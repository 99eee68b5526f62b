//! Whether a history is long enough for a window.
//!
//! Counted are returns, as the regression counts them: each needs the closes of two sessions in a row. A window of `w`
//! returns is covered in full from 80 % of it, and for a limited fit from the minimum number of observations.

/// How far a history carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Sufficient,
    Limited,
    Short,
    Missing,
}

impl Verdict {
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Sufficient => "sufficient",
            Verdict::Limited => "limited",
            Verdict::Short => "short",
            Verdict::Missing => "missing",
        }
    }

    /// Whether engines can compute anything from it.
    pub fn is_usable(self) -> bool {
        matches!(self, Verdict::Sufficient | Verdict::Limited)
    }
}

/// The verdict on a number of observations.
pub fn verdict(observations: usize, window: usize, min_observations: usize) -> Verdict {
    match observations {
        0 => Verdict::Missing,
        n if n < min_observations => Verdict::Short,
        n if 5 * n < 4 * window => Verdict::Limited,
        _ => Verdict::Sufficient,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_count_sessions() {
        let of = |n| verdict(n, 252, 60);
        assert_eq!((of(0), of(59), of(60)), (Verdict::Missing, Verdict::Short, Verdict::Limited));
        assert_eq!((of(201), of(202)), (Verdict::Limited, Verdict::Sufficient));
        assert_eq!(verdict(120, 150, 60), Verdict::Sufficient);
    }
}
