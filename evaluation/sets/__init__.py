"""The evaluation sets that Omma comes with, found by their folder (evaluation/evaluation_set.py)."""
