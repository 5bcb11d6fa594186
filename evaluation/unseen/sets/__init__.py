"""The collections that Omma's quality is judged on, found by their folder (evaluation/unseen/collection.py)."""
