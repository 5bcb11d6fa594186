"""The house itself: arrows between rooms point one way, code is clean, docs point at things that exist."""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = {
    "engine": set(),
    "mappings": {"engine"},
    "vision": {"engine"},
    "factors": {"vision", "mappings", "engine"},
    "ranking": {"factors", "vision", "mappings", "engine"},
    "ingest": {"factors", "vision", "mappings", "engine"},
    "training": {"factors", "vision", "mappings", "engine"},
    "query": {"ranking", "ingest", "factors", "vision", "mappings", "engine"},
    "answers": {"query", "ranking", "ingest", "factors", "vision", "mappings", "engine"},
    "workers": {"answers", "query", "training", "ranking", "ingest", "factors", "vision", "mappings", "engine"},
    "evaluation": {"training", "answers", "query", "workers", "ingest", "ranking", "factors", "vision", "mappings", "engine"},
    "client": set(),  # installed without the server: it may import none of its rooms
    "omma_plugin.py": {"evaluation", "ranking", "ingest", "factors", "vision"},
    "web": {"answers", "query", "workers", "ingest", "ranking", "factors", "vision", "mappings", "engine"},
}


def files_of(room: str) -> list[Path]:
    """The files of a room; the plugins' interface is one file."""
    return [ROOT / room] if room.endswith(".py") else list((ROOT / room).rglob("*.py"))


def imported_rooms(path: Path) -> set[str]:
    """The rooms that a file imports from."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names & (set(ROOMS) | {"cli", "tests"})


@pytest.mark.parametrize("room", ROOMS)
def test_arrows_between_rooms_point_one_way(room: str) -> None:
    allowed = ROOMS[room] | {room}
    wrong = {str(p.relative_to(ROOT)): extra for p in files_of(room) if (extra := imported_rooms(p) - allowed)}
    assert not wrong


@pytest.mark.timeout(900)  # the type checker reads every library where it has no cache
@pytest.mark.parametrize("command", [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy", "."]], ids=" ".join)
def test_code_is_clean(command: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md")), ids=lambda p: p.name)
def test_links_in_docs_resolve(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", page.read_text())
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing


def test_importing_the_plugins_interface_loads_no_model_library() -> None:
    code = "import sys, omma_plugin; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    heavy = {"torch", "onnxruntime", "transformers", "cv2", "lightgbm", "timm", "opensearchpy", "celery", "flask"}
    assert not heavy & set(done.stdout.split())


def tracked_text() -> dict[str, str]:
    """Every text file that git tracks, or would."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    texts = {}
    for name in listed.stdout.splitlines():
        try:
            texts[name] = (ROOT / name).read_text()
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue
    return texts


def test_pinned_requirements_have_hashes_and_no_addresses() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        if path.name == "overrides.txt":
            continue
        text = path.read_text()
        assert "://" not in text, path
        pins = re.findall(r"^[A-Za-z0-9_.\[\]-]+==", text, re.MULTILINE)
        assert pins, path
        assert text.count("--hash=sha256:") >= len(pins), path


def test_no_file_is_longer_than_a_reader_wants() -> None:
    long = {
        n: len(t.splitlines())
        for n, t in tracked_text().items()
        if n.endswith((".py", ".js", ".css")) and len(t.splitlines()) > 300 and "Written by `omma docs`" not in t[:300]
    }
    assert not long


def modules() -> dict[str, ast.Module]:
    """The modules of all rooms by dotted name; a package is named by its folder."""
    files = [path for room in (*ROOMS, "cli") for path in files_of(room)]
    dotted = (".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in files)
    return {name: ast.parse(path.read_text()) for name, path in zip(dotted, files, strict=True)}


def imported_modules(tree: ast.Module) -> set[str]:
    """What a module imports, at the top or within a function; `from a import b` may name the module a.b."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_modules_import_in_no_circle() -> None:
    trees = modules()
    graph = {name: imported_modules(tree) & (trees.keys() - {name}) for name, tree in trees.items()}
    packages = {name for name in trees if any(other.startswith(f"{name}.") for other in trees)}
    TopologicalSorter({name: found - packages for name, found in graph.items() if name not in packages}).prepare()


def test_no_function_is_longer_than_a_reader_wants() -> None:
    functions = (
        (f"{name}.{node.name}", (node.end_lineno or 0) - node.lineno + 1)
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert not {name: lines for name, lines in functions if lines > 30}
