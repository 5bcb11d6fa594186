"""Loaders of entities: one file each."""
