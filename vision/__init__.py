"""Feature extractors: an image in, typed features out. Nothing here depends on search."""
