"""Linked text that disagrees with its image: their vectors in the joint embedding are far apart.

Only a sentence of several lower-case words can disagree: names, brands and numbers describe nothing visible. Text that
disagrees may still be right, so it weighs less, but is no trash for that alone. The cosine below which text disagrees is
measured on captions of other photos (`omma train joint`).
"""

from factors.linked import Kind, TextSnippet
from vision.image_features import Vector

MIN_WORDS = 4
DISAGREEING_WEIGHT = 0.3  # of a text that disagrees, relative to one that does not
REASON = "is not about what the picture shows"
SENTENCE_KINDS = frozenset(
    {Kind.CAPTION, Kind.ALT, Kind.TITLE, Kind.NEARBY}
)  # anchors, keywords and file names are no sentences


def filtered(snippet: TextSnippet, image: Vector | None, threshold: float | None) -> TextSnippet:
    """The snippet, with less weight and a reason where its cosine to the image is below `threshold`."""
    if image is None or threshold is None or snippet.text_embedding is None or not can_disagree(snippet):
        return snippet
    if float(snippet.text_embedding @ image) >= threshold:
        return snippet
    return snippet.lowered(DISAGREEING_WEIGHT, REASON)


def can_disagree(snippet: TextSnippet) -> bool:
    """Whether the snippet describes enough to be compared with an image."""
    return (
        snippet.kind in SENTENCE_KINDS and sum(word.isalpha() and word.islower() for word in snippet.text.split()) >= MIN_WORDS
    )
