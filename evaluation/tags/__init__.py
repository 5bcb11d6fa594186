"""Measuring and fitting tags: sets whose pictures are known, the rule of what is right, measures."""
