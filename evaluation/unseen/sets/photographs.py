"""Collections asked by photographs alone: covers, landmarks, cars, pets, textures, groceries, garments."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from evaluation import datasets
from evaluation.datasets import COARSE, SAME, Known, thinned
from evaluation.evaluation_set import family_of
from evaluation.unseen.collection import MAX_QUESTIONS, Labelled, UnseenCollection, UnseenQuestion, UnseenSources, alike, rows


class Covers(UnseenCollection):
    """Flat covers, and phone photos of them."""

    name: ClassVar[str] = "covers"
    about: ClassVar[str] = "DVD covers; a phone photo of one asks for it."
    needs: ClassVar[tuple[str, ...]] = ("smvs_dvd",)
    strangers: ClassVar[tuple[str, ...]] = ("cars", "pets", "textures")

    def documents(self, sources: UnseenSources) -> list[Known]:
        """The reference of each cover."""
        root = sources.data / "smvs_dvd"
        return [Known(root / r["path"], self.name, r["dvd_id"]) for r in rows(root / "labels.csv") if r["role"] == "reference"]

    def questions(self, sources: UnseenSources) -> Iterator[UnseenQuestion]:
        """The photos of all phones."""
        root = sources.data / "smvs_dvd"
        by_cover = {known.fine: known.path for known in self.documents(sources)}
        for row in rows(root / "labels.csv"):
            if row["role"] == "query":
                right = {by_cover[row["dvd_id"]]: SAME}
                yield UnseenQuestion(row["path"], "photo to cover", right, picture=(root / row["path"]).read_bytes())


class Cars(Labelled):
    """Cars of forty models."""

    name: ClassVar[str] = "cars"
    about: ClassVar[str] = "Photographs of cars; another of the same model is right."
    needs: ClassVar[tuple[str, ...]] = ("cars",)
    columns: ClassVar[dict[str, str]] = {"cars": "model"}
    strangers: ClassVar[tuple[str, ...]] = ("pets", "textures", "covers")
    named: ClassVar[bool] = True


class Pets(Labelled):
    """Cats and dogs of 37 breeds."""

    name: ClassVar[str] = "pets"
    about: ClassVar[str] = "Photographs of cats and dogs; another of the same breed is right."
    needs: ClassVar[tuple[str, ...]] = ("pets37",)
    columns: ClassVar[dict[str, str]] = {"pets37": "breed"}
    strangers: ClassVar[tuple[str, ...]] = ("cars", "textures", "covers")
    named: ClassVar[bool] = True


class Textures(Labelled):
    """Textures and patterns of fabrics."""

    name: ClassVar[str] = "textures"
    about: ClassVar[str] = "Textures, and fabrics with patterns; another of the same texture or pattern is right."
    needs: ClassVar[tuple[str, ...]] = ("textures_dtd10", "patterns_fabric")
    columns: ClassVar[dict[str, str]] = {"textures_dtd10": "texture", "patterns_fabric": "pattern"}
    strangers: ClassVar[tuple[str, ...]] = ("cars", "pets", "covers")


class Landmarks(UnseenCollection):
    """Photographs of the sights of Oxford, with other photographs among them."""

    name: ClassVar[str] = "landmarks"
    about: ClassVar[str] = "Photographs of the sights of a town; another of the same sight is right."
    needs: ClassVar[tuple[str, ...]] = ("landmarks_oxford",)
    strangers: ClassVar[tuple[str, ...]] = ("textures", "covers")

    def documents(self, sources: UnseenSources) -> list[Known]:
        """All but those that the authors call junk: on these the sight can hardly be seen."""
        root = sources.data / "landmarks_oxford"
        return [Known(root / r["path"], self.name, r["landmark"]) for r in rows(root / "labels.csv") if r["grade"] != "junk"]

    def questions(self, sources: UnseenSources) -> Iterator[UnseenQuestion]:
        """Each photograph of a sight that others show, too."""
        yield from alike(self.documents(sources), "more like this", SAME)


class Groceries(UnseenCollection):
    """A catalogue of groceries, and photos taken in shops."""

    name: ClassVar[str] = "groceries"
    about: ClassVar[str] = (
        "A catalogue of groceries; a photo taken in a shop asks for the product, as its name does, or that of its class."
    )
    needs: ClassVar[tuple[str, ...]] = (datasets.GROCERY,)
    learnable: ClassVar[bool] = True
    learned: ClassVar[tuple[str, ...]] = ("phone photo to catalogue", "same product", "picture and words")
    strangers: ClassVar[tuple[str, ...]] = ("cars", "pets", "textures")

    def documents(self, sources: UnseenSources) -> list[Known]:
        """The catalogue."""
        return datasets.grocery_catalogue(sources.data)

    def questions(self, sources: UnseenSources) -> Iterator[UnseenQuestion]:
        """Photos of other shops than those that weights were fitted on, and names; related products are half right."""
        catalogue = self.documents(sources)
        for photo in thinned(datasets.grocery_photos(sources.data, "val"), MAX_QUESTIONS):
            close = [known for known in catalogue if known.coarse == photo.coarse]
            right = {known.path: SAME if known.fine == photo.fine else COARSE for known in close}
            yield UnseenQuestion(photo.path.name, "photo to catalogue", right, picture=photo.path.read_bytes())
        yield from _named(catalogue)


def _named(catalogue: Sequence[Known]) -> Iterator[UnseenQuestion]:
    """Each product by its name, with others of its class as half right; and each class that several products are of."""
    by_class: dict[str, list[Known]] = {}
    for known in catalogue:
        by_class.setdefault(known.coarse, []).append(known)
    for coarse, products in by_class.items():
        for known in products:
            right, name = {one.path: COARSE for one in products} | {known.path: SAME}, known.texts[0]
            yield UnseenQuestion(name, "words to product", right, text=name, family=family_of(known))
        if len(products) > 1:
            right, name = {one.path: SAME for one in products}, coarse.replace("-", " ")
            yield UnseenQuestion(name, "words to product", right, text=name, family=f"groceries/{name}")


class Garments(UnseenCollection):
    """Photographs of garments that people took."""

    name: ClassVar[str] = "garments"
    about: ClassVar[str] = "Photographs of garments; others of the same kind of garment are right."
    needs: ClassVar[tuple[str, ...]] = (datasets.CLOTHING,)
    learnable: ClassVar[bool] = True
    learned: ClassVar[tuple[str, ...]] = ("same kind",)
    strangers: ClassVar[tuple[str, ...]] = ("cars", "pets")

    def documents(self, sources: UnseenSources) -> list[Known]:
        """All photographs."""
        return datasets.clothing(sources.data)

    def questions(self, sources: UnseenSources) -> Iterator[UnseenQuestion]:
        """Asked by those that no weights were fitted on."""
        documents = self.documents(sources)
        asking = {known.path for known in datasets.unseen(documents)}
        found = [q for q in alike(documents, "more like this", SAME, learnable=True) if q.like in asking]
        yield from thinned(found, MAX_QUESTIONS)
