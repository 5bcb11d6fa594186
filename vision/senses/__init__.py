"""The senses, one file each."""
