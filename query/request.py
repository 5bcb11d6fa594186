"""A question as it comes in, from the page, its JSON twin or the command line."""

import re
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.errors import BadQuestion

MOST_RESULTS = 2000  # on one page
LONGEST_TEXT = 10_000  # characters
SURROGATE = re.compile("[\ud800-\udfff]")  # cannot be sent to anyone


class SearchRequest(BaseModel):
    """Any mix of a picture (bytes, an address, or the id of a document), a part of it, words and filters.

    Raises BadQuestion, never pydantic's own error, for a mix that makes no sense.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    image: bytes | None = Field(None, description="Bytes of a picture to ask with", repr=False)
    address: str | None = Field(None, description="http(s) address of a picture to ask with")
    like: str | None = Field(None, description="Id of a document to ask with")
    box: list[float] | None = Field(None, description="The part asked with: x, y, w, h as fractions of the picture")
    region: str | None = Field(None, description="The same as IIIF has it: `x,y,w,h` in pixels, or `pct:x,y,w,h`")
    text: str = Field("", description='Words: `cat "old town" +red -dog category:pets`')
    filters: dict[str, list[str]] = Field({}, description="Name -> values, which are alternatives")
    page: int = Field(1, description="The first page is 1")
    number: int = Field(24, description="Results on a page")
    no_cutoff: bool = Field(False, description="Whether the irrelevant tail is shown, too")
    diversity: float | None = Field(
        None, ge=0, lt=1, description="How much results shall differ from those above them (MMR); by default as set"
    )
    dsl: bool = Field(False, description="Whether the answer tells the requests that were sent to the engine")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        """One picture at most, a part only of a picture, and numbers within reason."""
        pictures = [given for given in (self.image, self.address, self.like) if given is not None]
        if len(pictures) > 1:
            raise BadQuestion("ask with one picture: its bytes, its address, or the id of a document")
        if self.box is not None and self.region is not None:
            raise BadQuestion("name the part once: as a box of fractions, or as a region")
        if not pictures and (self.box is not None or self.region is not None):
            raise BadQuestion("a part of a picture needs the picture: bytes, an address, or the id of a document")
        if self.page < 1 or not 1 <= self.number <= MOST_RESULTS:
            raise BadQuestion(f"pages begin at 1 and have 1 to {MOST_RESULTS} results")
        if len(self.text) > LONGEST_TEXT:
            raise BadQuestion(f"words may have at most {LONGEST_TEXT} characters")
        named = (self.like or "", *self.filters, *(value for values in self.filters.values() for value in values))
        if broken := next((text for text in named if SURROGATE.search(text)), None):
            raise BadQuestion(f"{broken[:80]!a} is no text: it has half a character")
        return self

    @property
    def has_picture(self) -> bool:
        """Whether a picture is asked with, from wherever."""
        return not (self.image is None and self.address is None and self.like is None)
