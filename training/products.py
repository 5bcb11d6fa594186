"""Fit the embedding of products by metric learning: `omma train products --data ../shared/data`.

Labelled sets define similarity: photos taken in shops, garments, folders of the demo corpus. Unlabelled everyday photos and
stamps keep the embedding useful for subjects that no set has. No picture is both fitted on and measured on
(training/held_out.py). A second embedding is fitted without the catalogue's pictures: the difference is the gain of having
seen the catalogue.
"""

import dataclasses
import json
import multiprocessing
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import click
import numpy as np

from engine.settings import Settings, get_settings
from training import labelled
from training.augmented import COPIES
from training.features import features_of_copies, features_of_views
from training.labelled import Catalogue, Classes, Labelled
from training.metric import Components, Material, Recipe, fit, joined
from vision.extractors.products import WEIGHTS, Projection, projection
from vision.image_features import Vector

REPORT = WEIGHTS.with_suffix(".json")
SCENES = 200  # photographs in which things are placed
EVERYDAY = 600  # unlabelled photos
COPIED = 200  # held-out everyday photos that are copied
VIEWS = {"catalogue": 16, "grocery": 12, "clothing": 2, "stamps": 3, "everyday": 1}
RECIPE = Recipe(weights={"clothing": 2.0, "stamps": 0.05})  # folders of stamps are loose classes
Embed = Callable[[Vector], Vector]
Features = tuple[Vector, Sequence[str]]  # rows, and the class of each


@dataclasses.dataclass(frozen=True, slots=True)
class Extracted:
    """Features by set: [n, views, 2560] of pictures that are fitted on, [n, 2560] of unseen ones that are measured on.

    `copies` [n, kinds, 2560] are those of the first pictures of `unseen`.
    """

    fitted: Mapping[str, Features]
    unseen: Mapping[str, Features]
    copies: Mapping[str, Vector]


def extract(data: Path, settings: Settings) -> Extracted:
    """Features of all sets, computed or from the cache. Raise ConfigurationError, which names the set, if one is missing."""
    photos, photos_unseen = labelled.everyday(data)
    scenes = photos[:SCENES]
    clothing, clothing_unseen = labelled.parts(labelled.clothing(data, "train"), "clothing")
    grocery, grocery_unseen = labelled.parts(labelled.grocery(data, "train"), "grocery")
    stamps, stamps_unseen = labelled.parts(labelled.stamps(settings), "demo")
    everyday = Labelled.unknown(photos[SCENES : SCENES + EVERYDAY])
    fitted = {
        "catalogue": labelled.iconic(data), "grocery": grocery, "clothing": clothing, "stamps": stamps, "everyday": everyday,
    }  # fmt: skip
    unseen = {
        "val": labelled.grocery(data, "val"), "grocery": grocery_unseen, "validation": labelled.clothing(data, "validation"),
        "clothing": clothing_unseen, "stamps": stamps_unseen, "everyday": Labelled.unknown(photos_unseen),
    }  # fmt: skip
    copied = {"stamps": stamps_unseen.paths, "everyday": photos_unseen[:COPIED]}
    return Extracted(
        {name: (features_of_views(of.paths, VIEWS[name], scenes, settings), of.classes) for name, of in fitted.items()},
        {name: (features_of_views(of.paths, 0, scenes, settings)[:, 0], of.classes) for name, of in unseen.items()},
        {name: features_of_copies(paths, scenes, settings) for name, paths in copied.items()},
    )


def embeddings(extracted: Extracted, recipe: Recipe) -> tuple[Projection, Projection]:
    """The embeddings fitted with the catalogue's pictures and without them; heads are fitted in parallel."""
    space = components(extracted)
    given = [material(extracted, space, catalogue=known) for known in (True, False)]
    jobs = [(one, seed) for one in given for seed in range(recipe.heads)]
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        heads = list(pool.map(partial(_head, space=space, recipe=recipe), jobs))
    plain = np.concatenate([features[:, 0] for features, _ in extracted.fitted.values()])
    return joined(heads[: recipe.heads], plain), joined(heads[recipe.heads :], plain)


def material(extracted: Extracted, space: Components, *, catalogue: bool) -> Material:
    """The sets to fit on, in principal components, with the catalogue's pictures or without."""
    rows = {name: (space(features), classes) for name, (features, classes) in extracted.fitted.items()}
    sets = {name: Classes.of(rows[name]) for name in ("clothing", "stamps")}
    sources = [rows["grocery"], rows["catalogue"]] if catalogue else [rows["grocery"]]
    return Material(
        sets | {"grocery": Classes.of(*sources)},
        [rows[name][0] for name in ("stamps", "everyday")],
        Catalogue.of(rows["catalogue"], rows["grocery"]) if catalogue else None,
    )


def _head(job: tuple[Material, int], *, space: Components, recipe: Recipe) -> Projection:
    """One head, fitted in a process of its own with one thread."""
    import torch  # noqa: PLC0415

    torch.set_num_threads(1)
    given, seed = job
    return fit(given, space, dataclasses.replace(recipe, seed=seed))


def components(extracted: Extracted) -> Components:
    """Principal components of pictures that are fitted on."""
    return Components.of(np.concatenate([extracted.fitted[name][0][:, 0] for name in ("grocery", "clothing", "everyday")]))


def measure(embed: Embed, extracted: Extracted) -> dict[str, float]:
    """R@1 of every measurement."""
    fitted = {name: (embed(features[:, 0]), classes) for name, (features, classes) in extracted.fitted.items()}
    unseen = {name: (embed(features), classes) for name, (features, classes) in extracted.unseen.items()}
    found = {
        "grocery val to catalogue": first_hits(*unseen["val"], *fitted["catalogue"]),
        "grocery val to train": first_hits(*unseen["val"], *both(fitted["grocery"], unseen["grocery"])),
        "grocery val to unseen train": first_hits(*unseen["val"], *unseen["grocery"]),
        "unseen grocery train to catalogue": first_hits(*unseen["grocery"], *fitted["catalogue"]),
        "clothing validation to train": first_hits(*unseen["validation"], *both(fitted["clothing"], unseen["clothing"])),
        "clothing validation to unseen train": first_hits(*unseen["validation"], *unseen["clothing"]),
        "clothing validation among itself": first_others(*unseen["validation"]),
    }
    galleries = {"stamps": both(unseen["stamps"], fitted["stamps"])[0], "everyday": unseen["everyday"][0]}
    for name, gallery in galleries.items():
        for place, kind in enumerate(COPIES):
            asked = embed(extracted.copies[name][:, place])
            found[f"{kind} copies of unseen {name} to all"] = own_hits(asked, gallery)
    return {name: round(value, 3) for name, value in found.items()}


def first_hits(asked: Vector, wanted: Sequence[str], gallery: Vector, classes: Sequence[str]) -> float:
    """Share of unit vectors [n, d] whose nearest of the gallery has the wanted class."""
    nearest = np.argmax(asked @ gallery.T, axis=1)
    return float(np.mean(np.asarray(classes)[nearest] == np.asarray(wanted)))


def own_hits(asked: Vector, gallery: Vector) -> float:
    """Share of unit vectors [n, d] whose nearest of the gallery has the same index."""
    return float(np.mean(np.argmax(asked @ gallery.T, axis=1) == np.arange(len(asked))))


def first_others(vectors: Vector, classes: Sequence[str]) -> float:
    """Share of unit vectors [n, d] whose nearest other vector has the same class."""
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -np.inf)
    names = np.asarray(classes)
    return float(np.mean(names[np.argmax(likeness, axis=1)] == names))


def both(one: Features, other: Features) -> Features:
    """The rows and classes of both."""
    return np.concatenate([one[0], other[0]]), [*one[1], *other[1]]


@click.command()
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True, help="The development data.")
def main(data: Path) -> None:
    """Fit with the catalogue and without; save the first, and report both beside the untrained embedding."""
    begun = time.perf_counter()
    extracted = extract(data, get_settings())
    looked = time.perf_counter()
    trained, without = embeddings(extracted, RECIPE)
    fitted = time.perf_counter()
    trained.save(WEIGHTS)
    untrained = components(extracted).untrained()
    embeds = {"untrained": untrained, "trained": projection(WEIGHTS), "trained without catalogue": without}
    figures = {name: measure(embed, extracted) for name, embed in embeds.items()}
    seconds = {"looking": round(looked - begun), "fitting, two heads side by side": round(fitted - looked)}
    REPORT.write_text(json.dumps(report(extracted, figures) | {"seconds": seconds}, indent=2) + "\n")
    click.echo(REPORT.read_text())


def report(extracted: Extracted, figures: Mapping[str, Mapping[str, float]]) -> dict[str, object]:
    """R@1 of each embedding by measurement, and what was fitted and measured on."""
    measurements = next(iter(figures.values()))
    return {
        "first_answer_is_right": {what: {name: found[what] for name, found in figures.items()} for what in measurements},
        "fitted_on": {name: len(classes) for name, (_, classes) in extracted.fitted.items()},
        "views_of_each": VIEWS,
        "measured_on": {name: len(classes) for name, (_, classes) in extracted.unseen.items()},
        "copied": {name: len(copies) for name, copies in extracted.copies.items()},
        "recipe": dataclasses.asdict(RECIPE),
    }
