"""How fast and how good: run from the checkout, `python -m benchmarks.NAME`."""
