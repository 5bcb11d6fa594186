"""The extractors, one file each."""
