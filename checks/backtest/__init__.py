"""BKT: backtests."""
