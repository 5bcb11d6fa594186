"""`omma tags`."""

import json
from pathlib import Path

import pytest

from answers.tag import Tag, TagEvidence, Tags
from cli.tags import lines
from tests.cli.conftest import Omma, Shelf

EVIDENCE = TagEvidence(id="a" * 64, place=1, kind="caption", words="A lark\x1b[31m on a very long fence " + "x" * 200)


def test_a_tag_fits_the_terminal_with_broader_ones_and_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    tag = Tag(name="lark", language="en", confidence=0.81, broader=["bird"], also=["sky lark"], evidence=[EVIDENCE])
    printed = list(lines(Tags(tags=[tag], perhaps=True, neighbours=3)))
    assert "Perhaps" in printed[0] and any("bird" in line and "sky lark" in line for line in printed)
    plain = [line.replace("\x1b[22m", "").replace("\x1b[1m", "").replace("\x1b[0m", "") for line in printed]
    assert all(len(line) <= 80 for line in plain) and not any("\x1b[31m" in line for line in printed)


@pytest.mark.engine
@pytest.mark.queue
def test_of_a_document_by_the_first_letters_of_its_id(shelf: Shelf, omma: Omma) -> None:
    done = omma("tags", shelf.ids[0][:8], "--json")
    assert done.code == 0 and Tags.model_validate(json.loads(done.out)).neighbours >= 0


@pytest.mark.engine
@pytest.mark.queue
def test_a_file_that_is_not_there_is_one_line(shelf: Shelf, omma: Omma, tmp_path: Path) -> None:
    done = omma("tags", str(tmp_path / "nothing.png"))
    assert done.code != 0 and "nothing.png" in done.err and "Traceback" not in done.err
