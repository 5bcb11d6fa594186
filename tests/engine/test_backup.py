"""A backup holds everything of an installation; restoring it brings everything back."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.backup import Backup, back_up, backup_if_due, backups, restore
from engine.connections import Context
from engine.errors import ConfigurationError, InputError, NotFoundError
from engine.settings import Settings
from mappings.versions import alias

pytestmark = pytest.mark.engine
PICTURE = b"bytes of a picture"


@pytest.fixture()
def context(live_settings: Settings) -> Iterator[Context]:
    """Two documents, one of them with an original, a judgement and a learned model."""
    made = Context(live_settings)
    client = made.client
    index = f"{live_settings.index_prefix}-pictures-000001"
    client.indices.create(index=index, body={"aliases": {alias(live_settings): {}}})
    for number in range(2):
        client.index(index=index, id=str(number), body={"title": f"picture {number}"}, refresh=True)
    client.index(index=f"{live_settings.index_prefix}-judgements", id="j", body={"grade": 2}, refresh=True)
    made.store.put_original(PICTURE)
    (live_settings.rank_folder / "m1").mkdir(parents=True)
    (live_settings.rank_folder / "m1" / "model.txt").write_text("trees")
    yield made
    delete_indices(made)


def delete_indices(context: Context) -> None:
    for index in context.client.indices.get(index=f"{context.settings.index_prefix}-*"):
        context.client.indices.delete(index=index)


def lose_everything(context: Context) -> None:
    delete_indices(context)
    context.store.delete(hashlib.sha256(PICTURE).hexdigest())
    (context.settings.rank_folder / "m1" / "model.txt").unlink()


def titles(context: Context) -> list[str]:
    context.client.indices.refresh(index=alias(context.settings))
    hits = context.client.search(index=alias(context.settings), body={"size": 50})["hits"]["hits"]
    return sorted(hit["_source"]["title"] for hit in hits)


def test_what_was_lost_is_restored(context: Context, tmp_path: Path) -> None:
    made = back_up(context, tmp_path / "safe")
    assert made.originals == 1 and sum(made.indices.values()) == 3
    lose_everything(context)
    assert restore(context, tmp_path / "safe") == made
    assert titles(context) == ["picture 0", "picture 1"], "also by the alias"
    assert context.store.original(hashlib.sha256(PICTURE).hexdigest()) == PICTURE
    assert (context.settings.rank_folder / "m1" / "model.txt").read_text() == "trees"
    judgements = context.client.get(index=f"{context.settings.index_prefix}-judgements", id="j")
    assert judgements["_source"] == {"grade": 2}


def test_any_backup_of_a_folder_is_restored_and_only_some_are_kept(context: Context, tmp_path: Path) -> None:
    folder, names = tmp_path / "safe", []
    for number in range(2, 5):
        names.append(back_up(context, folder, keep=2).name)
        context.client.index(index=alias(context.settings), id=str(number), body={"title": f"picture {number}"}, refresh=True)
    assert [one.name for one in backups(folder)] == names[1:]
    with pytest.raises(InputError, match="6 documents are indexed here; --replace replaces them"):
        restore(context, folder)
    assert len(titles(context)) == 5
    restore(context, folder, names[1], replace=True)
    assert len(titles(context)) == 3
    with pytest.raises(NotFoundError, match=f"no backup '{names[0]}'; there are {names[1]}"):
        restore(context, folder, names[0])
    with pytest.raises(NotFoundError, match="holds no backup"):
        restore(context, tmp_path)


def test_a_backup_that_lacks_its_snapshot_changes_nothing(context: Context, tmp_path: Path) -> None:
    folder = tmp_path / "safe"
    made = back_up(context, folder)
    other = made.model_copy(update={"name": "2020-01-01t00-00-00"})
    (folder / f"{other.name}.json").write_text(other.model_dump_json())
    (folder / "notes.json").write_text("no backup")
    with pytest.raises(InputError, match="the snapshot of backup 2020-01-01t00-00-00 is missing; nothing was changed"):
        restore(context, folder, other.name, replace=True)
    assert len(titles(context)) == 2
    with pytest.raises(ConfigurationError, match="holds backups of another installation"):
        back_up(context, folder)
    elsewhere = Context(context.settings.model_copy(update={"index_prefix": "elsewhere"}))
    with pytest.raises(ConfigurationError, match="the backup is of OMMA_INDEX_PREFIX"):
        restore(elsewhere, folder)


def test_where_nothing_is_indexed_there_is_nothing_to_back_up(live_settings: Settings, tmp_path: Path) -> None:
    context = Context(live_settings.model_copy(update={"backup_folder": str(tmp_path / "safe")}))
    with pytest.raises(InputError, match="nothing has been indexed"):
        back_up(context, tmp_path / "safe")
    assert backup_if_due(context) is None and not backups(tmp_path / "safe")


def test_a_backup_is_made_when_it_is_due(context: Context, tmp_path: Path) -> None:
    assert backup_if_due(context) is None, "no folder is named"
    changed = context.settings.model_copy(update={"backup_folder": str(tmp_path / "safe"), "backup_hours": 5.0})
    context = context.with_settings(changed)
    made = backup_if_due(context)
    assert made and backup_if_due(context) is None
    old = Backup(**(made.model_dump() | {"made": datetime.now(UTC) - timedelta(hours=6)}))
    (tmp_path / "safe" / f"{made.name}.json").write_text(old.model_dump_json())
    lock = context.redis.lock(f"{context.settings.index_prefix}:backup")
    with lock:
        assert backup_if_due(context) is None, "another process is making it"
    assert backup_if_due(context)
