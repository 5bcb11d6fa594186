"""One evaluation from the command line: where the questions come from, what is compared, what is written."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from engine.errors import ConfigurationError
from engine.settings import Settings
from engine.store import Store
from evaluation import ablation, asking, candidate_log, compare, corpus, costs, html, pages, quality, report
from evaluation.asking import Asked
from evaluation.compare import Comparison
from evaluation.corpus import Corpus
from evaluation.costs import Cost
from factors.registry import FactorRegistry
from vision.feature_extractor import get_feature_extractor

Json = dict[str, Any]
TIMED = 96  # pictures, from all over the collection, that extractors are timed on
CURVE = report.DOCS / "images" / "more-factors.svg"


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
        return list(asked) if self.questions else quality.held_out(asked)

    def compare(self, asked: Sequence[Asked], models: Sequence[str], baseline: str) -> Comparison:
        """Every configuration on every question."""
        return quality.compared(asked, self.settings, models, baseline)

    def ablation(self) -> list[Path]:
        """Draw the curve and write docs/measurements/ablation.md."""
        curve = ablation.draw_curve(self._all, FactorRegistry.of(self.settings).every_feature_name, self.tell)
        ablation.plot(curve, CURVE)
        facts = report.surroundings(self.settings)
        figures = {"surroundings": facts, "curve": curve}
        return [CURVE, *report.write("ablation", pages.ablation(curve, facts), figures)]

    def write(self, comparison: Comparison) -> list[Path]:
        """docs/measurements/quality.md and docs/measurements/quality.json."""
        assert self.corpus is not None
        facts: Json = {
            "surroundings": report.surroundings(self.settings), "documents": self._documents, "requests": self._requests,
            "profile": self.settings.profile, "every": self.every, "abouts": quality.abouts(),
        }  # fmt: skip
        read, each = quality.reading(self.corpus), self.costs(comparison)
        figures = {"facts": facts, "rows": comparison.rows, "reading": read, "costs": each, "ms_per_image": self._ms}
        return report.write("quality", pages.quality(comparison, facts, read, each), figures)

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
        facts = report.surroundings(self.settings)
        file.write_text(
            html.page(comparison, asked, shown, store.thumbnail, facts=facts, abouts=quality.abouts()), encoding="utf-8"
        )

    def tables(self, comparison: Comparison) -> str:
        """The tables as Markdown."""
        return pages.tables(comparison, quality.abouts())

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
