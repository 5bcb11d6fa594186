"""The store keeps originals by content, locally and elsewhere."""

import hashlib
import uuid
from pathlib import Path

import pytest

from engine.errors import ConfigurationError, NotFoundError
from engine.settings import Settings
from engine.store import Store


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    address = f"file://{tmp_path}/store" if request.param == "file" else f"memory://{uuid.uuid4().hex}"
    return Store(Settings(home=tmp_path, store_url=address))


def test_an_original_comes_back_under_its_sha256(store: Store) -> None:
    digest = store.put_original(b"bytes")
    assert digest == hashlib.sha256(b"bytes").hexdigest()
    assert store.original(digest) == b"bytes"
    assert store.has_original(digest)


def test_the_same_bytes_are_kept_once(tmp_path: Path) -> None:
    store = Store(Settings(home=tmp_path, store_url=f"file://{tmp_path}/store"))
    digest = store.put_original(b"bytes")
    (path,) = [p for p in (tmp_path / "store").rglob("*") if p.is_file()]
    before = path.stat().st_ino
    assert store.put_original(b"bytes") == digest
    assert [p for p in (tmp_path / "store").rglob("*") if p.is_file()] == [path]
    assert path.stat().st_ino == before


def test_delete_forgets_original_and_thumbnail(store: Store) -> None:
    digest = store.put_original(b"bytes")
    store.put_thumbnail(digest, b"small")
    assert store.thumbnail(digest) == b"small"
    store.delete(digest)
    store.delete(digest)
    assert not store.has_original(digest)
    with pytest.raises(NotFoundError):
        store.thumbnail(digest)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, "0" * 63, "0" * 64 + "/.."])
def test_only_a_sha256_makes_a_path(store: Store, name: str) -> None:
    with pytest.raises(NotFoundError):
        store.original(name)


def test_an_address_that_nothing_opens_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="OMMA_STORE_URL"):
        Store(Settings(home=tmp_path, store_url="nonsense://somewhere"))
