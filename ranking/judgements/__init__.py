"""Judgements: how well a document answers a question, according to people, clicks, or the way the data was generated."""
