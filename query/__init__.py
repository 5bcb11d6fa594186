"""A question to image_features, candidates, factor table, order and page."""
