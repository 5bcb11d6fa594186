"""Answers of the section "Tags" of Omma's HTTP API.

Written by `omma docs` from the server's models, and compared with them by a test: change those instead.
"""

from __future__ import annotations

from pydantic import BaseModel


class TagEvidence(BaseModel):
    """A neighbour that speaks for a tag."""

    # Id of its document
    id: str
    # Its place in the answer, from 1
    place: int
    # That it answers the question; empty where that is not calibrated
    probability: float | None = None
    # What the text is: caption, title, file-name, ...
    kind: str
    # The text that has the phrase
    words: str


class Tag(BaseModel):
    """A phrase that says what the picture shows."""

    name: str
    # BCP 47 primary language; empty where no text declares one
    language: str
    # Calibrated probability that the tag is right, 0..1
    confidence: float
    # Whether the confidence reaches the bound of certainty
    is_certain: bool = False
    # More general tags that hold as well, the nearest first
    broader: list[str] = []
    # Other words for the same: inflected forms, other spellings, synonyms
    also: list[str] = []
    # The neighbours that say so, the strongest first
    evidence: list[TagEvidence] = []


class Tags(BaseModel):
    """The tags of a picture, or of a part of it, in each language the best first."""

    tags: list[Tag] = []
    # Whether no tag is certain: these are the closest
    perhaps: bool = False
    # Groups of near-duplicates that were read
    neighbours: int = 0
    # The bound of certainty
    certain: float = 1.0
    # Why there are no tags
    note: str = ""
    warnings: list[str] = []
