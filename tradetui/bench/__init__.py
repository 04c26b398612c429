"""Benchmarks of the running parts against the budgets of the design; `tradetui bench` runs them one by one."""
