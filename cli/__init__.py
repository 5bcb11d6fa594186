"""The `omma` command."""
