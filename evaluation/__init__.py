"""How good and how fast: retrieval quality, benchmarks, reports."""
