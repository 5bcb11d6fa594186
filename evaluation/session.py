"""One `omma evaluate`: where the questions come from, which configurations are compared, what is written."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from engine.errors import ConfigurationError
from engine.settings import Settings
from engine.store import Store
from evaluation import asking, candidate_log, compare, costs, datasets, indexing, pages, report
from evaluation.candidate_log import Asked
from evaluation.collection import Collection
from evaluation.compare import Comparison
from evaluation.corpus import Corpus
from evaluation.costs import Cost
from evaluation.evaluation_set import evaluation_sets
from factors.registry import FactorRegistry
from query.document import show
from ranking.learning.models import Models
from vision.feature_extractor import get_feature_extractor

Json = dict[str, Any]
TIMED_PICTURES = 96  # from all over the collection, that extractors are timed on


class Session:
    """Questions of data sets, of a folder, or of a candidate log; the index made for data sets is removed at the end."""

    def __init__(
        self, data: Path | None, questions: Path | None, file: Path | None, settings: Settings, tell: Callable[[str], None],
        *, every: int = 1,
    ) -> None:  # fmt: skip
        """ConfigurationError unless exactly one source of questions is named; `every`: use one in so many of the pictures."""
        if sum(source is not None for source in (data, questions, file)) != 1:
            raise ConfigurationError("name one source of questions: --data, --questions or --candidate-log")
        self.data, self.questions, self.file = data, questions, file
        self.settings, self.tell, self.every = settings, tell, every
        self._built: tuple[Corpus, Collection] | None = None
        self._requests, self._documents = 0.0, 0
        self._ms: dict[str, float] = {}

    def __enter__(self) -> Self:
        """Index the data sets, if they are the source, and time the extractors on them."""
        if self.data:
            corpus, collection = self._built = indexing.build(self.data, self.settings, self.tell, every=self.every)
            extractor = get_feature_extractor(self.settings)
            self._ms = costs.per_image(extractor, corpus.some(TIMED_PICTURES), self.settings.batch_size)
            self._documents = collection.count()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Remove the index of the data sets."""
        if self._built:
            self._built[1].remove()

    def asked(self, names: tuple[str, ...] = (), *, everything: bool = False) -> list[Asked]:
        """The answered questions of all sets or of these: held-out ones, or all. ConfigurationError if there are none."""
        found = [one for one in self._ask(names, everything) if not names or one.set in names]
        if not found:
            raise ConfigurationError("there are no such questions")
        self._requests = compare.requests(found)
        return found if everything else self.held_out(found)

    def _ask(self, names: tuple[str, ...], everything: bool) -> list[Asked]:
        if self._built:
            corpus, collection = self._built
            return list(asking.of_sets(corpus, collection.searcher(), self.tell, names, held_out=not everything))
        if self.file:
            return candidate_log.read(self.file)
        assert self.questions is not None
        return list(asking.of_folder(self.questions, self.settings, self.tell))

    def held_out(self, asked: Sequence[Asked]) -> list[Asked]:
        """The questions that no model learns from; all of them if people judged documents of their own."""
        return list(asked) if self.questions else held_out(asked)

    def compare(self, asked: Sequence[Asked], models: Sequence[str], baseline: str) -> Comparison:
        """Every configuration on every question."""
        return compared(asked, self.settings, models, baseline)

    def losses(self, comparison: Comparison) -> list[str]:
        """Sentences: on which sets a model is significantly worse than the baseline."""
        models = [name for name in comparison.outcomes if name.startswith(("current model", "model "))]
        found = [(name, row) for name in models for row in compare.losses(comparison, name)]
        return [
            f"{name} on {row.set}: {row.against.change:+.3f}, p = {row.against.p:.2g}" for name, row in found if row.against
        ]

    def tables(self, comparison: Comparison) -> str:
        """A Markdown table per question set."""
        figures = {"rows": comparison.rows, "abouts": abouts(self.settings)}
        return pages.render("question_sets", figures).rstrip()

    def write(self, comparison: Comparison) -> list[Path]:
        """Write docs/measurements/quality.md and quality.json."""
        assert self._built is not None
        facts: Json = {
            "surroundings": pages.surroundings(self.settings), "documents": self._documents, "requests": self._requests,
            "profile": self.settings.profile, "every": self.every, "abouts": abouts(self.settings),
        }  # fmt: skip
        figures = {
            "facts": facts, "rows": comparison.rows, "reading": reading(*self._built), "costs": self.costs(comparison),
            "ms_per_image": self._ms,
        }  # fmt: skip
        return pages.write("quality", figures)

    def costs(self, comparison: Comparison) -> list[Cost]:
        """Worth and cost of every factor; only for data sets, which are indexed for this."""
        assert self._built is not None
        _, collection = self._built
        extractor = get_feature_extractor(self.settings)
        return costs.measured(collection.client, collection.settings, extractor, comparison, self._ms)

    def report(self, comparison: Comparison, asked: Sequence[Asked], file: Path) -> None:
        """Write the HTML report: the model in use, or else the last configuration, against the baseline."""
        names = list(comparison.outcomes)
        shown = "current model" if "current model" in names else names[-1]
        thumbnail = Store(self._built[0].settings if self._built else self.settings).thumbnail
        facts, about = pages.surroundings(self.settings), abouts(self.settings)
        file.write_text(report.page(comparison, asked, shown, thumbnail, facts=facts, abouts=about), encoding="utf-8")


def held_out(asked: Sequence[Asked]) -> list[Asked]:
    """The questions that no model learned from, and those without an answer to learn."""
    return [one for one in asked if not one.grades or one.example().side == "test"]


def compared(asked: Sequence[Asked], settings: Settings, models: Sequence[str], baseline: str) -> Comparison:
    """Rank fusion, single factors, the model in use, and these models; ConfigurationError for an unknown baseline."""
    kept = Models(settings)
    current = kept.state().current or kept.packaged()
    chosen = {"current model": current} if current not in ("", "fusion") else {}
    chosen |= {f"model {name}": name for name in models}
    loaded = {name: kept.load(model) for name, model in chosen.items()}
    systems = compare.configurations(asked, loaded, FactorRegistry.of(settings).feature_names())
    if baseline not in systems:
        raise ConfigurationError(f"no configuration is named {baseline!r}; there are {', '.join(systems)}")
    return compare.run(asked, systems, baseline)


def reading(corpus: Corpus, collection: Collection) -> Json:
    """The share of the receipts' words that was read; empty without receipts."""
    right, there = 0, 0
    for known in corpus.receipts:
        read = Counter(datasets.words_of(show(collection.context, corpus.id(known)).text))
        truth = Counter(datasets.words_of(" ".join(known.texts)))
        right, there = right + (truth & read).total(), there + truth.total()
    return {"recall": right / max(there, 1), "scans": len(corpus.receipts)} if corpus.receipts else {}


def abouts(settings: Settings) -> Mapping[str, str]:
    """Evaluation set -> the sentence about it."""
    return {name: one.about for name, one in evaluation_sets(settings).items()}
