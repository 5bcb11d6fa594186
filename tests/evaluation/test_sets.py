"""Only images that no weights were fitted on ask."""

from pathlib import Path

from evaluation import datasets
from training.held_out import EVERYDAY, SHARES, everyday_held_out, is_held_out


def test_photos_of_a_part_that_is_fitted_on_are_unseen_only_where_they_are_held_out(tmp_path: Path) -> None:
    root = tmp_path / datasets.GROCERY
    root.mkdir()
    names = [f"Kiwi_{number:03}.jpg" for number in range(200)]
    for part in ("train", "val"):
        (root / f"{part}.txt").write_text("".join(f"{part}/Fruit/Kiwi/{name}, 7, 3\n" for name in names))
    train, val = (datasets.grocery_photos(tmp_path, part) for part in ("train", "val"))
    assert datasets.unseen(val) == val
    assert [known.path.name for known in datasets.unseen(train)] == [
        name for name in names if is_held_out(datasets.GROCERY, name)
    ]
    assert 0 < len(datasets.unseen(train)) < len(names) * 2 * SHARES[datasets.GROCERY] / 1000


def test_garments_of_the_validation_part_are_all_unseen(tmp_path: Path) -> None:
    for part in ("train", "validation"):
        folder = tmp_path / datasets.CLOTHING / part / "hat"
        folder.mkdir(parents=True)
        for number in range(40):
            (folder / f"{part}{number}.jpg").write_bytes(b"")
    assert len(datasets.clothing(tmp_path)) == 80
    assert all(known.unseen for known in datasets.clothing(tmp_path, "validation"))
    assert 0 < len(datasets.unseen(datasets.clothing(tmp_path, "train"))) < 40


def test_a_fixed_number_of_everyday_photos_is_held_out() -> None:
    names = [f"{number}.jpg" for number in range(3 * EVERYDAY)]
    assert len(everyday_held_out(names)) == EVERYDAY
    assert everyday_held_out(reversed(names)) == everyday_held_out(names)
