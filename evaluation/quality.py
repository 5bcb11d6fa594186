"""How good: every configuration on every question set, and how much of the text is read."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from engine.errors import ConfigurationError
from engine.settings import Settings
from evaluation import compare, datasets
from evaluation.asking import Asked
from evaluation.compare import Comparison
from evaluation.corpus import Corpus
from evaluation.evaluation_set import evaluation_sets
from factors.registry import FactorRegistry
from query.document import show
from ranking.learning.models import Models

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


def figures(comparison: Comparison) -> list[Json]:
    """The rows as JSON."""
    return [asdict(row) for row in comparison.rows]
