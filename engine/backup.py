"""Backups: everything of an installation that cannot be made again, in one folder.

    <folder>/<name>.json     what a backup holds; its name is the time at which it was made
    <folder>/engine/         a snapshot repository of OpenSearch, to which every backup adds what changed
    <folder>/store/          originals, thumbnails, pictures of judged questions; only new files are copied
    <folder>/ranking/<name>/ learned models and calibrations

A backup takes the snapshot before it copies the store, and restoring copies the store before it restores the snapshot: a
document never lacks its image. A server whose repositories this machine cannot see (`path.repo`) needs a repository of its own,
which keeps the snapshots instead of `engine/`.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError as MissingError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.connections import Context, guard
from engine.errors import ConfigurationError, InputError, NotFoundError, OmmaError
from engine.installation import make_folder, version
from engine.service_user import give, service_user

NAME = "%Y-%m-%dt%H-%M-%S-%f"  # of a backup and its snapshot: OpenSearch takes small letters only
SNAPSHOT_SECONDS = 6 * 3600  # for which one snapshot may take


class Backup(BaseModel):
    """What a backup holds."""

    model_config = ConfigDict(frozen=True)

    name: str
    made: datetime
    version: str = Field(description="Of Omma")
    prefix: str = Field(description="OMMA_INDEX_PREFIX")
    indices: dict[str, int] = Field(description="Documents by index")
    repository: str = Field("", description="Of the server, if the snapshot is not in the folder")
    originals: int = Field(0, description="Files in the store, when it was made")


def backups(folder: Path) -> list[Backup]:
    """The backups of a folder, the oldest first; a file that is none is left out."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(Backup.model_validate_json(path.read_text()))
        except (OSError, ValidationError, UnicodeDecodeError):
            continue
    return sorted(found, key=lambda one: one.name)


def back_up(context: Context, folder: Path, *, repository: str = "", keep: int = 0) -> Backup:
    """Make a backup; `keep`: of the former ones only the latest are kept, so many with this one (0: all).

    EngineUnavailable, ConfigurationError; InputError without any index; OmmaError where the engine could not store everything.
    """
    make_folder(folder)
    client, settings, now = context.client, context.settings, datetime.now(UTC)
    with guard():
        made = Backup(
            name=now.strftime(NAME), made=now, version=version(), prefix=settings.index_prefix, indices=_indices(context),
            repository=repository,
        )  # fmt: skip
        if not made.indices:  # a snapshot of no indices would be one of all that the server has
            raise InputError("nothing has been indexed; there is nothing to back up")
        own = f"{settings.index_prefix}-backup"
        with _repository(client, repository, own, folder / "engine", is_copy=False) as (used, place):
            _check_lineage(client, used, folder)
            _snapshot(client, used, made.name, list(made.indices))
            _mirror(place, folder / "engine")
            made = _completed(context, folder, made)
            for former in backups(folder)[:-keep] if keep else []:  # once there is a newer one
                _forget(client, folder, former, used)
            _mirror(place, folder / "engine")
    return made


def _completed(context: Context, folder: Path, backup: Backup) -> Backup:
    """The backup with the store and the models, written down: from now on it can be restored."""
    made = backup.model_copy(update={"originals": context.store.copy_to(folder / "store")})
    if context.settings.rank_folder.is_dir():
        shutil.copytree(context.settings.rank_folder, folder / "ranking" / made.name)
    (folder / f"{made.name}.json").write_text(made.model_dump_json(indent=2) + "\n")
    return made


def backup_if_due(context: Context) -> Backup | None:
    """Make the backup that OMMA_BACKUP_FOLDER asks for if the latest is older than OMMA_BACKUP_HOURS; errors of `back_up`.

    None where nothing is due, nothing was indexed, or another process is making it.
    """
    settings = context.settings
    if not settings.backup_folder:
        return None
    lock = context.redis.lock(f"{settings.index_prefix}:backup", timeout=SNAPSHOT_SECONDS)
    if not lock.acquire(blocking=False):
        return None
    try:
        folder = Path(settings.backup_folder)
        made = [one.made for one in backups(folder)]
        is_due = not made or datetime.now(UTC) - max(made) >= timedelta(hours=settings.backup_hours)
        return back_up(context, folder, keep=settings.backup_keep) if is_due and _indices(context) else None
    finally:
        lock.release()


def restore(context: Context, folder: Path, name: str = "", *, replace: bool = False) -> Backup:
    """Restore a backup, by default the latest. `replace`: what is indexed now is deleted.

    NotFoundError without such a backup; ConfigurationError for another prefix; InputError where something is indexed, or
    where the snapshot is not whole: then nothing is changed.
    """
    backup = _chosen(folder, name)
    client, settings = context.client, context.settings
    if backup.prefix != settings.index_prefix:
        raise ConfigurationError(f"the backup is of OMMA_INDEX_PREFIX={backup.prefix}; here it is {settings.index_prefix}")
    with guard():
        existing = _indices(context)
        if (number := sum(existing.values())) and not replace:
            raise InputError(f"{number:,} documents are indexed here; --replace replaces them")
        with _repository(client, backup.repository, f"{settings.index_prefix}-restore", folder / "engine", is_copy=True) as (
            used,
            _,
        ):
            _check(client, used, backup)
            context.store.copy_from(folder / "store")
            _restore_ranking(folder / "ranking" / backup.name, settings.rank_folder)
            for index in existing:
                client.indices.delete(index=index)
            wanted = {"indices": ",".join(backup.indices), "include_global_state": False}
            client.snapshot.restore(
                repository=used, snapshot=backup.name, body=wanted, params={"wait_for_completion": "true"},
                request_timeout=SNAPSHOT_SECONDS,
            )  # fmt: skip
    return backup


def _chosen(folder: Path, name: str) -> Backup:
    found = {one.name: one for one in backups(folder)}
    if not found or (name and name not in found):
        what = f"no backup {name[:80]!r}" if name else "no backup"
        raise NotFoundError(f"{folder} holds {what}" + (f"; there are {', '.join(found)}" if found else ""))
    return found[name] if name else found[max(found)]


def _indices(context: Context) -> dict[str, int]:
    """Documents by index, of all indices of the installation; the engine refuses to list a name that does not exist."""
    client, settings = context.client, context.settings
    events = [name for name in (settings.ubi_queries, settings.ubi_events) if client.indices.exists(index=name)]
    names = ",".join([f"{settings.index_prefix}-*", *events])
    rows = client.cat.indices(index=names, params={"format": "json", "expand_wildcards": "all"})
    return {row["index"]: int(row["docs.count"] or 0) for row in sorted(rows, key=lambda row: str(row["index"]))}


@contextmanager
def _repository(client: OpenSearch, given: str, name: str, source: Path, *, is_copy: bool) -> Iterator[tuple[str, Path | None]]:
    """A registered repository: the given one, or one of that name on this machine, which begins as a copy of `source`.

    `is_copy`: it is read only, and removed afterwards.
    """
    if given:
        yield given, None
        return
    place = _shared_folder(client) / name
    if is_copy:
        shutil.rmtree(place, ignore_errors=True)
    if source.is_dir() and not place.exists():
        shutil.copytree(source, place)
        give(service_user(), place)
    settings = {"location": str(place), "readonly": is_copy}
    client.snapshot.create_repository(repository=name, body={"type": "fs", "settings": settings})
    try:
        yield name, place
    finally:
        client.snapshot.delete_repository(repository=name)
        if is_copy:
            shutil.rmtree(place, ignore_errors=True)


def _check_lineage(client: OpenSearch, repository: str, folder: Path) -> None:
    """ConfigurationError where the folder's backups are not in the repository, which would replace them."""
    there = {one["snapshot"] for one in client.snapshot.get(repository=repository, snapshot="_all")["snapshots"]}
    if strangers := [one.name for one in backups(folder) if one.name not in there]:
        raise ConfigurationError(
            f"{folder} holds backups of another installation ({', '.join(strangers[:3])}); name another folder"
        )


def _shared_folder(client: OpenSearch) -> Path:
    """The folder of this machine in which the server allows repositories; ConfigurationError where there is none."""
    nodes = client.nodes.info(metric="settings")["nodes"].values()
    found = {str(path) for node in nodes for path in _listed(node["settings"].get("path", {}).get("repo", []))}
    here = [Path(path) for path in sorted(found) if Path(path).is_dir()]
    if not here or len(nodes) > 1:
        raise ConfigurationError(
            "the server's snapshots are not on this machine; register a snapshot repository there, and name it: --repository"
        )
    return here[0]


def _listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]


def _snapshot(client: OpenSearch, repository: str, name: str, indices: list[str]) -> None:
    body = {"indices": ",".join(indices), "include_global_state": False}
    made = client.snapshot.create(
        repository=repository, snapshot=name, body=body, params={"wait_for_completion": "true"},
        request_timeout=SNAPSHOT_SECONDS,
    )["snapshot"]  # fmt: skip
    if made["state"] != "SUCCESS":
        raise OmmaError(f"the engine could not store everything: {made.get('failures') or made['state']}")


def _check(client: OpenSearch, repository: str, backup: Backup) -> None:
    """InputError unless the snapshot is there and whole."""
    try:
        (found,) = client.snapshot.get(repository=repository, snapshot=backup.name)["snapshots"]
    except (MissingError, ValueError) as error:
        raise InputError(f"the snapshot of backup {backup.name} is missing; nothing was changed") from error
    lacking = sorted(set(backup.indices) - set(found["indices"]))
    if found["state"] != "SUCCESS" or lacking:
        raise InputError(f"the snapshot of backup {backup.name} is not whole; nothing was changed")


def _forget(client: OpenSearch, folder: Path, backup: Backup, repository: str) -> None:
    with suppress(MissingError):
        client.snapshot.delete(repository=repository, snapshot=backup.name, request_timeout=SNAPSHOT_SECONDS)
    shutil.rmtree(folder / "ranking" / backup.name, ignore_errors=True)
    (folder / f"{backup.name}.json").unlink(missing_ok=True)


def _mirror(source: Path | None, target: Path) -> None:
    """Copy what is new, and remove what is gone: a file of a repository is never changed, but for the list of snapshots.

    Nothing of a repository that this machine does not see (None).
    """
    if source is None:
        return
    wanted = {path.relative_to(source) for path in source.rglob("*") if path.is_file()}
    for path in sorted(wanted, key=lambda path: path.name == "index.latest"):
        if not (target / path).exists() or path.name == "index.latest":
            make_folder((target / path).parent)
            shutil.copyfile(source / path, target / path)
    for path in [path for path in target.rglob("*") if path.is_file() and path.relative_to(target) not in wanted]:
        path.unlink()


def _restore_ranking(source: Path, target: Path) -> None:
    """The versions of the backup beside those that are there, and its choice of the one in use."""
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
