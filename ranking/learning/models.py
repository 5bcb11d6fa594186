"""The learned models of an installation, and how one is taken into use.

    <folder>/<id>/model.txt     LightGBM's own format
    <folder>/<id>/card.json     features, training data, recipe, quality, and the weights of the index that it learned on

They are versions of one folder (ranking/versions.py).
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from opensearchpy import OpenSearch
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.connections import connect
from engine.errors import ConfigurationError, NotFoundError
from engine.settings import Settings
from ranking.fusion import NAME as FUSION
from ranking.learning.learned import Learned, Recipe
from ranking.learning.measures import Verdict
from ranking.plugin.upload import Export, export, upload
from ranking.versions import State, VersionedFolder

if TYPE_CHECKING:
    import lightgbm

Connect = Callable[[Settings], OpenSearch]
IN_ENGINE = "sltr"  # the ranker that scores by the engine's Learning to Rank plugin
PACKAGED = Path(__file__).parents[1] / "packaged"  # the model that Omma comes with
LIBRARIES = ("lightgbm", "numpy", "ir-measures", "scipy")


class Card(BaseModel):
    """Everything known of a model."""

    model_config = ConfigDict(frozen=True)

    id: str
    made: datetime
    about: str = ""
    recipe: Recipe
    profile: str = Field("", description="OMMA_PROFILE when it was made, for people")
    weights: dict[str, str] = Field({}, description="Extractor -> fingerprint of the index that it learned on")
    data: str = Field(description="Hash of the examples")
    examples: dict[str, int] = Field({}, description="How many, by side of the split")
    sources: dict[str, int] = Field({}, description="How many, by question set")
    metrics: dict[str, dict[str, float]] = Field({}, description="ranker -> measure -> mean over held-out questions")
    verdict: Verdict | None = None
    gain: dict[str, float] = Field({}, description="By feature, its share of what the trees gain")
    parent: str = Field("", description="The model in use when it was made")
    libraries: dict[str, str] = {}
    checksum: str = Field("", description="sha256 of model.txt")

    def differing(self, fingerprints: Mapping[str, str]) -> list[str]:
        """The extractors whose fingerprint in an index is not the one that the model learned on."""
        return sorted(name for name, mark in self.weights.items() if fingerprints.get(name, mark) != mark)

    @property
    def digest(self) -> str:
        """`training_digest` of its data and recipe, whichever objective turned out best."""
        return training_digest(
            self.data, self.recipe.model_copy(update={"objective": Recipe.model_fields["objective"].default})
        )


class Models:
    """The folder of models of an installation."""

    def __init__(self, settings: Settings) -> None:
        """The folder need not exist yet."""
        self.folder = settings.rank_folder
        self._versions = VersionedFolder(self.folder, "model", "omma rank promote")

    def list(self) -> "list[Card]":
        """Latest first, including the packaged one; damaged models are left out here, and named by `load`."""
        found = []
        for path in [*self.folder.glob("*/card.json"), PACKAGED / "card.json"]:
            try:
                found.append(_card(path.parent))
            except (ConfigurationError, NotFoundError):
                continue
        return sorted(found, key=lambda card: card.made, reverse=True)

    def path(self, model: str) -> Path:
        """The folder of a model by its id or the first letters of it; NotFoundError."""
        if not model:
            raise NotFoundError("name a model; `omma rank list` has them")
        packaged = [PACKAGED] if (PACKAGED / "card.json").exists() and _card(PACKAGED).id.startswith(model) else []
        found = [p for p in sorted(self.folder.glob("*")) if p.is_dir() and p.name.startswith(model)] + packaged
        exact = [path for path in found if path.name == model]
        if len(exact or found) != 1:
            raise NotFoundError(f"there {'is no model' if not found else 'are several models'} {model[:80]!r}")
        return (exact or found)[0]

    def card(self, model: str) -> Card:
        """The card of a model; NotFoundError, ConfigurationError where it is damaged."""
        return _card(self.path(model))

    def load(self, model: str) -> Learned:
        """The ranker; ConfigurationError where files are missing or damaged."""
        return load(self.path(model))

    def packaged(self) -> str:
        """Id of the model that Omma comes with; empty where there is none."""
        return _card(PACKAGED).id if (PACKAGED / "card.json").exists() else ""

    def state(self) -> State:
        """The model in use now; ConfigurationError where the file is damaged."""
        return self._versions.state()

    def mark(self) -> tuple[int, int]:
        """Changes whenever the state does; costs one `stat`."""
        return self._versions.mark()

    def add(self, booster: "lightgbm.Booster", card: Card) -> Card:
        """Write a new folder; the card with its id and checksum. A model of the same id stays as it is."""
        text = booster.model_to_string()
        card = card.model_copy(update={"checksum": _sha(text.encode()), "libraries": libraries()})
        added = self._versions.add(card.id, _files(text, card))
        return card if added else _card(self.folder / card.id)

    def promote(self, model: str) -> State:
        """Take a model (or `fusion`) into use, in one step; NotFoundError, ConfigurationError where it cannot be loaded."""
        name = model if model == FUSION else self.load(model).name
        return self._versions.switch(name, before=self.packaged())

    def rollback(self) -> State:
        """Return to the model in use before; NotFoundError where there was none."""
        return self._versions.rollback()

    def challenge(self, model: str) -> State:
        """Share live searches between the current ranker and this one; empty: no longer."""
        name = model if model in ("", FUSION) else self.load(model).name
        return self._versions.write_state(self.state().model_copy(update={"challenger": name}))


def promote_model(model: str, settings: Settings, connected: Connect = connect) -> State:
    """Take a model (or `fusion`) into use; with `OMMA_RANKER=sltr` put it into the engine first.

    NotFoundError; ConfigurationError where the model cannot be loaded, or the engine cannot hold it; EngineUnavailable. Nothing
    changes then.
    """
    models = Models(settings)
    _prepare(model, models, settings, connected)
    return models.promote(model)


def roll_back_model(settings: Settings, connected: Connect = connect) -> State:
    """Return to the model in use before, under the same conditions; NotFoundError where there was none."""
    models = Models(settings)
    previous = models.state().previous
    if not previous:
        raise NotFoundError("no model was in use before this one")
    _prepare(previous[0], models, settings, connected)
    return models.rollback()


def is_orderable(learned: Learned, settings: Settings) -> bool:
    """Whether the ranker of the settings can compute the model's features."""
    try:
        _exported(learned, settings)
    except ConfigurationError:
        return False
    return True


def _prepare(model: str, models: Models, settings: Settings, connected: Connect) -> None:
    """Load the model, to raise its errors; upload it where the engine ranks."""
    if model in ("", FUSION):
        return
    learned = models.load(model)
    exported = _exported(learned, settings)
    if exported is not None:
        upload(connected(settings), exported)


def _exported(learned: Learned, settings: Settings) -> Export | None:
    """The model in the plugin's form, None where the engine does not rank; ConfigurationError where it has no such form."""
    if settings.ranker != IN_ENGINE:
        return None
    try:
        return export(learned)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"model {learned.name} cannot be used with OMMA_RANKER=sltr: {error}; or set OMMA_RANKER=model"
        ) from error


def new_id(data: str, recipe: Recipe, now: datetime | None = None) -> str:
    """The time, and the digest of data and recipe."""
    return f"{(now or datetime.now(UTC)):%Y%m%d-%H%M%S}-{training_digest(data, recipe)}"


def training_digest(data: str, recipe: Recipe) -> str:
    """Hash of the examples (by their own hash) and the recipe: where a model has it, there is nothing new to learn."""
    return _sha(f"{data} {recipe.model_dump_json()}".encode())[:10]


def load(folder: Path) -> Learned:
    """The ranker in a folder; ConfigurationError where files are missing or damaged."""
    import lightgbm  # noqa: PLC0415  (brings scikit-learn, SciPy and pandas: only a process that ranks by a model waits for it)

    card = _card(folder)
    try:
        text = (folder / "model.txt").read_bytes()
    except OSError as error:
        raise ConfigurationError(f"model {card.id} cannot be read: {error.strerror}") from error
    if _sha(text) != card.checksum:
        raise ConfigurationError(f"model {card.id} is damaged: its file is not the one that was written")
    booster = lightgbm.Booster(model_str=text.decode())
    _check_names(card, booster)
    return Learned(card.id, card.recipe.features, booster, card.recipe.blend)


def libraries() -> dict[str, str]:
    """Versions of the libraries that make a model."""
    return {name: version(name) for name in LIBRARIES}


def _check_names(card: Card, booster: "lightgbm.Booster") -> None:
    """ConfigurationError unless trees and card have the same features in the same order."""
    trees, named = booster.feature_name(), list(card.recipe.features.names)
    if trees != named:
        differing = sorted(set(trees) ^ set(named)) or ["their order"]
        raise ConfigurationError(f"model {card.id} was made with other features: {', '.join(differing)}")


def _files(text: str, card: Card) -> dict[str, str]:
    return {"model.txt": text, "card.json": card.model_dump_json(indent=2) + "\n"}


def _card(folder: Path) -> Card:
    try:
        return Card.model_validate(json.loads((folder / "card.json").read_text()))
    except OSError as error:
        raise ConfigurationError(f"model {folder.name} has no card: {error.strerror}") from error
    except (ValidationError, ValueError) as error:
        raise ConfigurationError(f"the card of model {folder.name} is damaged") from error


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
