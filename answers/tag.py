"""Tags as an answer shows them: JSON of the API and the command line."""

from pydantic import BaseModel, Field


class TagEvidence(BaseModel):
    """A neighbour that speaks for a tag."""

    id: str = Field(description="Id of its document")
    place: int = Field(description="Its place in the answer, from 1")
    probability: float | None = Field(None, description="That it answers the question; empty where that is not calibrated")
    kind: str = Field(description="What the text is: caption, title, file-name, ...")
    words: str = Field(description="The text that has the phrase")


class Tag(BaseModel):
    """A phrase that says what the picture shows."""

    name: str
    language: str = Field(description="BCP 47 primary language; empty where no text declares one")
    confidence: float = Field(description="Calibrated probability that the tag is right, 0..1")
    is_certain: bool = Field(False, description="Whether the confidence reaches the bound of certainty")
    broader: list[str] = Field([], description="More general tags that hold as well, the nearest first")
    also: list[str] = Field([], description="Other words for the same: inflected forms, other spellings, synonyms")
    evidence: list[TagEvidence] = Field([], description="The neighbours that say so, the strongest first")


class Tags(BaseModel):
    """The tags of a picture, or of a part of it, in each language the best first."""

    tags: list[Tag] = []
    perhaps: bool = Field(False, description="Whether no tag is certain: these are the closest")
    neighbours: int = Field(0, description="Groups of near-duplicates that were read")
    certain: float = Field(1.0, description="The bound of certainty")
    note: str = Field("", description="Why there are no tags")
    warnings: list[str] = []
