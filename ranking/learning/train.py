"""Training a model: from examples to a folder with everything known of it."""

import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from engine.connections import connect
from engine.settings import Settings
from factors.registry import FactorRegistry
from ranking.candidate_set import CandidateSet, Ranked, Ranker
from ranking.fusion import NAME as FUSION
from ranking.fusion import ReciprocalRank
from ranking.learning.examples import Example, Part, by_side, digest
from ranking.learning.features import FeatureSet
from ranking.learning.learned import LISTWISE, Learned, Objective, Recipe, fit
from ranking.learning.measures import NAMES, Verdict, judge, measure, ndcg, ordered_by
from ranking.learning.models import IN_ENGINE, PACKAGED, Card, Connect, Models, is_orderable, mark_of, new_id, promote_model
from ranking.plugin.upload import check_server

MOST_FEATURES = 15


def page(card: Card) -> str:
    """The report in Markdown."""
    head = f"# Model {card.id}\n\n{card.about}\n\n" if card.about else f"# Model {card.id}\n\n"
    return head + "\n\n".join(part for part in (_origin(card), _rankers(card), _gate(card), _features(card)) if part) + "\n"


def _origin(card: Card) -> str:
    sides = ", ".join(f"{count} {name}" for name, count in card.examples.items())
    sources = ", ".join(f"{name} {count}" for name, count in sorted(card.sources.items()))
    versions = ", ".join(f"{name} {number}" for name, number in card.libraries.items())
    return "\n".join([
        f"* made {card.made:%Y-%m-%d %H:%M} UTC by {versions}; objective {card.recipe.objective}, seed {card.recipe.seed}",
        f"* questions: {sides} ({sources})",
        f"* {len(card.recipe.features.names)} features of {len(card.recipe.features.columns)} columns; profile {card.profile}",
        f"* data {card.data[:16]}, model {card.checksum[:16]}, after {card.parent or 'none'}",
    ])  # fmt: skip


def _rankers(card: Card) -> str:
    """Means over held-out questions, ranker by ranker."""
    if not card.metrics:
        return ""
    rows = [f"| {name} | " + " | ".join(f"{figures[m]:.4f}" for m in NAMES) + " |" for name, figures in card.metrics.items()]
    head = ["## Held-out questions", "", "| order | " + " | ".join(NAMES) + " |", "|---" * (len(NAMES) + 1) + "|"]
    return "\n".join([*head, *rows])


def _gate(card: Card) -> str:
    verdict = card.verdict
    if verdict is None:
        return ""
    low, high = verdict.interval
    lines = [
        "## Against the model before it",
        "",
        f"NDCG@10 {verdict.before:.4f} by {verdict.against}, {verdict.after:.4f} now: {verdict.after - verdict.before:+.4f} "
        f"({low:+.4f} to {high:+.4f} with 95 % confidence, p = {verdict.p:.2g}, {verdict.questions} questions). "
        + ("It may take over." if verdict.passed else "It may not take over: " + "; ".join(verdict.reasons) + "."),
        "",
        "| questions | how many | before | now | change |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {s.name} | {s.questions} | {s.before:.3f} | {s.after:.3f} | {s.after - s.before:+.3f} |" for s in verdict.slices
    ]
    return "\n".join(lines)


def _features(card: Card) -> str:
    if not card.gain:
        return ""
    rows = [f"| `{name}` | {gain:.1%} |" for name, gain in list(card.gain.items())[:MOST_FEATURES]]
    return "\n".join(["## What the trees gain by", "", "| feature | share |", "|---|---|", *rows])


Tell = Callable[[str], None]
DATA = """
## Data and limits

Trained on questions with known answers over a mixed collection (`omma rank collect FILE --data FOLDER`, then
`omma rank train --candidate-log FILE --packaged`): GroceryStoreDataset (MIT), clothing-dataset-small (CC0), Flickr8k (research
use), ICDAR-2019 SROIE receipts, drawn signs, and Tux Paint's stamps (GPL-2 or later, public domain), with transformed copies.
Only trees over factor values are kept: no picture, text or vector of any set. It knows photographs of things, garments, food
and everyday scenes, asked by pictures, parts of them, and English words. Extractors of other weights give features other
values: the model is not used with an index whose fingerprints differ from its card's. `omma rank train --generate` trains one
there.
"""
ABOUT = "Trained by `omma rank train`."


class Fusion:
    """Rank fusion as each candidate_set says that it was set: what a first model is compared with."""

    name = FUSION

    def order(self, candidate_set: CandidateSet) -> list[Ranked]:
        """By the candidate_set's own weights."""
        return ReciprocalRank.of(candidate_set.fusion_config).order(candidate_set)

    def contributions(self, candidate_set: CandidateSet, documents: Sequence[str]) -> dict[str, dict[str, float]]:
        """By the candidate_set's own weights."""
        return ReciprocalRank.of(candidate_set.fusion_config).contributions(candidate_set, documents)


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of it: a card, and whether it is new or was there already."""

    card: Card
    new: bool


def train(
    examples: Sequence[Example], features: FeatureSet, models: Models, settings: Settings, *, tell: Tell, about: str = "",
    weights: Mapping[str, str] | None = None,
) -> Trained:  # fmt: skip
    """Try both list-wise objectives, and others to compare them with; the better one becomes a model, if there is news.

    `weights`: extractor -> fingerprint of the index that the examples come from; the card records them. ConfigurationError
    where there is nothing to learn from, or the features are not those of the factors.
    """
    data, recipe = digest(examples), Recipe(features=features)
    known = next((card for card in models.list() if known_by(card) == mark_of(data, recipe)), None)
    if known:
        tell(f"nothing new to learn: model {known.id} was made of the same examples in the same way")
        return Trained(known, new=False)
    sides = by_side(examples)
    tell(", ".join(f"{name}: {len(side)} questions" for name, side in sides.items()))
    tried = {objective: _fitted(objective, recipe, sides, tell) for objective in LISTWISE}
    best = max(LISTWISE, key=lambda objective: float(np.mean([*ndcg(sides["validation"], tried[objective]).values()])))
    current = in_use(models, settings, weights or {})
    rankers: dict[str, Ranker] = {FUSION: Fusion(), "current": current}
    rankers |= _others(recipe, sides, tell)
    rankers |= {str(objective): model for objective, model in tried.items()}
    verdict = judge(tried[best], current, sides["test"], settings.rank_slice_fall)
    card = Card(
        id=new_id(data, recipe), made=datetime.now(UTC), about=about, profile=settings.profile,
        weights=dict(weights or {}), data=data,
        recipe=recipe.model_copy(update={"objective": best}), examples={name: len(side) for name, side in sides.items()},
        sources=dict(Counter(example.set or "judged" for example in examples)), verdict=verdict,
        metrics=_metrics(sides["test"], rankers), gain=_gain(tried[best]),
        parent=current.name,
    )  # fmt: skip
    tell(verdict_text(verdict))
    return Trained(models.add(tried[best].booster, card), new=True)


def retrain(
    examples: Sequence[Example],
    settings: Settings,
    *,
    tell: Tell,
    plain: bool | None = None,
    promote: bool = True,
    weights: Mapping[str, str] | None = None,
    connected: Connect = connect,
) -> Trained:
    """Train on all features of now; take the model into use where it is new and passes the gate.

    `weights` are those of `train`. `plain` leaves list-wise features out; None does so where the engine ranks
    (`OMMA_RANKER=sltr`), which cannot compute them. ConfigurationError, before anything is trained, where that engine cannot
    hold a model.
    """
    models, in_engine = Models(settings), settings.ranker == IN_ENGINE
    if in_engine and promote:
        check_server(connected(settings))
    columns = FactorRegistry.of(settings).feature_names()
    features = FeatureSet(columns=columns, listwise=not (in_engine if plain is None else plain))
    trained = train(examples, features, models, settings, tell=tell, about=ABOUT, weights=weights)
    if promote and trained.new and trained.card.verdict and trained.card.verdict.passed:
        promote_model(trained.card.id, settings, connected)
        tell(f"in use: {trained.card.id}")
    return trained


def package(trained: Trained, settings: Settings) -> None:
    """Make it the model that Omma comes with: a folder of the repository, with a card for people."""
    source = Models(settings).path(trained.card.id)
    if source != PACKAGED:
        shutil.rmtree(PACKAGED, ignore_errors=True)
        shutil.copytree(source, PACKAGED)
    (PACKAGED / "README.md").write_text(page(trained.card) + DATA)


def known_by(card: Card) -> str:
    """What the model was made of, as `mark_of` tells it."""
    return mark_of(card.data, card.recipe.model_copy(update={"objective": Recipe.model_fields["objective"].default}))


def in_use(models: Models, settings: Settings, weights: Mapping[str, str]) -> Ranker:
    """The ranker that a new model must not fall behind: the model in use.

    Rank fusion where that model learned on other weights, or where the engine cannot hold it.
    """
    name = models.state().current or models.packaged()
    if name in ("", FUSION) or models.card(name).differing(weights):
        return Fusion()
    model = models.load(name)
    return model if is_orderable(model, settings) else Fusion()


def verdict_text(verdict: Verdict) -> str:
    """A verdict in one line."""
    change = f"NDCG@10 {verdict.before:.4f} by {verdict.against}, {verdict.after:.4f} by the new model"
    certainty = f"{verdict.questions} held-out questions, p = {verdict.p:.2g}"
    return f"{change} ({certainty}): " + ("may be promoted" if verdict.passed else "; ".join(verdict.reasons))


def _others(recipe: Recipe, sides: Mapping[Part, list[Example]], tell: Tell) -> dict[str, Ranker]:
    """What list-wise learning is compared with: without list context, and a model that predicts grades one by one."""
    plain = recipe.model_copy(update={"features": FeatureSet(columns=recipe.features.columns, listwise=False)})
    return {
        "lambdarank, without list context": _fitted("lambdarank", plain, sides, tell),
        "point-wise": _fitted("pointwise", plain, sides, tell),
    }


def _fitted(objective: Objective, recipe: Recipe, sides: Mapping[Part, list[Example]], tell: Tell) -> Learned:
    tell(f"training with {objective}")
    booster = fit(sides["train"], sides["validation"], recipe.model_copy(update={"objective": objective}))
    return Learned(objective, recipe.features, booster)


def _metrics(examples: Sequence[Example], rankers: Mapping[str, Ranker]) -> dict[str, dict[str, float]]:
    """Means over the held-out questions."""
    if not examples:
        return {}
    found = {name: measure(examples, ordered_by(ranker)) for name, ranker in rankers.items()}
    return {name: {m: round(float(np.mean([*figures[m].values()])), 4) for m in NAMES} for name, figures in found.items()}


def _gain(model: Learned) -> dict[str, float]:
    gains = model.booster.feature_importance("gain")
    total = float(gains.sum()) or 1.0
    pairs = sorted(zip(model.features.names, gains, strict=True), key=lambda pair: -pair[1])
    return {name: round(float(gain) / total, 4) for name, gain in pairs if gain > 0}
