"""Measurements of a joint embedding of pictures and words, on captioned photos that it was not fitted on."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from training.captioned import words_of
from vision.image_features import Vector, unit

Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]
DEPTHS = (1, 5, 10)
WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)  # of words added to a picture, or subtracted from words
SUBTRACTED = 5  # of these weights, in subtraction
TOP = 10  # results of a question that are judged
MIN_CAPTIONS = 2  # of a photo with a word, for the word to be surely true of the photo
MIN_SHARED = 2  # words of two photos that are alike
MIN_TOGETHER = 2  # photos in which two words occur together
MIN_PHOTOS = 10  # with a word, for questions with the word
QUESTIONS = 1000
FALSE_ALARMS = 0.05  # share of own captions that may count as disagreeing
SEED = 5


@dataclass(frozen=True, slots=True)
class Shown:
    """Photos [n, d] and captions [m, d] in the joint embedding, the index of each caption's photo [m], and the captions."""

    pictures: Vector
    captions: Vector
    photo: Indices
    texts: Sequence[str]


def retrieval(shown: Shown) -> dict[str, dict[str, float]]:
    """Recall at 1, 5 and 10 and median rank in both directions; of a photo's captions, the best-ranked counts."""
    likeness = shown.captions @ shown.pictures.T
    own = likeness[np.arange(len(shown.photo)), shown.photo]
    text_ranks = 1 + (likeness > own[:, None]).sum(axis=1)
    best = np.full(len(shown.pictures), -np.inf, dtype=np.float32)
    np.maximum.at(best, shown.photo, own)
    picture_ranks = 1 + (likeness > best[None, :]).sum(axis=0)
    return {"text_to_image": _recalls(text_ranks), "image_to_text": _recalls(picture_ranks)}


def _recalls(ranks: Indices) -> dict[str, float]:
    recalls = {f"r_at_{depth}": round(float((ranks <= depth).mean()), 3) for depth in DEPTHS}
    return recalls | {"median_rank": float(np.median(ranks))}


class WordQuestions:
    """Questions made from words of captions, whose right answers are known."""

    def __init__(self, shown: Shown) -> None:
        counts = [Counter[str]() for _ in shown.pictures]
        for text, photo in zip(shown.texts, shown.photo, strict=True):
            counts[photo].update(set(words_of(text)))
        self.any = [frozenset(count) for count in counts]
        self.sure = [frozenset(word for word, times in count.items() if times >= MIN_CAPTIONS) for count in counts]

    @cached_property
    def common(self) -> list[str]:
        """Words that are surely true of enough photos, sorted."""
        found = Counter(word for words in self.sure for word in words)
        return sorted(word for word, photos in found.items() if photos >= MIN_PHOTOS)

    def additions(self) -> list[tuple[int, str, Indices]]:
        """Questions of a photo and a word that it lacks; right are photos with the word that share two words with the photo."""
        rng = np.random.default_rng(SEED)
        asked: list[tuple[int, str, Indices]] = []
        for photo in rng.permutation(len(self.sure)).tolist():
            word = str(rng.choice(self.common))
            right = self._alike_with(photo, word)
            if word not in self.any[photo] and len(right):
                asked.append((photo, word, right))
        return asked[:QUESTIONS]

    def exclusions(self) -> list[tuple[str, str, Indices]]:
        """Questions of a word without another that often occurs with it; right are photos with the first word only."""
        together = Counter((one, other) for words in self.sure for one in words for other in words if one != other)
        pairs = [pair for pair, times in sorted(together.items()) if times >= MIN_TOGETHER and set(pair) <= set(self.common)]
        chosen = np.random.default_rng(SEED).permutation(len(pairs))[:QUESTIONS].tolist()
        return [(*pairs[n], self._having(*pairs[n])) for n in chosen]

    def _alike_with(self, photo: int, word: str) -> Indices:
        own = self.sure[photo]
        alike = [n for n, sure in enumerate(self.sure) if n != photo and word in sure and len(sure & own) >= MIN_SHARED]
        return np.asarray(alike, dtype=np.int64)

    def _having(self, word: str, but_not: str) -> Indices:
        both = zip(self.sure, self.any, strict=True)
        return np.asarray([n for n, (sure, some) in enumerate(both) if word in sure and but_not not in some], dtype=np.int64)


def composition(shown: Shown, encode_text: Callable[[Sequence[str]], Vector]) -> dict[str, float]:
    """“This picture, but with a word”: precision at 10 by the weight of the word."""
    questions = WordQuestions(shown)
    asked = questions.additions()
    words = dict(zip(questions.common, encode_text(questions.common), strict=True))
    found = {}
    for weight in WEIGHTS:
        vectors = unit(np.stack([shown.pictures[photo] + np.float32(weight) * words[word] for photo, word, _ in asked]))
        likeness = vectors @ shown.pictures.T
        likeness[np.arange(len(asked)), [photo for photo, _, _ in asked]] = -np.inf
        found[f"{weight:g}"] = _precision(likeness, [right for _, _, right in asked])
    return found


def subtraction(shown: Shown, encode_text: Callable[[Sequence[str]], Vector]) -> dict[str, float]:
    """“A word without another”: precision at 10 by the weight of the subtracted word."""
    questions = WordQuestions(shown)
    asked = [question for question in questions.exclusions() if len(question[2])]
    words = dict(zip(questions.common, encode_text(questions.common), strict=True))
    found = {}
    for weight in WEIGHTS[:SUBTRACTED]:
        vectors = unit(np.stack([words[word] - np.float32(weight) * words[but_not] for word, but_not, _ in asked]))
        found[f"{weight:g}"] = _precision(vectors @ shown.pictures.T, [right for _, _, right in asked])
    return found


def _precision(likeness: Vector, right: Sequence[Indices]) -> float:
    """Mean share of right photos among the first ten, or among as many as are right."""
    first = np.argsort(-likeness, axis=1)[:, :TOP]
    hits = [np.isin(row, answers).sum() / min(TOP, len(answers)) for row, answers in zip(first, right, strict=True)]
    return round(float(np.mean(hits)), 3)


def agreement(shown: Shown) -> tuple[Vector, Vector]:
    """Cosines of captions with their own photos, and with random others."""
    others = (shown.photo + np.random.default_rng(SEED).integers(1, len(shown.pictures), len(shown.photo))) % len(
        shown.pictures
    )
    own, strange = ((shown.captions * shown.pictures[photo]).sum(axis=1) for photo in (shown.photo, others))
    return own, strange


def disagreement(shown: Shown, min_agreement: float) -> dict[str, float]:
    """Captions below a cosine count as disagreeing: recall and precision, if half of the captions are of other photos."""
    own, strange = agreement(shown)
    alarms, found = float((own < min_agreement).mean()), float((strange < min_agreement).mean())
    return {
        "least_cosine": round(min_agreement, 4),
        "own_doubted": round(alarms, 3),
        "recall": round(found, 3),
        "precision": round(found / max(found + alarms, 1e-9), 3),
    }


def several_texts(shown: Shown, own: int, strange: int) -> Mapping[str, float]:
    """R@1 of photos for documents of several own and strange captions, by the mean of their vectors and by the best one."""
    rng = np.random.default_rng(SEED)
    count = len(shown.pictures)
    rows = [rng.permutation(np.flatnonzero(shown.photo == n))[:own] for n in range(count)]
    vectors = np.stack(
        [np.concatenate([shown.captions[row], shown.captions[rng.integers(len(shown.photo), size=strange)]]) for row in rows]
    )
    mean = shown.pictures @ unit(vectors.mean(axis=1)).T
    best = np.einsum("pd,ntd->pnt", shown.pictures, vectors).max(axis=2)
    hits = {"mean": mean, "best": best}
    return {way: round(float((likeness.argmax(axis=1) == np.arange(count)).mean()), 3) for way, likeness in hits.items()}
