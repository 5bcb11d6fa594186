"""The HTML report of a comparison, one file with pictures: every question set, and the questions that differ most."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from jinja2 import Environment, FileSystemLoader

from engine.errors import NotFoundError
from evaluation.candidate_log import Asked, data_address
from evaluation.compare import Comparison
from evaluation.pages import TEMPLATES, listed
from ranking.judgements.judgement import BEST
from ranking.learning.measures import NAMES

MAX_CASES = 8  # questions shown that gained, and that lost
MAX_RESULTS = 6  # of each order that is shown
MIN_DIFFERENCE = 0.05  # NDCG@10 by which a question must differ to be shown
Thumbnail = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Shown:
    """A result in a list; `picture` is a data address."""

    id: str
    picture: str
    grade: int

    @property
    def mark(self) -> str:
        """CSS class of its frame."""
        return "right" if self.grade == BEST else "near" if self.grade else ""


@dataclass(frozen=True, slots=True)
class Case:
    """A question and the answers of two configurations; `before` and `after` are NDCG@10 of the baseline and of the other."""

    set: str
    words: str
    picture: str
    before: float
    after: float
    lists: list[tuple[str, list[Shown]]]


def page(
    comparison: Comparison, asked: Sequence[Asked], configuration: str, thumbnail: Thumbnail, *, facts: Mapping[str, str],
    abouts: Mapping[str, str],
) -> str:  # fmt: skip
    """The report; `thumbnail` gives the bytes of a document's thumbnail, or raises NotFoundError."""
    cases = sorted(_cases(comparison, asked, configuration, thumbnail), key=lambda case: case.after - case.before)
    losers, winners = cases[:MAX_CASES], cases[::-1][:MAX_CASES]
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True)
    rows = groupby(comparison.rows, key=lambda row: row.set)
    return environment.get_template("report.html").render(
        comparison=comparison,
        configuration=configuration,
        groups=[(name, list(group)) for name, group in rows],
        measures=NAMES,
        measured=listed(facts),
        abouts=abouts,
        extremes=[
            ("Questions that gained most", [c for c in winners if c.after > c.before]),
            ("Questions that lost most", [c for c in losers if c.after < c.before]),
        ],
    )


def _cases(comparison: Comparison, asked: Sequence[Asked], configuration: str, thumbnail: Thumbnail) -> Iterator[Case]:
    """The questions that differ most, in either direction."""
    before, after = (comparison.outcomes[name].figures["NDCG@10"] for name in (comparison.baseline, configuration))
    differing = [one for one in asked if abs(after.get(one.topic, 0.0) - before.get(one.topic, 0.0)) >= MIN_DIFFERENCE]
    differing.sort(key=lambda one: after[one.topic] - before[one.topic])
    for one in differing if len(differing) <= 2 * MAX_CASES else [*differing[:MAX_CASES], *differing[-MAX_CASES:]]:
        names = (comparison.baseline, configuration)
        lists = [(name, _shown(one, comparison.outcomes[name].orders[one.topic], thumbnail)) for name in names]
        yield Case(one.set, one.words, one.picture, before[one.topic], after[one.topic], lists)


def _shown(one: Asked, order: Sequence[str], thumbnail: Thumbnail) -> list[Shown]:
    return [Shown(i, _picture(i, thumbnail), one.grades.get(i, 0)) for i in order[:MAX_RESULTS]]


def _picture(document: str, thumbnail: Thumbnail) -> str:
    """Its data address; empty if the store no longer has the image."""
    try:
        return data_address(thumbnail(document))
    except NotFoundError:
        return ""
