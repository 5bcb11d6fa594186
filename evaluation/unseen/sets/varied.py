"""Collections of many kinds, most without text, whose questions the order and the evidence may learn from.

Products alone teach that what is known of products decides. In these, the embedding of any image does, or the joint embedding,
objects, labels, keypoints or words in the image.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import ClassVar

from evaluation.datasets import REMOTE, SAME, Known, thinned
from evaluation.evaluation_set import family_of
from evaluation.unseen.collection import MAX_QUESTIONS, Labelled, UnseenCollection, UnseenQuestion, UnseenSources, rows

MAX_SHOWING = 13  # photos that show an object one asks for
WRITTEN = {"pottedplant": "potted plant", "diningtable": "dining table", "tvmonitor": "television"}  # as people write it
DRAWN = {"photo": "photo", "art_painting": "painting", "cartoon": "cartoon", "sketch": "sketch"}


class Scenes(UnseenCollection):
    """Photos with several objects each."""

    name: ClassVar[str] = "scenes"
    about: ClassVar[str] = (
        "Photos with several objects each, without text; the name of an object asks for those that show it, or two names."
    )
    needs: ClassVar[tuple[str, ...]] = ("boxes_coco", "boxes_voc")
    learnable: ClassVar[bool] = True
    strangers: ClassVar[tuple[str, ...]] = ("hair",)

    def documents(self, sources: UnseenSources) -> list[Known]:
        """All photos."""
        paths = {
            sources.data / folder / row["path"] for folder in self.needs for row in rows(sources.data / folder / "labels.csv")
        }
        return [Known(path, self.name) for path in sorted(paths)]

    def questions(self, sources: UnseenSources) -> Iterator[UnseenQuestion]:
        """Each object that few photos show, and each two that a photo shows together; a photo with one of two is remote."""
        shown = {name: photos for name, photos in self._shown(sources).items() if len(photos) <= MAX_SHOWING}
        asked = [(name, dict.fromkeys(photos, SAME)) for name, photos in sorted(shown.items())]
        for one, other in combinations(sorted(shown), 2):
            if both := shown[one] & shown[other]:
                remote = dict.fromkeys(shown[one] ^ shown[other], REMOTE)
                asked.append((f"{one} and {other}", remote | dict.fromkeys(both, SAME)))
        for words, right in thinned(asked, MAX_QUESTIONS):
            family = family_of(Known(min(path for path, grade in right.items() if grade == SAME), self.name))
            yield UnseenQuestion(words, "words to photo", right, text=words, family=family)

    def _shown(self, sources: UnseenSources) -> Mapping[str, set[Path]]:
        """Photos by the name of an object that they show."""
        found: dict[str, set[Path]] = {}
        for folder in self.needs:
            for row in rows(sources.data / folder / "labels.csv"):
                if name := row["label"]:
                    found.setdefault(WRITTEN.get(name, name), set()).add(sources.data / folder / row["path"])
        return found


class Drawings(Labelled):
    """Seven things as photos, paintings, cartoons and sketches."""

    name: ClassVar[str] = "things drawn"
    about: ClassVar[str] = (
        "Photos, paintings, cartoons and sketches of seven things; another of the thing is right, by its name too."
    )
    needs: ClassVar[tuple[str, ...]] = ("pacs",)
    learnable: ClassVar[bool] = True
    strangers: ClassVar[tuple[str, ...]] = ("logos",)
    columns: ClassVar[dict[str, str]] = {"pacs": "object"}

    def questions(self, sources: UnseenSources) -> Iterator[UnseenQuestion]:
        """More like each, and words: the thing in one manner ("dog sketch"); in another manner it is remote."""
        yield from super().questions(sources)
        paths = {
            (r["object"], r["domain"], sources.data / "pacs" / r["path"]) for r in rows(sources.data / "pacs" / "labels.csv")
        }
        for thing in sorted({thing for thing, _, _ in paths}):
            for manner, written in DRAWN.items():
                right = {path: SAME if m == manner else REMOTE for t, m, path in paths if t == thing}
                words = f"{thing} {written}"
                yield UnseenQuestion(words, "words to image", right, text=words, family=f"{self.name}/{words}")


class Rooms(Labelled):
    """Rooms of four kinds in five styles."""

    name: ClassVar[str] = "rooms"
    about: ClassVar[str] = "Photos of rooms; another room of the same kind is right, and of the same style too where words ask."
    needs: ClassVar[tuple[str, ...]] = ("interior_styles",)
    learnable: ClassVar[bool] = True
    strangers: ClassVar[tuple[str, ...]] = ("hair", "logos")
    columns: ClassVar[dict[str, str]] = {"interior_styles": "room_type"}

    def questions(self, sources: UnseenSources) -> Iterator[UnseenQuestion]:
        """More like each, and words: a room in a style; in another style it is remote."""
        yield from super().questions(sources)
        root = sources.data / "interior_styles"
        labels = [(r["room_type"], r["style"], root / r["path"]) for r in rows(root / "labels.csv") if r["clean"] != "0"]
        for room, style in sorted({(room, style) for room, style, _ in labels}):
            right = {path: SAME if s == style else REMOTE for r, s, path in labels if r == room}
            words = f"{style} {room.replace('_', ' ')}"
            yield UnseenQuestion(words, "words to image", right, text=words, family=f"{self.name}/{words}")


class Hair(Labelled):
    """People with five kinds of hair."""

    name: ClassVar[str] = "hair"
    about: ClassVar[str] = "Photos of people; another with the same kind of hair is right."
    needs: ClassVar[tuple[str, ...]] = ("hair_type5",)
    learnable: ClassVar[bool] = True
    strangers: ClassVar[tuple[str, ...]] = ("buildings", "logos")
    columns: ClassVar[dict[str, str]] = {"hair_type5": "hair_type"}


class Buildings(Labelled):
    """Buildings of three styles."""

    name: ClassVar[str] = "buildings"
    about: ClassVar[str] = "Photos of buildings; another of the same style is right."
    needs: ClassVar[tuple[str, ...]] = ("architecture3",)
    learnable: ClassVar[bool] = True
    strangers: ClassVar[tuple[str, ...]] = ("hair", "logos")
    columns: ClassVar[dict[str, str]] = {"architecture3": "style"}


class Logos(UnseenCollection):
    """Photos with the logo of a brand."""

    name: ClassVar[str] = "logos"
    about: ClassVar[str] = "Photos that show a brand's logo; another with the same logo is right."
    needs: ClassVar[tuple[str, ...]] = ("boxes_logos27",)
    learnable: ClassVar[bool] = True
    strangers: ClassVar[tuple[str, ...]] = ("hair", "buildings", "rooms")
    named: ClassVar[bool] = True

    def documents(self, sources: UnseenSources) -> list[Known]:
        """The photos with a box around the logo."""
        root = sources.data / "boxes_logos27"
        brands = {root / row["path"]: row["label"] for row in rows(root / "labels.csv")}
        return [Known(path, self.name, brand) for path, brand in sorted(brands.items())]

    def questions(self, sources: UnseenSources) -> Iterator[UnseenQuestion]:
        """The other photos of each brand."""
        root, documents = sources.data / "boxes_logos27", self.documents(sources)
        for row in rows(root / "queries.csv"):
            photo = Known(root / row["path"], self.name, row["brand"])
            right = {known.path: SAME for known in documents if known.fine == photo.fine}
            if right:
                yield UnseenQuestion(
                    row["path"], "photo to photos", right, picture=photo.path.read_bytes(), family=family_of(photo)
                )


class Packs(UnseenCollection):
    """Packs of snacks, with the name in the shop."""

    name: ClassVar[str] = "packs"
    about: ClassVar[str] = "Packs of snacks; the name of a product without its weight asks for it."
    needs: ClassVar[tuple[str, ...]] = ("products_snacks",)
    learnable: ClassVar[bool] = True
    strangers: ClassVar[tuple[str, ...]] = ("hair", "buildings", "rooms")

    def documents(self, sources: UnseenSources) -> list[Known]:
        """One photo of each product."""
        root = sources.data / "products_snacks"
        names = {row["product_id"]: row["name"] for row in rows(root / "catalogue.csv")}
        paths = {root / row["path"]: row["label"] for row in rows(root / "labels.csv")}
        return [Known(path, self.name, product, texts=(names[product],)) for path, product in paths.items() if product in names]

    def questions(self, sources: UnseenSources) -> Iterator[UnseenQuestion]:
        """Each name."""
        for known in self.documents(sources):
            words = " ".join(re.findall(r"[^\W\d][\w']*", re.sub(r"\d+\s*k?g\b", "", known.texts[0], flags=re.IGNORECASE)))
            yield UnseenQuestion(words, "words to pack", {known.path: SAME}, text=words, family=family_of(known))
