"""What the identification of entities is measured on: pictures that are indexed, entities, and photographs of them.

All sets are in one index, so that the entities of one are distractors of the others. Pictures of things that no entity is of
ask as well; what is answered to them is wrong, whatever it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from answers.entities.entity import MAX_REFERENCES, Entity
from engine.settings import Settings
from evaluation import datasets
from evaluation.alterations import ALTERATIONS, altered, pasted
from evaluation.collection import Collection
from evaluation.datasets import Known, thinned
from evaluation.unseen.collection import rows
from ingest.item import Item
from ingest.sources.demo import DemoSource
from training.held_out import is_held_out

NEEDS = (
    "grocery", "flickr8k", "smvs_dvd", "landmarks_oxford", "cars", "pets37", "food10", "pacs", "fashion_magento",
    "boxes_logos27",
)  # fmt: skip
# Folder of things that no entity is of -> the column of their label (they are not indexed).
UNKNOWN = {"textures_dtd10": "texture", "patterns_fabric": "pattern", "hair_type5": "hair_type", "faces_celeb24": "person",
           "interior_styles": "style", "products_snacks": "label"}  # fmt: skip
UNKNOWN_EACH = 24  # photographs of each of these, and of everyday scenes
SCENES, DISTRACTORS = 60, 300  # everyday photographs: pasted onto; indexed without being an entity
PASTED_STAMPS, ALTERED_STAMPS = 80, 12
MIN_SIDE = 100  # px of the longer side of a drawing that is altered
REFERENCES = 2  # photographs of a car or a landmark that are its references; the others ask
MOST = 80  # questions of one set
MOST_WORDS = 30  # names of one set that ask
NO_BRAND = "none"  # of photographs without a known logo


@dataclass(frozen=True, slots=True)
class Asking:
    """A question by a picture, or by words: `right` are ids of documents whose entities are right, or `name` one of WordNet.

    None of both: no entity is of what it shows. Sets of one `family` are left out together where a matcher is fitted.
    """

    set: str
    family: str
    name: str
    picture: bytes | None = None
    words: str = ""
    right: frozenset[str] = frozenset()
    noun: str = ""

    @property
    def is_known(self) -> bool:
        """Whether an entity is of what it shows."""
        return bool(self.right or self.noun)


@dataclass
class EntitySets:
    """The index, the entities that no loader makes from it, and the questions."""

    data: Path
    settings: Settings
    index: Collection
    entities: list[Entity] = field(default_factory=list)
    asking: list[Asking] = field(default_factory=list)

    def build(self) -> None:
        """Index everything, and collect entities and questions."""
        datasets.need(self.data, *NEEDS)
        self._stamps()
        self._groceries()
        self._covers()
        self._photographs("landmarks", self._labels("landmarks_oxford", "landmark"), "landmark")
        self._photographs("cars", self._labels("cars", "model"), "vehicle")
        self._photographs("dishes", self._labels("food10", "dish"), "food")
        self._breeds()
        self._nouns("objects by WordNet", "objects", self._labels("pacs", "object"))
        self._garments()
        self._logos()
        self._unknown()
        self._words()

    def _stamps(self) -> None:
        """The demo corpus; held-out drawings ask, pasted onto photographs, and altered otherwise."""
        source = DemoSource("demo", "demo", self.index.settings)
        items = [item for item in source.items() if isinstance(item, Item)]
        self.index.add_items(items)
        everyday = datasets.everyday(self.data, SCENES + DISTRACTORS)
        self.index.add([Known(known.path, known.set) for known in everyday[SCENES:]])
        scenes = [known.path.read_bytes() for known in everyday[:SCENES]]
        held = [item for item in items if is_held_out("demo", Path(item.reference).name)]
        for seed, item in enumerate(thinned(held, PASTED_STAMPS)):
            picture = pasted(self.index.original(item.original), scenes[seed % len(scenes)], seed)
            self._ask("drawings on photographs", "drawings", item.reference, picture, {item.original})
        for seed, item in enumerate(thinned(held, ALTERED_STAMPS)):
            for kind in ALTERATIONS:
                picture = altered(self.index.original(item.original), kind, seed)
                self._ask("altered drawings", "drawings", f"{item.reference} {kind}", picture, {item.original})

    def _groceries(self) -> None:
        """The catalogue of groceries; photographs taken in shops ask, of which no weights were fitted on."""
        catalogue = datasets.grocery_catalogue(self.data)
        self.index.add(catalogue, texts=2)
        by_class = {known.fine: self.index.ids[known.path] for known in catalogue}
        for photo in thinned(datasets.grocery_photos(self.data, "val"), MOST):
            self._ask("groceries", "groceries", photo.path.name, photo.path.read_bytes(), {by_class[photo.fine]})

    def _covers(self) -> None:
        """Covers of films; photographs of them by phones ask."""
        root = self.data / "smvs_dvd"
        entries = rows(root / "labels.csv")
        known = {r["dvd_id"]: Known(root / r["path"], "covers") for r in entries if r["role"] == "reference"}
        self.index.add(known.values())
        ids = {cover: self.index.ids[one.path] for cover, one in known.items()}
        self.entities += [_entity("covers", f"film {cover}", "work", [document]) for cover, document in ids.items()]
        for row in (row for row in entries if row["role"] == "query"):
            self._ask("covers", "covers", row["path"], (root / row["path"]).read_bytes(), {ids[row["dvd_id"]]})

    def _labels(self, folder: str, column: str) -> Mapping[str, list[Path]]:
        """The photographs of each label; those without one are indexed as they are."""
        others = [row["path"] for row in rows(self.data / folder / "labels.csv") if not row[column]]
        self.index.add(Known(self.data / folder / path, folder) for path in others)
        return _by_label(self.data / folder, column)

    def _photographs(self, name: str, by_name: Mapping[str, list[Path]], kind: str) -> None:
        """Photographs of things by name: the first ones are references, the others ask."""
        for label, paths in by_name.items():
            self.index.add(Known(path, name) for path in paths[:REFERENCES])
            documents = [self.index.ids[path] for path in paths[:REFERENCES]]
            self.entities.append(_entity(name, label, kind, documents))
        left = [(label, path, paths[:REFERENCES]) for label, paths in by_name.items() for path in paths[REFERENCES:]]
        for _, path, references in thinned(left, MOST):
            self._ask(name, name, path.name, path.read_bytes(), {self.index.ids[one] for one in references})

    def _breeds(self) -> None:
        """Cats and dogs ask for their breed: every second one has reference pictures, the others are nouns of WordNet."""
        every = list(self._labels("pets37", "breed").items())
        self._photographs("breeds", dict(every[::2]), "animal")
        self._nouns("breeds by WordNet", "breeds", dict(every[1::2]))

    def _nouns(self, of: str, family: str, by_name: Mapping[str, list[Path]]) -> None:
        """Photographs ask for a noun of WordNet, which has no reference pictures."""
        for label, path in thinned([(label, path) for label, paths in by_name.items() for path in paths], MOST):
            self.asking.append(Asking(of, family, path.name, path.read_bytes(), noun=label.replace("_", " ")))

    def _garments(self) -> None:
        """Garments of a shop: the main view of each is its reference, the other views ask."""
        root = self.data / "fashion_magento"
        names, views = {r["sku"]: r["name"] for r in rows(root / "products.csv")}, rows(root / "images.csv")
        main = {r["sku"]: root / r["path"] for r in views if r["view"] == "main"}
        self.index.add(Known(path, "garments", texts=(names.get(sku, sku),)) for sku, path in main.items())
        ids = {sku: self.index.ids[path] for sku, path in main.items()}
        self.entities += [_entity("garments", names.get(sku, sku), "product", [document]) for sku, document in ids.items()]
        for row in thinned([row for row in views if row["view"] != "main" and row["sku"] in main], MOST):
            self._ask("garments", "garments", row["path"], (root / row["path"]).read_bytes(), {ids[row["sku"]]})

    def _logos(self) -> None:
        """Photographs with the logo of a brand; those without a known logo ask, too."""
        root = self.data / "boxes_logos27"
        by_name = {label: paths[:MAX_REFERENCES] for label, paths in self._labels("boxes_logos27", "label").items()}
        self.index.add(Known(path, "logos") for paths in by_name.values() for path in paths)
        documents = {label: [self.index.ids[path] for path in paths] for label, paths in by_name.items()}
        self.entities += [_entity("logos", label, "brand", found) for label, found in documents.items()]
        for row in rows(root / "queries.csv"):
            of = "unknown: no logo" if row["brand"] == NO_BRAND else "logos"
            self._ask(of, "logos", row["path"], (root / row["path"]).read_bytes(), {*documents.get(row["brand"], ())})

    def _unknown(self) -> None:
        """Things that no entity is of, and everyday scenes."""
        for folder, column in UNKNOWN.items():
            if datasets.there(self.data, folder):
                paths = sorted(path for found in _by_label(self.data / folder, column).values() for path in found)
                for path in thinned(list(dict.fromkeys(paths)), UNKNOWN_EACH):
                    self._ask(f"unknown: {folder}", folder, path.name, path.read_bytes(), set())
        for known in thinned(datasets.backgrounds(self.data), UNKNOWN_EACH):
            self._ask("unknown: everyday scenes", "scenes", known.path.name, known.path.read_bytes(), set())

    def _words(self) -> None:
        """Names ask without a picture: of groceries and cars."""
        catalogue = datasets.grocery_catalogue(self.data)
        cars = [one for one in self.entities if one.source == "cars"]
        self._name("groceries", {known.texts[0]: {self.index.ids[known.path]} for known in catalogue})
        self._name("cars", {one.names["en"]: {*one.references} for one in cars})

    def _name(self, of: str, by_name: Mapping[str, set[str]]) -> None:
        for name, right in thinned(list(by_name.items()), MOST_WORDS):
            self.asking.append(Asking(f"names of {of}", f"names of {of}", name, words=name, right=frozenset(right)))

    def _ask(self, of: str, family: str, name: str, picture: bytes, right: set[str]) -> None:
        self.asking.append(Asking(of, family, name, picture, right=frozenset(right)))


def _by_label(root: Path, column: str) -> Mapping[str, list[Path]]:
    """The photographs of each label, sorted; those that the authors call junk or unclean are left out."""
    found: dict[str, list[Path]] = {}
    for row in rows(root / "labels.csv"):
        if row[column] and row.get("grade") != "junk" and row.get("clean") != "0":
            found.setdefault(row[column], []).append(root / row["path"])
    return {label: sorted(set(paths)) for label, paths in sorted(found.items())}


def _entity(of: str, name: str, kind: str, references: Sequence[str]) -> Entity:
    return Entity(id=f"{of}:{name}", names={"en": name.replace("_", " ")}, type=kind, references=list(references), source=of)
