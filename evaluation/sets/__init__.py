"""The evaluation sets: one file per set, found by their folder (evaluation/evaluation_set.py)."""
