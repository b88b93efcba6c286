"""Measures `execution`, plain against fast: paired timings, ceilings of the machine, floor of operations."""
