"""A question to perception, candidates, factor table, order and page."""
