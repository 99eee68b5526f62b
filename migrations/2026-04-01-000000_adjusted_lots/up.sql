-- Lots whose quantity and entry price count splits after the entry already, as brokers state them: through this day. Where it is
-- absent, they are in units of the entry date.
ALTER TABLE positions ADD COLUMN adjusted_through DATE;
