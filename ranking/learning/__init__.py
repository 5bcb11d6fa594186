"""The order is learned: features of a listing, gradient-boosted trees, their life as models."""
