ALTER TABLE positions DROP COLUMN adjusted_through;
