"""The risk gate: pure rules, one object per control, the same live, in simulation and in every backtest."""
