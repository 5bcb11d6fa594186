"""Asking questions whose answers are known, of data sets or of what is indexed, and keeping all that is said."""

from collections.abc import Callable, Iterator
from itertools import chain, islice
from pathlib import Path

from engine.errors import ConfigurationError
from engine.settings import Settings
from evaluation import asking, corpus
from evaluation.asking import Asked
from evaluation.corpus import Corpus
from evaluation.questions import QUESTION_SETS
from factors.registry import every_feature_name
from query.search import Searcher

Tell = Callable[[str], None]


def make(file: Path, data: Path | None, questions: Path | None, settings: Settings, tell: Tell, *, every: int = 1) -> int:
    """Write the lists of both kinds of questions; how many. ConfigurationError where neither is named."""
    if not (data or questions):
        raise ConfigurationError("name a folder of data sets (--data), or of questions with judgements (--questions)")
    parts: list[Iterator[Asked]] = []
    if data:
        parts.append(_of_sets(data, settings, tell, every))
    if questions:
        parts.append(of_folder(questions, settings, tell))
    return asking.write(file, chain(*parts))


def of_sets(built: Corpus, tell: Tell, names: tuple[str, ...] = (), *, held_out: bool = False) -> Iterator[Asked]:
    """Every question of the sets (or of these alone), asked of the mixed collection; if wanted, those held out alone."""
    sets = [poses for name, poses in QUESTION_SETS.items() if not names or name in names]
    posed = (one for poses in sets for one in islice(poses(built), 0, None, built.every))
    return asking.ask(built.collection.searcher(), (one for one in posed if not held_out or one.held_out), tell)


def of_folder(folder: Path, settings: Settings, tell: Tell) -> Iterator[Asked]:
    """Every question of a folder of topics and judgements, asked of what is indexed."""
    from evaluation.own import posed  # noqa: PLC0415

    wide = settings.model_copy(update={"more_columns": every_feature_name()})
    return asking.ask(Searcher(wide), posed(folder), tell)


def _of_sets(data: Path, settings: Settings, tell: Tell, every: int) -> Iterator[Asked]:
    built = corpus.build(data, settings, tell, every=every)
    try:
        yield from of_sets(built, tell)
    finally:
        built.collection.remove()
