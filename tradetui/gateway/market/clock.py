"""Market time: a clock that may run faster than the wall and may skip the hours in which the exchange sleeps.

Invariant: market time never goes backwards, whatever happens to the speed.
"""
