DROP TABLE what_if_trades;
DROP TABLE what_if_sessions;
