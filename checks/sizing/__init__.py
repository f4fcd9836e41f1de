"""SIZ: positions and the rules behind them."""
