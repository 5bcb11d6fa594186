"""Fit the similar-image embedding by metric learning: `omma train similar --data ../shared/data`.

Several labelled sets at once teach what belongs together: photos taken in shops, garments, the demo corpus' folders; unlabelled
everyday photos and stamps keep the embedding useful for what no set has. What is fitted and what is measured never share a
picture (training/held_out.py). It is fitted twice, once without the catalogue's pictures, so that it can be told what is due
to having seen the catalogue.
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
from training import labelled, measures
from training.augmented import features_of_copies, features_of_views
from training.labelled import Catalogue, Classes, Labelled
from training.measures import COPIES
from training.metric import Components, Material, Recipe, fit, joined
from vision.extractors.embedding import WEIGHTS, Projection, projection
from vision.image_features import Vector

REPORT = WEIGHTS.with_suffix(".json")
SCENES = 200  # photographs into which things are put
EVERYDAY = 600  # photos of which nothing is known
COPIED = 200  # held-out everyday photos of which copies are made
VIEWS = {"catalogue": 16, "grocery": 12, "clothing": 2, "stamps": 3, "everyday": 1}
RECIPE = Recipe(weights={"clothing": 2.0, "stamps": 0.05})  # folders of stamps are loose classes


Embed = Callable[[Vector], Vector]


@dataclasses.dataclass(frozen=True, slots=True)
class Extracted:
    """Features of what is fitted on [n, views, 2560] and of what is only measured [n, 2560], and the class of each picture.

    `copies` [n, kinds, 2560] are of the first pictures of `unseen`.
    """

    fitted: Mapping[str, tuple[Vector, Sequence[str]]]
    unseen: Mapping[str, tuple[Vector, Sequence[str]]]
    copies: Mapping[str, Vector]


def look(data: Path, settings: Settings) -> Extracted:
    """Look at everything, or remember it; ConfigurationError names a set that is missing."""
    photos, photos_unseen = labelled.everyday(data)
    scenes = photos[:SCENES]
    clothing, clothing_unseen = labelled.parts(labelled.clothing(data, "train"), "clothing")
    grocery, grocery_unseen = labelled.parts(labelled.grocery(data, "train"), "grocery")
    stamps, stamps_unseen = labelled.parts(labelled.stamps(settings), "demo")
    everyday = Labelled.unknown(photos[SCENES : SCENES + EVERYDAY])
    fitted = {
        "catalogue": labelled.iconic(data),
        "grocery": grocery,
        "clothing": clothing,
        "stamps": stamps,
        "everyday": everyday,
    }
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


def embeddings(looked: Extracted, recipe: Recipe) -> tuple[Projection, Projection]:
    """The weights, fitted with the catalogue's pictures and without them; heads side by side."""
    space = components(looked)
    given = [material(looked, space, catalogue=known) for known in (True, False)]
    jobs = [(one, seed) for one in given for seed in range(recipe.heads)]
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        heads = list(pool.map(partial(_head, space=space, recipe=recipe), jobs))
    plain = np.concatenate([features[:, 0] for features, _ in looked.fitted.values()])
    return joined(heads[: recipe.heads], plain), joined(heads[recipe.heads :], plain)


def material(looked: Extracted, space: Components, *, catalogue: bool) -> Material:
    """What is fitted on, in the space."""
    rows = {name: (space(features), classes) for name, (features, classes) in looked.fitted.items()}
    sets = {name: Classes.of(rows[name]) for name in ("clothing", "stamps")}
    sources = [rows["grocery"], rows["catalogue"]] if catalogue else [rows["grocery"]]
    return Material(
        sets | {"grocery": Classes.of(*sources)},
        [rows[name][0] for name in ("stamps", "everyday")],
        Catalogue.of(rows["catalogue"], rows["grocery"]) if catalogue else None,
    )


def _head(job: tuple[Material, int], *, space: Components, recipe: Recipe) -> Projection:
    """In a process of its own, on a core of its own."""
    import torch  # noqa: PLC0415

    torch.set_num_threads(1)
    given, seed = job
    return fit(given, space, dataclasses.replace(recipe, seed=seed))


def components(looked: Extracted) -> Components:
    """Those of pictures that may be fitted on."""
    return Components.of(np.concatenate([looked.fitted[name][0][:, 0] for name in ("grocery", "clothing", "everyday")]))


def measure(embed: Embed, looked: Extracted) -> dict[str, float]:
    """R@1 of everything that is measured."""
    fitted = {name: (embed(features[:, 0]), classes) for name, (features, classes) in looked.fitted.items()}
    unseen = {name: (embed(features), classes) for name, (features, classes) in looked.unseen.items()}
    found = {
        "grocery val to catalogue": measures.first_hits(*unseen["val"], *fitted["catalogue"]),
        "grocery val to train": measures.first_hits(*unseen["val"], *both(fitted["grocery"], unseen["grocery"])),
        "grocery val to unseen train": measures.first_hits(*unseen["val"], *unseen["grocery"]),
        "unseen grocery train to catalogue": measures.first_hits(*unseen["grocery"], *fitted["catalogue"]),
        "clothing validation to train": measures.first_hits(
            *unseen["validation"], *both(fitted["clothing"], unseen["clothing"])
        ),
        "clothing validation to unseen train": measures.first_hits(*unseen["validation"], *unseen["clothing"]),
        "clothing validation among itself": measures.first_others(*unseen["validation"]),
    }
    galleries = {"stamps": both(unseen["stamps"], fitted["stamps"])[0], "everyday": unseen["everyday"][0]}
    for name, gallery in galleries.items():
        for place, kind in enumerate(COPIES):
            asked = embed(looked.copies[name][:, place])
            found[f"{kind} copies of unseen {name} to all"] = measures.own_hits(asked, gallery)
    return {name: round(value, 3) for name, value in found.items()}


def both(one: tuple[Vector, Sequence[str]], other: tuple[Vector, Sequence[str]]) -> tuple[Vector, Sequence[str]]:
    """The vectors and classes of both."""
    return np.concatenate([one[0], other[0]]), [*one[1], *other[1]]


@click.command()
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True, help="The development data.")
def main(data: Path) -> None:
    """Fit with the catalogue and without, save the one that ships, report both beside the untrained embedding."""
    begun = time.perf_counter()
    looked = look(data, get_settings())
    seen = time.perf_counter()
    trained, without = embeddings(looked, RECIPE)
    fitted = time.perf_counter()
    trained.save(WEIGHTS)
    embeds = {"untrained": components(looked).untrained(), "trained": projection(WEIGHTS), "trained without catalogue": without}
    found = {name: measure(embed, looked) for name, embed in embeds.items()}
    report = {
        "first_answer_is_right": {
            what: {name: figures[what] for name, figures in found.items()} for what in found["untrained"]
        },
        "fitted_on": {name: len(classes) for name, (_, classes) in looked.fitted.items()},
        "views_of_each": VIEWS,
        "measured_on": {name: len(classes) for name, (_, classes) in looked.unseen.items()},
        "copied": {name: len(copies) for name, copies in looked.copies.items()},
        "recipe": dataclasses.asdict(RECIPE),
        "seconds": {"looking": round(seen - begun), "fitting, two heads side by side": round(fitted - seen)},
    }
    REPORT.write_text(json.dumps(report, indent=2) + "\n")
    click.echo(REPORT.read_text())
