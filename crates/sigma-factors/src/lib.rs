//! Factor loadings, portfolio exposures, correlations and factor risk
