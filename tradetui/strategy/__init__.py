"""What a strategy author writes against. The same class runs live, in the demo and in every backtest."""
