"""A terminal that runs automated trading at Interactive Brokers over SSH."""

__version__ = "0.1.0"
