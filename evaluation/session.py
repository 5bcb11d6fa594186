"""One evaluation from the command line: where the questions come from, what is compared, what is written."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from engine.errors import ConfigurationError
from engine.settings import Settings
from engine.store import Store
from evaluation import ablation, asking, candidate_log, compare, corpus, costs, datasets, pages, report
from evaluation.asking import Asked
from evaluation.compare import Comparison
from evaluation.corpus import Corpus
from evaluation.costs import Cost
from evaluation.evaluation_set import evaluation_sets
from factors.registry import FactorRegistry
from query.document import show
from ranking.learning.models import Models
from vision.feature_extractor import get_feature_extractor

Json = dict[str, Any]
HELD_OUT = "test"


def held_out(asked: Sequence[Asked]) -> list[Asked]:
    """The questions that no model learned from, and those that have no answer to learn."""
    return [one for one in asked if not one.grades or one.example().side == HELD_OUT]


def compared(asked: Sequence[Asked], settings: Settings, models: Sequence[str], baseline: str) -> Comparison:
    """Rank fusion, single factors, the model in use, and these models; ConfigurationError for a baseline that is none."""
    kept = Models(settings)
    current = kept.state().current or kept.packaged()
    chosen = {"current model": current} if current not in ("", "fusion") else {}
    chosen |= {f"model {name}": name for name in models}
    systems = compare.configurations(
        asked, {name: kept.load(model) for name, model in chosen.items()}, FactorRegistry.of(settings).feature_names()
    )
    if baseline not in systems:
        raise ConfigurationError(f"no configuration is named {baseline!r}; there are {', '.join(systems)}")
    return compare.run(asked, systems, baseline)


def reading(corpus: Corpus) -> Json:
    """The share of the receipts' words that was read; empty where there are no receipts."""
    right, there = 0, 0
    for known in corpus.receipts:
        read = Counter(datasets.words_of(show(corpus.collection.context, corpus.id(known)).text))
        truth = Counter(datasets.words_of(" ".join(known.texts)))
        right, there = right + (truth & read).total(), there + truth.total()
    return {"recall": right / max(there, 1), "scans": len(corpus.receipts)} if corpus.receipts else {}


def abouts() -> Mapping[str, str]:
    """A sentence about each evaluation set."""
    return {name: one.about for name, one in evaluation_sets().items()}


TIMED = 96  # pictures, from all over the collection, that extractors are timed on
CURVE = pages.DOCS / "images" / "more-factors.svg"


class Session:
    """Questions of data sets, of a folder, or of a file; what was indexed for them is removed at the end."""

    def __init__(
        self, data: Path | None, questions: Path | None, file: Path | None, settings: Settings, tell: Callable[[str], None],
        *, every: int = 1,
    ) -> None:  # fmt: skip
        """ConfigurationError unless exactly one source of questions is named; of data sets, only every so many-th part."""
        if sum(source is not None for source in (data, questions, file)) != 1:
            raise ConfigurationError("name one source of questions: --data, --questions or --candidate-log")
        self.data, self.questions, self.file = data, questions, file
        self.settings, self.tell, self.every = settings, tell, every
        self.corpus: Corpus | None = None
        self._requests, self._documents = 0.0, 0
        self._all: list[Asked] = []
        self._ms: dict[str, float] = {}

    def __enter__(self) -> Self:
        """Index the data sets, if they are what is asked."""
        if self.data:
            self.corpus = corpus.build(self.data, self.settings, self.tell, every=self.every)
            self._ms = costs.per_image(get_feature_extractor(self.settings), self.corpus.some(TIMED), self.settings.batch_size)
            self._documents = self.corpus.collection.count()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Remove what was indexed."""
        if self.corpus:
            self.corpus.collection.remove()

    def asked(self, names: tuple[str, ...] = (), *, everything: bool = False) -> list[Asked]:
        """The questions, answered; only held-out ones unless everything is wanted. ConfigurationError where there are none."""
        found = [one for one in self._ask(names, everything) if not names or one.set in names]
        if not found:
            raise ConfigurationError("there are no such questions")
        self._requests = compare.requests(found)
        self._all = found
        return found if everything else self.held_out(found)

    def held_out(self, asked: Sequence[Asked]) -> list[Asked]:
        """The questions that no model learns from; all of them where people judged documents of their own."""
        return list(asked) if self.questions else held_out(asked)

    def compare(self, asked: Sequence[Asked], models: Sequence[str], baseline: str) -> Comparison:
        """Every configuration on every question."""
        return compared(asked, self.settings, models, baseline)

    def ablation(self) -> list[Path]:
        """Draw the curve and write docs/measurements/ablation.md."""
        curve = ablation.draw_curve(self._all, FactorRegistry.of(self.settings).every_feature_name, self.tell)
        ablation.plot(curve, CURVE)
        return [CURVE, *pages.write("ablation", {"surroundings": pages.surroundings(self.settings), "curve": curve})]

    def write(self, comparison: Comparison) -> list[Path]:
        """docs/measurements/quality.md and docs/measurements/quality.json."""
        assert self.corpus is not None
        facts: Json = {
            "surroundings": pages.surroundings(self.settings), "documents": self._documents, "requests": self._requests,
            "profile": self.settings.profile, "every": self.every, "abouts": abouts(),
        }  # fmt: skip
        figures = {
            "facts": facts, "rows": comparison.rows, "reading": reading(self.corpus), "costs": self.costs(comparison),
            "ms_per_image": self._ms,
        }  # fmt: skip
        return pages.write("quality", figures)

    def costs(self, comparison: Comparison) -> list[Cost]:
        """What every factor is worth and costs; only of data sets, which are indexed for this."""
        assert self.corpus is not None
        collection = self.corpus.collection
        feature_extractor = get_feature_extractor(self.settings)
        return costs.measured(collection.client, collection.settings, feature_extractor, comparison, self._ms)

    def report(self, comparison: Comparison, asked: Sequence[Asked], file: Path) -> None:
        """The report with pictures: the model in use against the baseline, or whichever configuration came last."""
        names = list(comparison.outcomes)
        shown = "current model" if "current model" in names else names[-1]
        store = Store(self.corpus.settings if self.corpus else self.settings)
        facts = pages.surroundings(self.settings)
        file.write_text(report.page(comparison, asked, shown, store.thumbnail, facts=facts, abouts=abouts()), encoding="utf-8")

    def tables(self, comparison: Comparison) -> str:
        """The tables as Markdown."""
        return pages.render("question_sets", {"rows": comparison.rows, "abouts": abouts()}).rstrip()

    def losses(self, comparison: Comparison) -> list[str]:
        """Where a model is significantly worse than the baseline, in words."""
        models = [name for name in comparison.outcomes if name.startswith(("current model", "model "))]
        found = [(name, row) for name in models for row in compare.losses(comparison, name)]
        return [
            f"{name} on {row.set}: {row.against.change:+.3f}, p = {row.against.p:.2g}" for name, row in found if row.against
        ]

    def _ask(self, names: tuple[str, ...], everything: bool) -> list[Asked]:
        if self.corpus:
            return list(candidate_log.of_sets(self.corpus, self.tell, names, held_out=not everything))
        if self.file:
            return asking.read(self.file)
        assert self.questions is not None
        return list(candidate_log.of_folder(self.questions, self.settings, self.tell))
