"""Named sets of questions with known answers, asked of the mixed collection.

What asks is a picture that no weights were fitted on (training/held_out.py): an order that is learned from answers to others
would trust the extractors more than they deserve. What is merely indexed may be any picture.

Grades: 4 is the thing itself or one of the same fine class, 2 one of the same coarse class, 1 what is remotely related.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from evaluation import sets
from evaluation.corpus import Corpus
from evaluation.sets import Known
from ingest.item import Item
from ranking.judgements.judgement import Topic
from ranking.learning.examples import Part, side_of
from training import transforms

Grades = dict[str, int]
SAME, COARSE, REMOTE = 4, 2, 1
SEED = 7
WORDS_ASKED = 3
MOST = {
    "shop": 360,
    "kind": 500,
    "captions": 600,
    "copies": 600,
    "parts": 300,
    "siblings": 220,
    "described": 200,
    "nothing": 90,
}
NOTHING = "nothing relevant"


@dataclass(frozen=True, slots=True)
class Posed:
    """A question, the bytes of its picture, and what is known of its answers.

    `complete`: every other document is unrelated; otherwise nothing is known of them.
    """

    set: str
    topic: Topic
    grades: Grades
    family: str
    picture: bytes | None = None
    part: Part | None = None
    complete: bool = True

    @property
    def held_out(self) -> bool:
        """Whether no model learns from it."""
        return (self.part or side_of(self.family)) == "test"


def phone_to_catalogue(corpus: Corpus) -> Iterator[Posed]:
    """A photo taken in a shop, asked of the catalogue; the picture of the same product is right."""
    for photo, part in _shop_questions(corpus):
        topic = Topic(picture=photo.path.name, filters={"collection": [sets.CATALOGUE]})
        yield Posed(
            "phone photo to catalogue", topic, _graded(corpus, photo, corpus.catalogue), _family(photo), _bytes(photo), part
        )


def same_product(corpus: Corpus) -> Iterator[Posed]:
    """A photo taken in a shop, asked of everything; pictures of the same product are right."""
    for photo, part in list(_shop_questions(corpus))[::2]:
        grades = _graded(corpus, photo, [*corpus.catalogue, *corpus.shop])
        yield Posed("same product", Topic(picture=photo.path.name), grades, _family(photo), _bytes(photo), part)


def same_kind(corpus: Corpus) -> Iterator[Posed]:
    """A garment, asked of all garments; those of its class are right."""
    for garment in sets.thinned(sets.unseen(corpus.garments), MOST["kind"]):
        grades = {corpus.id(k): SAME for k in corpus.garments if k.fine == garment.fine and k is not garment}
        topic = Topic(like=corpus.id(garment), filters={"collection": [sets.CLOTHING]})
        yield Posed("same kind", topic, grades, _family(garment))


def words_to_picture(corpus: Corpus) -> Iterator[Posed]:
    """What somebody else wrote about an everyday photo; that photo is right."""
    for photo in sets.thinned(corpus.photos, MOST["captions"]):
        topic = Topic(text=" ".join(sets.words_of(photo.texts[1])))
        yield Posed("words to picture", topic, {corpus.id(photo): SAME}, _family(photo))


def text_in_picture(corpus: Corpus) -> Iterator[Posed]:
    """Words that can be read: of a receipt's line, of a sign; or another picture with the same words on it."""
    for scan in corpus.receipts:
        for line in _lines(scan):
            yield Posed("text in picture", Topic(text=" ".join(line)), {corpus.id(scan): SAME}, _family(scan))
    for sign, unseen, words in corpus.signs:
        right = {corpus.id(sign): SAME}
        yield Posed("text in picture", Topic(text=" ".join(words)), right, _family(sign))
        yield Posed("text in picture", Topic(picture=unseen.path.name), right, _family(sign), _bytes(unseen))


def picture_and_words(corpus: Corpus) -> Iterator[Posed]:
    """A photo of one product and the name of its sibling; or a part of a photo and what it shows."""
    by_coarse: dict[str, list[Known]] = {}
    for known in corpus.catalogue:
        by_coarse.setdefault(known.coarse, []).append(known)
    asked = [(p, part) for p, part in _shop_questions(corpus) if len(by_coarse.get(p.coarse, ())) > 1]
    for place, (photo, part) in enumerate(asked[:: max(1, len(asked) // MOST["siblings"])]):
        others = [known for known in by_coarse[photo.coarse] if known.fine != photo.fine]
        wanted = others[place % len(others)]
        grades = {corpus.id(k): COARSE for k in by_coarse[photo.coarse]} | {corpus.id(wanted): SAME}
        topic = Topic(picture=photo.path.name, text=wanted.texts[0].casefold())
        yield Posed("picture and words", topic, grades, _family(photo), _bytes(photo), part)
    for seed, photo in enumerate(sets.thinned(corpus.photos, MOST["described"])):
        topic = Topic(picture=f"crop-{photo.path.name}", text=" ".join(sets.words_of(photo.texts[2])[:4]))
        copy = transforms.copy(_bytes(photo), "crop", seed)
        yield Posed("picture and words", topic, {corpus.id(photo): SAME}, _family(photo), copy)


def near_duplicates(corpus: Corpus) -> Iterator[Posed]:
    """A transformed copy of an indexed picture; that picture is right."""
    kinds = list(transforms.TRANSFORMS)
    for seed, item in enumerate(_thinned(corpus.unseen_stamps, MOST["copies"] * 2 // 3)):
        kind = kinds[seed % len(kinds)]
        behind = corpus.scenes[seed % len(corpus.scenes)] if corpus.scenes and seed % 2 else None
        copy = transforms.copy(corpus.collection.original(item.original), kind, seed, behind)
        topic = Topic(picture=f"{kind}-{item.original}")
        yield Posed("near-duplicate", topic, _stamp_grades(corpus, item), item.original, copy)
    for seed, photo in enumerate(sets.thinned(corpus.photos, MOST["copies"] // 3)):
        kind = kinds[seed % len(kinds)]
        topic = Topic(picture=f"{kind}-{photo.path.name}")
        copy = transforms.copy(_bytes(photo), kind, seed)
        yield Posed("near-duplicate", topic, {corpus.id(photo): SAME}, _family(photo), copy)


def same_object(corpus: Corpus) -> Iterator[Posed]:
    """A part of a picture into which an indexed picture was pasted; that one is right."""
    if not corpus.scenes:
        return
    for seed, item in enumerate(_thinned(corpus.unseen_stamps, MOST["parts"])):
        scene = corpus.scenes[-1 - seed % len(corpus.scenes)]
        picture, box = transforms.pasted(corpus.collection.original(item.original), scene, seed)
        topic = Topic(picture=f"pasted-{item.original}", box=[round(part, 4) for part in box])
        yield Posed("same object", topic, _stamp_grades(corpus, item), item.original, picture)


def nothing_relevant(corpus: Corpus) -> Iterator[Posed]:
    """Questions that nothing answers: garments and everyday photos asked of a catalogue of groceries, words nobody wrote."""
    if corpus.catalogue:
        among = {"collection": [sets.CATALOGUE]}
        garments, number = sets.unseen(corpus.garments), MOST["nothing"] // 3
        for photo in [*sets.thinned(corpus.photos, number), *sets.thinned(garments, number)]:
            yield Posed(NOTHING, Topic(like=corpus.id(photo), filters=among), {}, _family(photo), part="test")
    letters = random.Random(SEED)  # noqa: S311  (made-up words, no secret)
    for _ in range(MOST["nothing"] // 3):
        text = "".join(letters.choices("bcdfghjklmnpqrstvwxz", k=9))
        yield Posed(NOTHING, Topic(text=text), {}, text, part="test")


QUESTION_SETS: dict[str, Callable[[Corpus], Iterator[Posed]]] = {
    "same object": same_object, "same product": same_product, "phone photo to catalogue": phone_to_catalogue,
    "same kind": same_kind, "words to picture": words_to_picture, "text in picture": text_in_picture,
    "picture and words": picture_and_words, "near-duplicate": near_duplicates, NOTHING: nothing_relevant,
}  # fmt: skip


def _shop_questions(corpus: Corpus) -> Iterator[tuple[Known, Part | None]]:
    """Unseen photos, none of them indexed: of the set's validation part to test with, others to learn from."""
    if not corpus.catalogue:
        return
    for place, photo in enumerate(sets.thinned(sets.unseen(sets.grocery_photos(corpus.data, "train")), MOST["shop"])):
        yield photo, "validation" if place % 5 == 0 else "train"
    for photo in sets.grocery_photos(corpus.data, "val"):
        yield photo, "test"


def _graded(corpus: Corpus, asked: Known, among: Iterable[Known]) -> Grades:
    """The same fine class, the same coarse class."""
    close = [known for known in among if known.coarse == asked.coarse]
    return {corpus.id(known): SAME if known.fine == asked.fine else COARSE for known in close}


def _stamp_grades(corpus: Corpus, item: Item) -> Grades:
    """The picture itself, then those of its subject, then those of its category."""
    related: Mapping[str, int] = {
        other.original: COARSE if other.facets == item.facets else REMOTE
        for other in corpus.stamps
        if other.category == item.category
    }
    return {**related, item.original: SAME}


def _lines(scan: Known) -> Iterator[list[str]]:
    """Words of five lines that have enough of them."""
    lines = [words for line in scan.texts if len(words := sets.words_of(line)) >= WORDS_ASKED]
    chosen = random.Random(SEED).sample(lines, min(5, len(lines)))  # noqa: S311  (a fixed choice, no secret)
    return (sorted(words, key=len, reverse=True)[:WORDS_ASKED] for words in chosen)


def _thinned(items: list[Item], most: int) -> list[Item]:
    return [items[n * len(items) // most] for n in range(most)] if len(items) > most else items


def _family(known: Known) -> str:
    return f"{known.set}/{known.path.name}"


def _bytes(known: Known) -> bytes:
    return known.path.read_bytes()
