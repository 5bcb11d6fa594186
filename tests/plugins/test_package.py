"""The documented plugin takes part everywhere, as an installed package and as files of a folder, without other edits."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.connections import connect
from engine.settings import Settings
from mappings import versions

pytestmark = [pytest.mark.engine, pytest.mark.models, pytest.mark.timeout(900)]
HERE, ROOT = Path(__file__).parent, Path(__file__).resolve().parents[2]
FIRST_LINE = re.compile(r"```(?:python|toml)\n# (\S+)\n(.*?)```", re.DOTALL)
BROKEN = 'raise RuntimeError("this file is broken")\n'
TAKEN = """
from omma_plugin import Clause, Factor, Feature, Question


class Similar(Factor):
    name = "similar"
    title = "Similar"
    about = "Its name is taken."
    features = (Feature("similar"),)

    def clauses(self, question: Question) -> list[Clause]:
        return []
"""
FURTHER = '[project.entry-points."omma.factors"]\nbroken = "omma_layout.broken"\ntaken = "omma_layout.taken"\n'
OFF = "objects,text,local,text_presence"  # slow extractors that this test does not need


def documented() -> dict[str, str]:
    """The files of docs/tutorials/plugins.md by name."""
    return dict(FIRST_LINE.findall((ROOT / "docs" / "tutorials" / "plugins.md").read_text()))


def put(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def run(python: Path | str, *arguments: str | Path, environment: dict[str, str]) -> None:
    done = subprocess.run([str(python), *map(str, arguments)], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]


def in_a_package(folder: Path, environment: dict[str, str]) -> tuple[Path, dict[str, str]]:
    """A fresh virtual environment beside Omma's, with the package installed: its Python, and its variables."""
    project, files = folder / "project", documented()
    further = FURTHER.partition("\n")
    metadata = files.pop("pyproject.toml").replace(further[0], f"{further[0]}\n{further[2]}".rstrip())
    put(project, {"pyproject.toml": metadata})
    put(project / "omma_layout", files | {"broken.py": BROKEN, "taken.py": TAKEN, "__init__.py": ""})
    run(sys.executable, "-m", "venv", folder / "venv", environment=environment)
    python = folder / "venv" / "bin" / "python"
    (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
    # First of all folders, so that its setuptools builds the package, and not an old one that came with the environment.
    (site / "beside_omma.pth").write_text(f"import sys; sys.path.insert(0, {sysconfig.get_path('purelib')!r})\n{ROOT}\n")
    bare = {name: value for name, value in environment.items() if name != "PYTHONPATH"}
    install = ("-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", project)
    run(python, *install, environment=bare)
    return python, bare


def in_a_folder(folder: Path, environment: dict[str, str]) -> tuple[Path, dict[str, str]]:
    """This Python, with OMMA_PLUGIN_PATH."""
    files = {name: text for name, text in documented().items() if name.endswith(".py")}
    path = put(folder / "plugins", files | {"broken.py": BROKEN, "taken.py": TAKEN})
    return Path(sys.executable), environment | {"OMMA_PLUGIN_PATH": str(path)}


@pytest.fixture(scope="module")
def environment(opensearch_url: str, redis_url: str, models_home: Settings) -> dict[str, str]:
    """An installation's variables, without a plugin."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("OMMA_")}
    return own | {
        "PYTHONPATH": str(ROOT), "OMMA_HOME": str(models_home.home), "OMMA_OPENSEARCH_URL": opensearch_url,
        "OMMA_REDIS_URL": redis_url, "OMMA_EXTRACTORS_OFF": OFF, "OMMA_THREADS": "1",
    }  # fmt: skip


@pytest.fixture(params=[in_a_package, in_a_folder], ids=["package", "folder"])
def found(
    request: pytest.FixtureRequest, environment: dict[str, str], opensearch_url: str, tmp_path: Path
) -> Iterator[dict[str, Any]]:
    """What `plugin_session.py` found, with `before`: the answer before the plugin came."""
    prefix = f"t{uuid.uuid4().hex[:10]}"
    here = environment | {"OMMA_INDEX_PREFIX": prefix, "OMMA_STORE_URL": f"file://{tmp_path}/store"}
    run(sys.executable, HERE / "index_images.py", tmp_path, environment=here)
    python, there = request.param(tmp_path, here)
    run(python, HERE / "plugin_session.py", tmp_path, environment=there)
    yield json.loads((tmp_path / "session.json").read_text()) | {"before": json.loads((tmp_path / "before.json").read_text())}
    shutil.rmtree(Path(here["OMMA_HOME"]) / "rankers", ignore_errors=True)
    client = connect(Settings(opensearch_url=opensearch_url))
    for index in client.indices.get(index=f"{prefix}-*", params={"expand_wildcards": "all"}):
        client.indices.delete(index=index)
    client.indices.delete_index_template(name=versions.alias(Settings(index_prefix=prefix)), ignore=404)


def test_a_plugin_takes_part_everywhere_and_takes_nothing_away(found: dict[str, Any]) -> None:
    before, asked = found["before"], found["search"]
    assert before["indexed"] == 36 and before["ranker"] == before["packaged"] and before["removed"] > 0

    # The learned order and the cutoff stay in use; the notice comes once.
    assert asked["ranker"] == found["packaged"] == before["packaged"]
    assert asked["removed"] > 0
    notice = f"{found['packaged']} was learned without layout and ignores it; `omma rank train` learns it"
    assert notice in asked["warnings"] and notice not in asked["again"]
    assert asked["again"] == [warning for warning in before["warnings"] if warning in asked["again"]]
    assert asked["ids"][0] == before["first"]

    # Retrieval, table, explanation, page and docs have the new factor.
    assert all("layout" in values for values in asked["values"])
    alike = max(range(len(asked["ids"])), key=lambda place: asked["values"][place]["layout"])
    assert asked["values"][alike]["layout"] > 0.95
    assert asked["why"][alike]["layout"].startswith(
        ("Light and dark lie alike (cosine 0.9", "Light and dark lie alike (cosine 1.0")
    )
    assert found["described"]["Layout"].startswith("brighter on the ")
    assert "<h2>Layout</h2>" in found["page"] and "brighter on the" in found["page"]
    assert "## layout" in found["docs"] and "light and dark parts lie alike" in found["docs"]

    # Its source is read, its evaluation set is listed, and training learns its feature.
    assert "same mug" in found["sets"] and len(found["sets"]) > 5
    assert found["read"] == {"indexed": 2, "refused": 1, "collection": "gradients"}
    assert "layout" in found["learned"]["columns"] and found["learned"]["parent"] == found["packaged"]

    # What cannot take part is named, and takes nothing with it.
    left_out = " | ".join(found["left_out"])
    assert "broken" in left_out and "RuntimeError: this file is broken" in left_out
    assert "a factor 'similar' exists already" in left_out and len(found["left_out"]) == 2
