"""Extractors: a picture in, observations out. This room knows nothing of search."""
