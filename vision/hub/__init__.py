"""Extractors of the profile `hub`: strong public models, loaded from a model hub or from local files."""
