"""From what was told to pieces with a weight and a reason."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import prod

from factors.linked import Kind, Piece
from ingest.noise import clean
from ingest.trash.judges import ALONE, JUDGES, TWICE, Around
from ingest.trash.languages import language_of
from ingest.trash.phrases import plain
from ingest.web.told import Told

__all__ = ["Around", "judged", "judged_alone"]

# Of two pieces that say the same, the one that stands first here keeps its weight.
KINDS = (
    Kind.PRODUCT, Kind.CAPTION, Kind.TITLE, Kind.ALT, Kind.KEYWORDS, Kind.HEADING, Kind.ANCHOR, Kind.PAGE_TITLE, Kind.NEARBY,
    Kind.FILE_NAME,
)  # fmt: skip
ORDER = {kind: place for place, kind in enumerate(KINDS)}
NAMES = {
    Kind.ALT: "alternative text",
    Kind.PAGE_TITLE: "page's title",
    Kind.PRODUCT: "product's name",
    Kind.FILE_NAME: "file's name",
}


def judged(told: Iterable[Told], around: Around, page: str = "") -> list[Piece]:
    """A piece for each text, strongest kinds first; weights of the judges multiplied, the weightiest reason kept."""
    best: dict[tuple[Kind, str], Piece] = {}
    for one in told:
        piece = _judge(one, around, page)
        known = best.get((piece.kind, plain(piece.text)))
        if piece.text and (known is None or piece.weight > known.weight):
            best[piece.kind, plain(piece.text)] = piece
    return list(_once(sorted(best.values(), key=lambda piece: ORDER[piece.kind])))


def judged_alone(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Pieces that come without a page, from files and feeds: what can be told of the text itself."""
    return tuple(_weighed(piece, Told(piece.kind, piece.text), Around(alone=True), ALONE) for piece in pieces)


def _judge(told: Told, around: Around, page: str) -> Piece:
    language = language_of(told.text) or told.language or around.language
    piece = Piece(told.kind, clean(told.text), language, page)
    return _weighed(piece, told, around, JUDGES)


def _weighed(piece: Piece, told: Told, around: Around, judges: Iterable[str]) -> Piece:
    """Weights multiply; the reason of the judge that lowers most is kept."""
    verdicts = [verdict for name in judges if (verdict := JUDGES[name](told, around))]
    if not verdicts:
        return piece
    strongest = min(verdicts, key=lambda verdict: verdict.weight)
    weight = piece.weight * prod(verdict.weight for verdict in verdicts)
    return replace(piece, weight=round(weight, 4), reason=strongest.reason)


def _once(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """What was said already, by a piece of at least the same weight, counts less."""
    said: dict[str, Piece] = {}
    for piece in pieces:
        first = said.setdefault(plain(piece.text), piece)
        if first is piece or first.weight < piece.weight:
            yield piece
        else:
            yield piece.lowered(TWICE, f"the same as its {NAMES.get(first.kind, first.kind.value)}")
