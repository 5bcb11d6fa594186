"""The server's files arrive whole or not at all."""

import hashlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.embedded.artifacts import Artifact, ensure_server, ensure_zip
from engine.errors import ConfigurationError


def zipped(**files: str) -> bytes:
    """A zip with these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "/"), text)
    return out.getvalue()


def artifact(data: bytes, plugin: str = "") -> Artifact:
    """An artifact whose right bytes are these."""
    return Artifact(f"org.example:{plugin or 'server'}:zip:1.0", hashlib.sha256(data).hexdigest(), plugin)


def downloads(data: bytes) -> Callable[[Artifact, Path], None]:
    """A download of these bytes."""

    def write(_: Artifact, path: Path) -> None:
        path.write_bytes(data)

    return write


def test_a_damaged_download_is_refused_and_not_kept(tmp_path: Path) -> None:
    wanted = artifact(b"right")
    with pytest.raises(ConfigurationError, match="sha256"):
        ensure_zip(wanted, tmp_path, downloads(b"wrong"))
    assert list(tmp_path.iterdir()) == []


def test_a_cut_off_download_is_begun_again(tmp_path: Path) -> None:
    def cut_off(_: Artifact, path: Path) -> None:
        path.write_bytes(b"ri")
        raise ConfigurationError("the connection broke")

    wanted = artifact(b"right")
    with pytest.raises(ConfigurationError, match="broke"):
        ensure_zip(wanted, tmp_path, cut_off)
    assert ensure_zip(wanted, tmp_path, downloads(b"right")).read_bytes() == b"right"


def test_a_damaged_file_in_the_cache_is_fetched_anew(tmp_path: Path) -> None:
    wanted = artifact(b"right")
    (tmp_path / wanted.filename).write_bytes(b"rotten")
    assert ensure_zip(wanted, tmp_path, downloads(b"right")).read_bytes() == b"right"


def test_the_server_is_unpacked_once_with_its_plugins(tmp_path: Path) -> None:
    server = zipped(**{"opensearch-1__bin__opensearch": "#!/bin/sh", "opensearch-1__config__jvm.options": ""})
    plugin = zipped(**{"plugin-descriptor.properties": "name=knn"})
    parts = {"server": server, "knn": plugin}
    fetched: list[str] = []

    def fetch(wanted: Artifact, path: Path) -> None:
        name = wanted.plugin or "server"
        fetched.append(name)
        path.write_bytes(parts[name])

    wanted = (artifact(server), artifact(plugin, "knn"))
    folder = ensure_server(tmp_path, wanted, fetch)
    assert (folder / "bin" / "opensearch").stat().st_mode & 0o111
    assert (folder / "plugins" / "knn" / "plugin-descriptor.properties").exists()
    assert ensure_server(tmp_path, wanted, fetch) == folder
    assert sorted(fetched) == ["knn", "server"]
