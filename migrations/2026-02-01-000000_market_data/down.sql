DROP TABLE fetches;
ALTER TABLE option_quotes DROP COLUMN quoted_vega_per_point;
ALTER TABLE option_quotes DROP COLUMN quoted_theta_per_day;
ALTER TABLE option_quotes DROP COLUMN quoted_gamma;
ALTER TABLE option_quotes DROP COLUMN quoted_delta;
ALTER TABLE prices DROP COLUMN basis;
