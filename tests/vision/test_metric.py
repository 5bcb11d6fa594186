"""Metric learning on made-up features of two sources, which differ by light: the light must not matter."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from cli.models import train
from engine.errors import ConfigurationError
from engine.settings import Settings
from training import products
from training.labelled import Catalogue, Classes, pairs_of_views
from training.metric import Components, Material, Recipe, fit, joined
from training.products import first_hits, first_others, own_hits
from vision.extractors.products import Projection, projection
from vision.image_features import Vector, unit

KINDS, INPUTS = 12, 2560
QUICK = Recipe(heads=2, hidden=16, steps=40, classes=8, members=3, photos=32, unlabelled=16, averaged=0.9, keep=2.0)
RNG = np.random.default_rng(0)
CENTRES = RNG.normal(size=(KINDS, INPUTS)).astype(np.float32)
SHIFTS = RNG.normal(size=(48, INPUTS)).astype(np.float32)  # of light and place: as loud as the kinds, and many

CATALOGUE = RNG.normal(size=(KINDS, len(SHIFTS))).astype(np.float32) @ SHIFTS


def photos(number: int, seed: int) -> tuple[Vector, list[str]]:
    """Two views of each of a number of photos of every kind, and the kinds."""
    rng = np.random.default_rng(seed)
    kinds = np.tile(np.arange(KINDS), number)
    light = rng.normal(size=(len(kinds), 2, len(SHIFTS))).astype(np.float32) @ SHIFTS
    noise = rng.normal(scale=0.5, size=light.shape).astype(np.float32)
    return features(CENTRES[kinds][:, None] + light + noise), [str(kind) for kind in kinds]


def catalogue() -> tuple[Vector, list[str]]:
    """One picture of every kind, in a light of its own."""
    return features(CENTRES[:, None] + CATALOGUE[:, None]), [str(kind) for kind in range(KINDS)]


def features(signal: Vector) -> Vector:
    """Features as of a network, none below zero: their square roots, minus the mean, are the signal."""
    return np.square(np.maximum(signal + 40, 0))


def fitted(seed: int = 0) -> Projection:
    (shop, kinds), (clean, names) = photos(8, 1), catalogue()
    space = untrained()
    photographed, known = (space(shop), kinds), (space(clean), names)
    material = Material({"shop": Classes.of(photographed, known)}, [space(photos(8, 2)[0])], Catalogue.of(known, photographed))
    return fit(material, space, dataclasses.replace(QUICK, seed=seed))


def untrained() -> Components:
    return Components.of(photos(8, 1)[0].reshape(-1, INPUTS))


def test_training_improves_retrieval_of_unseen_photos_in_the_catalogue() -> None:
    (asked, kinds), (gallery, names) = photos(6, 3), catalogue()
    before, after = untrained().untrained(), fitted()
    hits = [first_hits(embed(asked[:, 0]), kinds, embed(gallery[:, 0]), names) for embed in (before, after)]
    assert hits[1] > 2 * hits[0]


def test_the_same_seed_gives_the_same_weights_and_half_precision_the_same_answers(tmp_path: Path) -> None:
    one, again, other = fitted(), fitted(), fitted(seed=1)
    assert np.array_equal(one.matrix, again.matrix) and np.array_equal(one.output, again.output)
    assert not np.array_equal(one.matrix, other.matrix)
    one.save(tmp_path / "weights.npz")
    rows = photos(2, 4)[0][:, 0]
    assert np.allclose(projection(tmp_path / "weights.npz")(rows), one(rows), atol=5e-3)
    assert np.allclose(np.linalg.norm(one(rows), axis=1), 1, atol=1e-5)


def test_members_come_from_every_source_of_a_class() -> None:
    rows, classes = Classes.of(photos(8, 1), catalogue()).sample(QUICK.classes, QUICK.members, np.random.default_rng(0))
    assert rows.shape == (QUICK.classes * QUICK.members * 2, INPUTS)
    assert np.unique(classes, return_counts=True)[1].tolist() == [QUICK.members * 2] * QUICK.classes
    clean = {row.tobytes() for row in catalogue()[0][:, 0]}
    assert sum(row.tobytes() in clean for row in rows) == len(rows) / 2


def test_batches_cover_every_thing_in_the_catalogue_that_has_photos() -> None:
    shop, kinds = photos(8, 1)
    rows, wanted, pictures = Catalogue.of(catalogue(), (shop[1:], kinds[1:])).sample(400, np.random.default_rng(0))
    assert set(wanted) == set(range(KINDS)) and np.array_equal(pictures, catalogue()[0][:, 0])
    of = {row.tobytes(): kind for views, kind in zip(shop, kinds, strict=True) for row in views}
    assert [of[row.tobytes()] for row in rows] == [str(thing) for thing in wanted]


def test_joined_heads_agree_with_the_mean_of_single_ones() -> None:
    heads = [fitted(seed) for seed in (0, 1)]
    rows = photos(6, 3)[0][:, 0]
    one = joined(heads, photos(8, 1)[0][:, 0])(rows)
    mean = np.mean([head(rows) @ head(rows).T for head in heads], axis=0)
    assert one.shape == (len(rows), heads[0](rows).shape[1])
    assert np.corrcoef((one @ one.T).ravel(), mean.ravel())[0, 1] > 0.97


def test_views_of_a_picture_are_pairs() -> None:
    given = photos(4, 5)[0]
    rows, pictures = pairs_of_views(given, 10, np.random.default_rng(0))
    assert np.array_equal(pictures[:10], pictures[10:])
    assert np.array_equal(rows, np.concatenate([given[pictures[:10], 0], given[pictures[:10], 1]]))


def test_first_answers_are_counted() -> None:
    alike = unit(np.array([[1, 0], [1, 0.01], [0, 1], [0.01, 1]], dtype=np.float32))
    assert first_others(alike, ["a", "a", "b", "b"]) == 1.0
    assert first_others(alike, ["a", "b", "a", "b"]) == 0.0
    assert first_hits(alike[:2], ["b", "x"], alike[2:], ["b", "b"]) == 0.5
    assert own_hits(alike[[1, 0]], alike) == 0.0 and own_hits(alike, alike) == 1.0


def test_a_report_sets_trained_beside_untrained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "WEIGHTS", tmp_path / "products.npz")
    monkeypatch.setattr(products, "REPORT", tmp_path / "products.json")
    monkeypatch.setattr(products, "RECIPE", QUICK)
    monkeypatch.setattr(products, "extract", lambda data, settings: made_up())
    done = CliRunner().invoke(train, ["products", "--data", str(tmp_path)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "products.json").read_text())
    figures = report["first_answer_is_right"]["grocery val to catalogue"]
    assert set(figures) == {"untrained", "trained", "trained without catalogue"}
    assert figures["trained"] > figures["untrained"]
    assert report["recipe"]["margin"] == QUICK.margin
    assert (tmp_path / "products.npz").stat().st_size < 3_000_000


def made_up() -> products.Extracted:
    flat = {name: photos(3, 10 + place) for place, name in enumerate(("val", "grocery", "validation", "clothing", "stamps"))}
    unseen = {name: (features[:, 0], kinds) for name, (features, kinds) in flat.items()}
    unseen["everyday"] = unseen["stamps"]
    copies = {name: np.repeat(unseen[name][0][:, None], 4, axis=1) for name in ("stamps", "everyday")}
    fits = {name: photos(8, 20 + place) for place, name in enumerate(("grocery", "clothing", "stamps", "everyday"))}
    return products.Extracted(fits | {"catalogue": catalogue()}, unseen, copies)


def test_a_set_that_is_missing_is_named(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="flickr8k"):
        products.extract(tmp_path, settings)
