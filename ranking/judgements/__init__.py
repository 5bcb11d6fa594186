"""Judgements: how well a document answers a question, said by people, by clicks, or known from how data was made."""
