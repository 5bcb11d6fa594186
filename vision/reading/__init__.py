"""Reading text in pictures: a page made ready, two engines, and what they agree on."""
