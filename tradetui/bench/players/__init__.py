"""Strategies that the benchmarks run in a real strategy host; each is copied into the benchmark's own home."""
