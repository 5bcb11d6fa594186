"""Commands that fit the small weights that the repository ships."""
