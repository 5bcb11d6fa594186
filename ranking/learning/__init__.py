"""The order is learned: features of a candidate_set, gradient-boosted trees, their life as models."""
