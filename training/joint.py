"""Fit the joint embedding of pictures and words: `omma train joint --data ../shared/data`.

Two small networks on frozen features of photos and frozen vectors of sentences (`training/towers.py`) are fitted on the
captioned photos of Flickr8k, except a thousand held-out ones, whose names are in `flickr8k-held-out.txt`. The recipe, the
weights of composition and the least cosine of agreement are chosen on validation photos, with towers that are not fitted on
them. The final towers are fitted on all training photos, and measured once on the thousand.
"""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from numpy.typing import NDArray

from engine.settings import Settings, get_settings
from training import joint_measures as measures
from training.captioned import CAPTIONS, Captioned, captioned
from training.held_out import everyday_held_out, rank
from training.joint_measures import Shown
from training.towers import Pairs, Recipe, fitted, kept_arrays
from vision.extractors import backbone
from vision.extractors.backbone import square_root
from vision.extractors.joint import MIN_AGREEMENT, WEIGHTS, Tower, towers
from vision.extractors.labels import classes, softmax
from vision.image_features import Vector, unit
from vision.sentences import Sentences

REPORT = WEIGHTS.with_suffix(".json")
HELD_OUT = Path(__file__).with_name("flickr8k-held-out.txt")
VALIDATION = 1000  # training photos for validation
CONSE_CLASSES = 10  # most likely classes that ConSE averages
RECIPE = Recipe()
Indices = NDArray[np.int64]
EncodeText = Callable[[Sequence[str]], Vector]
Towers = tuple[Tower, Tower]  # image tower, text tower


@dataclass(frozen=True, slots=True)
class Parts:
    """Indices of photos: to fit on, to validate on, and to test on."""

    fit: Indices
    validation: Indices
    test: Indices


@click.command()
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True, help="The development data.")
def main(data: Path) -> None:
    """Fit, choose the least agreement on validation photos, save, and report on held-out ones."""
    settings = get_settings()
    photos = captioned(data, settings, click.echo)
    parts = parts_of(photos.names)
    HELD_OUT.write_text("".join(f"{photos.names[place]}\n" for place in parts.test))
    training = np.concatenate([parts.fit, parts.validation])
    chosen_on, final = fitted_on(photos, [parts.fit, training])
    validation = encoded(chosen_on, photos, parts.validation)
    min_agreement = float(np.quantile(measures.agreement(validation)[0], measures.FALSE_ALARMS))
    save(final, min_agreement)
    final = towers(WEIGHTS)  # in half precision, as the extractor loads them
    sentences, test = Sentences(settings), encoded(final, photos, parts.test)
    report = {
        "recipe": asdict(RECIPE),
        "photos": {"fitted": len(training), "held_out": len(parts.test)},
        "validation": measure(validation, text_encoder(chosen_on, sentences), min_agreement),
        "held_out": measure(test, text_encoder(final, sentences), min_agreement)
        | {"conse": measures.retrieval(conse(photos, parts.test, settings, sentences))},
    }
    REPORT.write_text(json.dumps(report, indent=2) + "\n")
    click.echo(REPORT.read_text())


def fitted_on(photos: Captioned, parts: Sequence[Indices]) -> list[Towers]:
    """Towers fitted on each part, in parallel, with one thread each."""
    with ProcessPoolExecutor(2, get_context("spawn"), torch.set_num_threads, (1,)) as pool:
        return list(pool.map(partial(fitted, recipe=RECIPE), [pairs_of(photos, part) for part in parts]))


def parts_of(names: Sequence[str]) -> Parts:
    """The parts of photos; the test part is the thousand of `training.held_out`, in its order."""
    place = {name: number for number, name in enumerate(names)}
    test = everyday_held_out(names)
    others = sorted(set(names) - set(test), key=lambda name: rank("flickr8k", name))
    parts = (others[VALIDATION:], others[:VALIDATION], test)
    return Parts(*(np.asarray([place[name] for name in part]) for part in parts))


def pairs_of(photos: Captioned, places: Indices) -> Pairs:
    """Photos to fit on, as tensors."""
    features, texts = square_root(photos.photos[places].astype(np.float32)), photos.sentences[places].astype(np.float32)
    return Pairs(torch.from_numpy(features), torch.from_numpy(texts))


def measure(shown: Shown, encode_text: EncodeText, min_agreement: float) -> dict[str, object]:
    """All measurements of towers, on photos that they were not fitted on."""
    several = {
        f"{own} own, {strange} strange": measures.several_texts(shown, own, strange)
        for own, strange in ((2, 0), (3, 2), (2, 6))
    }
    return measures.retrieval(shown) | {
        "picture_and_words": measures.composition(shown, encode_text),
        "words_without_words": measures.subtraction(shown, encode_text),
        "disagreement": measures.disagreement(shown, min_agreement),
        "picture_to_several_texts": several,
    }


def encoded(both: Towers, photos: Captioned, places: Indices) -> Shown:
    """Photos and their captions in the joint embedding, encoded as by the extractor."""
    image_tower, text_tower = both
    captions = photos.sentences[places, :CAPTIONS].astype(np.float32)
    texts = [caption for place in places for caption in photos.texts[place][:CAPTIONS]]
    owners = np.repeat(np.arange(len(places)), CAPTIONS)
    return Shown(
        image_tower.encode(square_root(photos.photos[places].astype(np.float32))),
        text_tower.encode(captions.reshape(-1, captions.shape[-1])),
        owners,
        texts,
    )


def text_encoder(both: Towers, sentences: Sentences) -> EncodeText:
    """Encodes texts into the joint embedding."""
    return lambda texts: both[1].encode(sentences.embed(texts))


def conse(photos: Captioned, places: Indices, settings: Settings, sentences: Sentences) -> Shown:
    """ConSE (Norouzi et al. 2014), without fitting: a photo is the mean of its likely classes' names, as sentence vectors."""
    weights, bias = (part.detach().numpy() for part in backbone.torch_module().network._fc.parameters())
    names = sentences.embed([", ".join(names) for _, names, _ in classes(settings)])
    chances = np.stack([softmax(row) for row in photos.photos[places].astype(np.float32) @ weights.T + bias])
    chances[chances < np.sort(chances, axis=1)[:, -CONSE_CLASSES, None]] = 0
    captions = photos.sentences[places, :CAPTIONS].astype(np.float32)
    owners = np.repeat(np.arange(len(places)), CAPTIONS)
    return Shown(unit(chances @ names), captions.reshape(-1, captions.shape[-1]), owners, ())


def save(both: Towers, min_agreement: float) -> None:
    """Write the towers, in half precision, and the least agreement."""
    arrays: dict[str, Any] = {name: array.astype(np.float16) for name, array in kept_arrays(*both).items()}
    towers.cache_clear()
    arrays[MIN_AGREEMENT] = np.float32(min_agreement)
    np.savez_compressed(WEIGHTS, **arrays)
