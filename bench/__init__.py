"""Benchmarks: what Rollway costs, beside what it is built on."""
