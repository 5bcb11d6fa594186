"""From a factor table to an order: fusion, and where the irrelevant tail begins."""
