"""Text that disagrees with its own picture: both lie in the joint embedding, far from each other.

Only a sentence with several words that the text model knows can disagree: a name, a brand or a number says nothing that could
be seen, and a foreign word is read as something else. What disagrees may still be right, so it counts less and is not kept
apart for that alone. The cosine under which a text is taken to disagree is measured on captions of other photos
(`omma train joint`).
"""

from factors.linked import Kind, TextSnippet
from vision.image_features import Vector

LEAST_WORDS = 4
DOUBTED = 0.3  # what a text that disagrees counts, beside one that does not
REASON = "is not about what the picture shows"
SAYING = frozenset({Kind.CAPTION, Kind.ALT, Kind.TITLE, Kind.NEARBY})  # anchors, keywords and file names are no sentences


def filtered(snippet: TextSnippet, picture: Vector | None, least: float | None) -> TextSnippet:
    """The snippet, with less weight and a reason where it disagrees; `least` is the cosine from which it does not."""
    if picture is None or least is None or snippet.text_embedding is None or not can_disagree(snippet):
        return snippet
    if float(snippet.text_embedding @ picture) >= least:
        return snippet
    return snippet.lowered(DOUBTED, REASON)


def can_disagree(snippet: TextSnippet) -> bool:
    """Whether the snippet says enough to be told from what is seen."""
    return snippet.kind in SAYING and sum(word.isalpha() and word.islower() for word in snippet.text.split()) >= LEAST_WORDS
