"""Training a model: from examples to a folder with everything known of it, and into use if it passes the gate."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from engine.connections import connect
from engine.settings import Settings
from factors.registry import FactorRegistry
from ranking.candidate_set import Ranker
from ranking.fusion import NAME as FUSION
from ranking.fusion import Fusion
from ranking.learning.examples import Example, Part, by_side, digest
from ranking.learning.features import FeatureSet
from ranking.learning.learned import LISTWISE, Learned, Objective, Recipe, fit
from ranking.learning.measures import NAMES, Verdict, judge, measure, ndcg, ordered_by
from ranking.learning.models import IN_ENGINE, Card, Connect, Models, is_orderable, new_id, promote_model, training_digest
from ranking.plugin.upload import check_server

Tell = Callable[[str], None]
Sides = Mapping[Part, list[Example]]
ABOUT = "Trained by `omma rank train`."
BLEND = 2.0  # rank fusion's weight: what an order learned on other collections gains most by; the engine has trees alone


@dataclass(frozen=True, slots=True)
class Trained:
    """The card of a model, and whether the model is new or was there already."""

    card: Card
    new: bool


def retrain(
    examples: Sequence[Example], settings: Settings, *, tell: Tell, plain: bool | None = None, promote: bool = True,
    weights: Mapping[str, str] | None = None, connected: Connect = connect,
) -> Trained:  # fmt: skip
    """Train on all enabled features; take the model into use where it is new and passes the gate.

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


def train(
    examples: Sequence[Example], features: FeatureSet, models: Models, settings: Settings, *, tell: Tell, about: str = "",
    weights: Mapping[str, str] | None = None,
) -> Trained:  # fmt: skip
    """Fit both list-wise objectives, and others to compare them with; the better one becomes a model, unless it is known.

    `weights`: extractor -> fingerprint of the index that the examples come from; the card records them. ConfigurationError
    where there is nothing to learn from.
    """
    data, recipe = digest(examples), Recipe(features=features, blend=BLEND if features.listwise else 0.0)
    if known := _known(models, training_digest(data, recipe)):
        tell(f"nothing new to learn: model {known.id} was made of the same examples in the same way")
        return Trained(known, new=False)
    sides = by_side(examples)
    tell(", ".join(f"{name}: {len(side)} questions" for name, side in sides.items()))
    fitted = {objective: _fitted(objective, recipe, sides, tell) for objective in LISTWISE}
    best, current = _best(fitted, sides), in_use(models, settings, weights or {})
    card = Card(
        id=new_id(data, recipe), made=datetime.now(UTC), about=about, profile=settings.profile, weights=dict(weights or {}),
        data=data, recipe=recipe.model_copy(update={"objective": best}), examples={n: len(side) for n, side in sides.items()},
        sources=dict(Counter(example.set or "judged" for example in examples)), parent=current.name, gain=_gain(fitted[best]),
    )  # fmt: skip
    card = _measured(card, fitted, current, sides=sides, slice_fall=settings.rank_slice_fall, tell=tell)
    return Trained(models.add(fitted[best].booster, card), new=True)


def _known(models: Models, wanted: str) -> Card | None:
    """The model of the same examples and recipe, if there is one."""
    return next((card for card in models.list() if card.digest == wanted), None)


def _best(fitted: Mapping[Objective, Learned], sides: Sides) -> Objective:
    """The objective whose model has the highest mean NDCG@10 on the validation side."""
    return max(fitted, key=lambda objective: float(np.mean([*ndcg(sides["validation"], fitted[objective]).values()])))


def _measured(
    card: Card, fitted: Mapping[Objective, Learned], current: Ranker, *, sides: Sides, slice_fall: float, tell: Tell
) -> Card:
    """The card with the verdict against the current ranker, and the measures of all rankers, on the held-out questions."""
    rankers: dict[str, Ranker] = {FUSION: Fusion(), "current": current}
    rankers |= _others(card.recipe, sides, tell)
    rankers |= {str(objective): model for objective, model in fitted.items()}
    verdict = judge(fitted[card.recipe.objective], current, sides["test"], slice_fall)
    tell(verdict_text(verdict))
    return card.model_copy(update={"verdict": verdict, "metrics": _metrics(sides["test"], rankers)})


def in_use(models: Models, settings: Settings, weights: Mapping[str, str]) -> Ranker:
    """The ranker that a new model must not be worse than: the model in use.

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


def _others(recipe: Recipe, sides: Sides, tell: Tell) -> dict[str, Ranker]:
    """Models to compare list-wise ones with: one without list context, and one that predicts each grade by itself."""
    plain = recipe.model_copy(update={"features": FeatureSet(columns=recipe.features.columns, listwise=False), "blend": 0.0})
    return {
        "lambdarank, without list context": _fitted("lambdarank", plain, sides, tell),
        "point-wise": _fitted("pointwise", plain, sides, tell),
    }


def _fitted(objective: Objective, recipe: Recipe, sides: Sides, tell: Tell) -> Learned:
    tell(f"training with {objective}")
    booster = fit(sides["train"], sides["validation"], recipe.model_copy(update={"objective": objective}))
    return Learned(objective, recipe.features, booster, recipe.blend)


def fitted_on(examples: Sequence[Example], recipe: Recipe) -> Learned:
    """A model of these examples alone, which is not kept."""
    sides = by_side(examples)
    return Learned(recipe.objective, recipe.features, fit(sides["train"], sides["validation"], recipe), recipe.blend)


def _metrics(examples: Sequence[Example], rankers: Mapping[str, Ranker]) -> dict[str, dict[str, float]]:
    """ranker -> measure -> mean over the held-out questions."""
    if not examples:
        return {}
    found = {name: measure(examples, ordered_by(ranker)) for name, ranker in rankers.items()}
    return {name: {m: round(float(np.mean([*figures[m].values()])), 4) for m in NAMES} for name, figures in found.items()}


def _gain(model: Learned) -> dict[str, float]:
    """Feature -> its share of the gain of all splits, the greatest first; features without any are left out."""
    gains = model.booster.feature_importance("gain")
    total = float(gains.sum()) or 1.0
    pairs = sorted(zip(model.features.names, gains, strict=True), key=lambda pair: -pair[1])
    return {name: round(float(gain) / total, 4) for name, gain in pairs if gain > 0}
