"""The command line: every command is there, and an error is one line."""

import io
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

from cli.main import COMMANDS, main
from engine.connections import Context
from engine.settings import Settings
from engine.store import Store
from ingest.quarantine import Quarantine
from mappings.versions import alias
from ranking.learning.models import Models
from tests.cli.conftest import BROKEN, TITLES, Omma, Printed, Shelf
from tests.conftest import free_port
from tests.ingest.pictures import png
from workers.dispatch import Dispatcher

ROOT = Path(__file__).resolve().parents[2]
UNKNOWN = "f" * 64


def is_one_line(printed: Printed, *words: str) -> None:
    """An error for people: one line on standard error that names the problem, and nothing else."""
    assert (printed.code, printed.out) == (1, ""), printed
    assert printed.err.startswith("omma: ") and printed.err.count("\n") == 1, printed.err
    assert "Traceback" not in printed.err
    for word in words:
        assert word in printed.err


def test_help_lists_every_command(omma: Omma) -> None:
    printed = omma("--help")
    assert (printed.code, printed.err) == (0, "")
    listed = {line.split()[0] for line in printed.out.partition("Commands:")[2].splitlines() if line.strip()}
    assert listed >= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there_and_explains_itself(name: str, omma: Omma) -> None:
    command = main.get_command(click.Context(main), name)
    assert isinstance(command, click.Command) and command.get_short_help_str()
    printed = omma(name, "--help")
    assert printed.code == 0 and f"omma {name}" in printed.out


def test_the_version_is_that_of_the_project(omma: Omma) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert omma("--version").out == f"omma {project['version']}\n"


def test_the_list_of_commands_says_what_each_says_of_itself(omma: Omma) -> None:
    lines = omma("--help").out.splitlines()
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        (line,) = [line.split(maxsplit=1)[1] for line in lines if line.startswith(f"  {name} ")]
        assert command and command.get_short_help_str(300).startswith(line.removesuffix("...").strip())


@pytest.mark.parametrize(
    "arguments", [["nosuch"], ["show"], ["delete"], ["delete", "a", "--collection", "b"], ["quarantine", "drop"], ["ingest"]]
)
def test_wrong_usage_is_reported_as_such(arguments: list[str], omma: Omma) -> None:
    printed = omma(*arguments)
    assert printed.code == 2
    assert printed.err.startswith("Usage: omma") and "Error: " in printed.err and "Traceback" not in printed.err


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("OMMA_OPENSEARCH_PORT", "many"),
        ("OMMA_OPENSEARCH_TIMEOUT", "-1"),
        ("OMMA_INGEST_ROOTS", '["/srv"]'),
        ("OMMA_OPENSEARCH_URL", "http://user:secret@one two"),
        ("OMMA_OPENSEARCH_URL", "http://user:secret@host:port"),
    ],
)
def test_a_wrong_setting_is_named_and_secrets_are_not_repeated(
    setting: str, value: str, omma: Omma, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(setting, value)
    printed = omma("show", UNKNOWN)
    is_one_line(printed, setting)
    assert "secret" not in printed.err


def test_a_wrong_address_of_redis_is_named(omma: Omma, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMMA_REDIS_URL", "redis://:secret@queue:port")
    printed = omma("jobs")
    is_one_line(printed, "OMMA_REDIS_URL")
    assert "secret" not in printed.err


@pytest.mark.parametrize(
    "arguments",
    [["show", UNKNOWN], ["search", "--text", "fox"], ["quarantine", "list"], ["delete", UNKNOWN, "-y"], ["reindex"], ["jobs"]],
    ids=lambda arguments: arguments[0],
)
def test_servers_that_are_away_are_reported_as_such(
    arguments: list[str], omma: Omma, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMMA_HOME", str(tmp_path))
    monkeypatch.setenv("OMMA_OPENSEARCH_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("OMMA_REDIS_URL", f"redis://127.0.0.1:{free_port()}/0")
    is_one_line(omma(*arguments), "cannot be reached", "omma status")


def test_a_process_of_its_own_says_the_same(tmp_path: Path) -> None:
    away = {"OMMA_HOME": str(tmp_path), "OMMA_OPENSEARCH_URL": f"http://127.0.0.1:{free_port()}"}
    command = [sys.executable, "-m", "cli.main", "show", UNKNOWN]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | away, capture_output=True, text=True, check=False)
    is_one_line(Printed(done.returncode, done.stdout, done.stderr), "cannot be reached")


@pytest.mark.engine
@pytest.mark.queue
def test_logs_and_status_of_a_house_where_nothing_runs(omma: Omma, house: Settings) -> None:
    is_one_line(omma("logs"), "there are no logs yet")
    printed = omma("status", "--json")
    assert printed.code == 1
    said = json.loads(printed.out) | {"address": ""}
    assert said.pop("order").startswith("model ") and said.pop("cutoff").startswith("calibrated on ")
    assert said == {
        "services": {}, "documents": 0, "quarantined": 0, "missing": {}, "queues": {"interactive": 0, "bulk": 0},
        "left_out": [], "adapted": "not yet", "address": "",
    }  # fmt: skip


@pytest.mark.engine
@pytest.mark.queue
def test_before_anything_is_indexed_every_command_says_so(omma: Omma, house: Settings) -> None:
    assert "nothing has been indexed yet" in omma("search", "--text", "fox").out
    assert "nothing is in quarantine" in omma("quarantine", "list").out
    is_one_line(omma("show", UNKNOWN), "there is no picture")
    is_one_line(omma("delete", UNKNOWN, "-y"), "there is no picture")
    is_one_line(omma("delete", "--collection", "rest", "-y"), "there is no collection 'rest'")
    assert omma("quarantine", "drop", "--all").out == "0 dropped\n"


@pytest.mark.engine
@pytest.mark.queue
def test_every_mistake_is_one_line(omma: Omma, shelf: Shelf, tmp_path: Path) -> None:
    words = tmp_path / "words.png"
    words.write_text("these are words")
    known = shelf.ids[0]
    mistakes = {
        ("show", UNKNOWN): "there is no picture",
        ("show", ""): "too short",
        ("show", "fox"): "too short",
        ("show", "\udcff" * 8): "not valid UTF-8",
        ("jobs", "\udcff"): "not valid UTF-8",
        ("quarantine", "drop", "\udcff"): "not valid UTF-8",
        ("delete", "--collection", "\udcff", "-y"): "not valid UTF-8",
        ("search", "--image", str(tmp_path / "none.png")): "none.png cannot be read: No such file",
        ("search", "--image", str(tmp_path)): "cannot be read: Is a directory",
        ("search", "--image", str(words)): "none of JPEG, PNG",
        ("search", "--image", "http://127.0.0.1:9/a.png"): "not on the open internet",
        ("search", "--filter", "nosuch=1"): "there is no filter 'nosuch'; accepted: category",
        ("search", "--filter", "category"): "a filter is name=value, not 'category'",
        ("search", "--filter", "=fox"): "a filter is name=value",
        ("search", "--filter", "price=cheap"): "price 'cheap' is not a number",
        ("search", "--filter", "date=never"): "date 'never' is not a day",
        ("search", "--filter", "category=\udcff"): "",
        ("search", "--text", "nosuch:fox"): "there is no filter 'nosuch'",
        ("search", "--text", "x" * 20_000): "at most 10000 characters",
        ("search", "--crop", "1,2,3,4"): "a part of a picture needs the picture",
        ("search", "--like", known, "--crop", "here"): "region 'here' is not four numbers",
        ("search", "--like", UNKNOWN): "there is no picture",
        ("search", "--like", known, "--image", str(words)): "ask with one picture",
        ("search", "--page", "0"): "pages begin at 1",
        ("jobs", "nosuch"): "there is no job 'nosuch'",
        ("quarantine", "drop", "nosuch"): "quarantine has no entry 'nosuch'",
        ("quarantine", "drop", ""): "quarantine has no entry",
        ("quarantine", "retry", "nosuch"): "quarantine has no entry 'nosuch'",
        ("delete", UNKNOWN, "-y"): "there is no picture",
        ("delete", "", "-y"): "too short",
        ("delete", "--collection", "nosuch", "-y"): "there is no collection 'nosuch'",
        ("ingest", str(tmp_path / "none")): "there is nothing at",
        ("ingest", ""): "there is nothing at ''",
        ("ingest", str(words)): "is no source",
    }
    for arguments, message in mistakes.items():
        is_one_line(omma(*arguments), message)
    assert shelf.runtime.client.count(index=f"{alias(shelf.runtime.settings)}")["count"] == len(TITLES)


@pytest.mark.engine
@pytest.mark.queue
def test_show_prints_every_kind_of_field(omma: Omma, shelf: Shelf) -> None:
    for picture, title in zip(shelf.ids, TITLES, strict=True):
        for given in (picture, picture[:8], picture.upper()):
            printed = omma("show", given)
            assert (printed.code, printed.err) == (0, "")
            assert title in printed.out and picture in printed.out
    view = json.loads(omma("show", shelf.ids[0], "--json").out)
    assert (view["id"], view["title"], view["collections"]) == (shelf.ids[0], TITLES[0], ["animals"])


@pytest.mark.engine
@pytest.mark.queue
def test_search_prints_a_table_json_and_what_it_asked(omma: Omma, shelf: Shelf) -> None:
    printed = omma("search")
    assert (printed.code, printed.err) == (0, "")
    assert all(title in printed.out for title in TITLES) and "3 results" in printed.out
    for question, picture in ((("--text", "snow"), shelf.ids[1]), (("--filter", "category=fox"), shelf.ids[0])):
        found = json.loads(omma("search", *question, "--json").out)
        assert [result["id"] for result in found["results"]] == [picture]
    asked = omma("search", "--text", "fox", "--dsl").out
    assert f"POST /{alias(shelf.runtime.settings)}/_search" in asked
    for line in asked.splitlines():
        if line.startswith("{"):
            json.loads(line)


@pytest.mark.engine
@pytest.mark.queue
def test_quarantine_is_listed_tried_again_and_dropped(omma: Omma, shelf: Shelf) -> None:
    settings = shelf.runtime.settings
    printed = omma("quarantine", "list")
    assert "1 in quarantine" in printed.out and "broken.png: not-a-picture" in printed.out
    (entry,) = json.loads(omma("quarantine", "list", "--json", "--reason", "not-a-picture", "--collection", "rest").out)[
        "entries"
    ]
    assert (entry["reference"], entry["collection"], entry["original"]) == ("broken.png", "rest", shelf.broken)
    assert json.loads(omma("quarantine", "list", "--json", "--reason", "bomb").out)["total"] == 0
    again = omma("quarantine", "retry", entry["id"])
    assert again.out.startswith("1 tried again by job ")
    assert Dispatcher(Context(settings)).queue_lengths() == {"interactive": 1, "bulk": 0}
    assert omma("jobs", again.out.split("job ")[1].split(";")[0]).code == 0
    assert Store(settings).original(shelf.broken) == BROKEN
    assert omma("quarantine", "drop", entry["id"]).out == "1 dropped\n"
    assert "nothing is in quarantine" in omma("quarantine", "list").out
    assert not Store(settings).has_original(shelf.broken)
    is_one_line(omma("quarantine", "drop", entry["id"]), "quarantine has no entry")


@pytest.mark.engine
@pytest.mark.queue
def test_delete_asks_first(omma: Omma, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    printed = omma("delete", shelf.ids[0])
    assert printed.code == 1 and "Forget 1 picture for good?" in printed.out
    assert omma("show", shelf.ids[0]).code == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert omma("delete", shelf.ids[0]).code == 0
    is_one_line(omma("show", shelf.ids[0]), "there is no picture")


@pytest.mark.engine
@pytest.mark.queue
def test_delete_forgets_pictures_with_their_bytes(omma: Omma, shelf: Shelf) -> None:
    store, (first, second, third) = Store(shelf.runtime.settings), shelf.ids
    assert store.original(first) == png(0) and store.has_thumbnail(first)
    assert omma("delete", first, first[:10], "-y").out == "1 deleted\n"
    assert not store.has_original(first) and not store.has_thumbnail(first)
    assert store.has_original(second) and store.has_thumbnail(second)
    assert omma("delete", "--collection", "rest", "-y").out == "2 deleted\n"
    assert not any(store.has_original(picture) for picture in (second, third, shelf.broken))
    assert Quarantine(shelf.runtime.client, shelf.runtime.settings).list()[0] == 0
    assert "0 results" in omma("search").out


def test_a_model_that_the_engine_cannot_hold_is_not_promoted_even_by_force(
    omma: Omma, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMMA_HOME", str(tmp_path))
    monkeypatch.setenv("OMMA_RANKER", "sltr")
    packaged = Models(Settings(home=tmp_path)).packaged()
    is_one_line(
        omma("rank", "promote", packaged, "--force"), "OMMA_RANKER=sltr", "omma rank train --plain", "OMMA_RANKER=model"
    )
    monkeypatch.setenv("OMMA_RANKER", "auto")
    assert packaged in omma("rank", "promote", packaged, "--force").out
