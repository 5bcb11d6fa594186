"""Models as folders that never change, and the one that is in use.

    <folder>/<id>/model.txt     LightGBM's own format
    <folder>/<id>/card.json     what it reads, what it was made from, how good it is
    <folder>/state.json         the model in use, those before it, and a challenger where two are compared

A folder is made under another name and moved into place; so is `state.json`: a reader sees the old or the new, never half.
"""

import hashlib
import json
import uuid
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.errors import ConfigurationError, NotFoundError
from engine.settings import Settings
from ranking.fusion import NAME as FUSION
from ranking.learning.fit import Recipe
from ranking.learning.gate import Verdict
from ranking.learning.learned import Learned

if TYPE_CHECKING:
    import lightgbm

PACKAGED = Path(__file__).parents[1] / "packaged"  # the model that Omma comes with
LIBRARIES = ("lightgbm", "numpy", "ir-measures", "scipy")
KEPT = 20  # models that a rollback can go back by


class Card(BaseModel):
    """Everything known of a model."""

    model_config = ConfigDict(frozen=True)

    id: str
    made: datetime
    about: str = ""
    recipe: Recipe
    profile: str = Field(description="The models that looked at the pictures it learned from")
    data: str = Field(description="Hash of the examples")
    examples: dict[str, int] = Field({}, description="How many, by side of the split")
    sources: dict[str, int] = Field({}, description="How many, by question set")
    metrics: dict[str, dict[str, float]] = Field({}, description="ranker -> measure -> mean over held-out questions")
    verdict: Verdict | None = None
    gain: dict[str, float] = Field({}, description="By feature, its share of what the trees gain")
    parent: str = Field("", description="The model in use when it was made")
    libraries: dict[str, str] = {}
    checksum: str = Field("", description="sha256 of model.txt")


class State(BaseModel):
    """Which model is in use; empty: the one that Omma comes with."""

    model_config = ConfigDict(frozen=True)

    current: str = ""
    previous: list[str] = []
    challenger: str = Field("", description="A ranker that shares live searches with the current one (team draft)")


class Models:
    """The folder of models of an installation."""

    def __init__(self, settings: Settings) -> None:
        """Nothing needs to be there yet."""
        self.folder = settings.rank_folder
        self._state = self.folder / "state.json"

    def list(self) -> "list[Card]":
        """Latest first, then the packaged one; damaged ones are left out here, and told by `load`."""
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
        """What is known of it; NotFoundError, ConfigurationError where it is damaged."""
        return _card(self.path(model))

    def load(self, model: str) -> Learned:
        """The ranker; ConfigurationError where files are missing or damaged."""
        return load(self.path(model))

    def packaged(self) -> str:
        """Id of the model that Omma comes with; empty where there is none."""
        return _card(PACKAGED).id if (PACKAGED / "card.json").exists() else ""

    def state(self) -> State:
        """What is in use now; ConfigurationError where the file is damaged."""
        try:
            return State.model_validate_json(self._state.read_text())
        except FileNotFoundError:
            return State()
        except (OSError, ValidationError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{self._state} is damaged; `omma rank promote` writes it anew") from error

    def mark(self) -> tuple[int, int]:
        """Changes whenever the state does; asking for it costs a microsecond."""
        try:
            found = self._state.stat()
        except OSError:
            return (0, 0)
        return (found.st_mtime_ns, found.st_ino)

    def add(self, booster: "lightgbm.Booster", card: Card) -> Card:
        """Write a new folder; the card with its id and checksum. A model of the same id stays as it is."""
        text = booster.model_to_string()
        card = card.model_copy(update={"checksum": _sha(text.encode()), "libraries": libraries()})
        final, temporary = self.folder / card.id, self.folder / f".{card.id}-{uuid.uuid4().hex[:6]}"
        if final.exists():
            return _card(final)
        write(temporary, text, card)
        temporary.replace(final)
        return card

    def promote(self, model: str) -> State:
        """Take a model (or `fusion`) into use, in one step; NotFoundError, ConfigurationError where it cannot be loaded."""
        name = model if model == FUSION else self.load(model).name
        before = self._known_state()
        previous = [before.current or self.packaged(), *before.previous][:KEPT]
        return self._write_state(State(current=name, previous=previous))

    def rollback(self) -> State:
        """Back to the one before; NotFoundError where there was none."""
        before = self.state()
        if not before.previous:
            raise NotFoundError("no model was in use before this one")
        current, *previous = before.previous
        return self._write_state(State(current=current, previous=previous))

    def challenge(self, model: str) -> State:
        """Share live searches between the current ranker and this one; empty: no longer."""
        name = model if model in ("", FUSION) else self.load(model).name
        return self._write_state(self.state().model_copy(update={"challenger": name}))

    def _known_state(self) -> State:
        try:
            return self.state()
        except ConfigurationError:  # a damaged file must not keep anyone from writing a whole one
            return State()

    def _write_state(self, state: State) -> State:
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self._state.with_name(f".state-{uuid.uuid4().hex}")
        temporary.write_text(state.model_dump_json(indent=2) + "\n")
        temporary.replace(self._state)
        return state


def new_id(data: str, recipe: Recipe, now: datetime | None = None) -> str:
    """When, and of what: the same data and recipe end in the same letters."""
    return f"{(now or datetime.now(UTC)):%Y%m%d-%H%M%S}-{mark_of(data, recipe)}"


def mark_of(data: str, recipe: Recipe) -> str:
    """What tells whether there is anything new to learn."""
    return _sha(f"{data} {recipe.model_dump_json()}".encode())[:10]


def write(folder: Path, text: str, card: Card) -> None:
    """The two files of a model."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.txt").write_text(text)
    (folder / "card.json").write_text(card.model_dump_json(indent=2) + "\n")


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
    return Learned(card.id, card.recipe.features, booster)


def libraries() -> dict[str, str]:
    """Versions of what makes a model."""
    return {name: version(name) for name in LIBRARIES}


def _check_names(card: Card, booster: "lightgbm.Booster") -> None:
    """Trees and card must speak of the same features, in the same order."""
    trees, named = booster.feature_name(), list(card.recipe.features.names)
    if trees != named:
        differing = sorted(set(trees) ^ set(named)) or ["their order"]
        raise ConfigurationError(f"model {card.id} was made with other features: {', '.join(differing)}")


def _card(folder: Path) -> Card:
    try:
        return Card.model_validate(json.loads((folder / "card.json").read_text()))
    except OSError as error:
        raise ConfigurationError(f"model {folder.name} has no card: {error.strerror}") from error
    except (ValidationError, ValueError) as error:
        raise ConfigurationError(f"the card of model {folder.name} is damaged") from error


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
