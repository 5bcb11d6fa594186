"""A command imports what it uses, when it uses it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HELP_OF_EVERYTHING = """
import click, sys
from cli.main import main

def explain(command, *path):
    context = click.Context(command, info_name=" ".join(["omma", *path]))
    assert command.get_help(context)
    if isinstance(command, click.Group) and path != ("train",):  # whose commands fit models: each loads what it fits with
        for name in command.list_commands(context):
            if name == "ingest" and not path:
                continue  # its help lists what the sources accept, plugins among them; see the next test
            explain(command.get_command(context, name), *path, name)

explain(main)
from cli.search import Question
assert Question(text="fox", like="abcdef", filters=("category=fox",)).as_parameters()
import cli.page
print(*sys.modules)
"""
HEAVY = {"torch", "timm", "ultralytics", "transformers", "lightgbm", "pandas", "sklearn", "scipy"}
HEAVIER_THAN_A_COMMAND = HEAVY | {"numpy", "PIL", "cv2", "onnxruntime", "pyarrow", "opensearchpy", "redis", "celery", "flask"}


def modules_of(code: str) -> set[str]:
    """What a process of its own has imported in the end."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_neither_help_nor_a_question_to_the_page_loads_a_heavy_library() -> None:
    assert not HEAVIER_THAN_A_COMMAND & modules_of(HELP_OF_EVERYTHING)


def test_help_of_ingest_loads_sources_but_no_model_library() -> None:
    code = (
        "import sys; from cli.main import main; main(['ingest', '--help'], standalone_mode=False); print(); print(*sys.modules)"
    )
    found = modules_of(code)
    assert "ingest.sources.folder" in found and not (HEAVY | {"cv2", "onnxruntime", "celery", "flask"}) & found


def test_the_list_of_commands_imports_no_command() -> None:
    code = "import sys; from cli.main import main; main(['--help'], standalone_mode=False); print(); print(*sys.modules)"
    found = modules_of(code)
    assert not {"pydantic", "rich", "httpx"} & found
    assert {name for name in found if name.startswith("cli.")} == {"cli.main"}


def test_what_ranks_reads_and_trains_is_loaded_by_its_first_use() -> None:
    assert not HEAVY & modules_of("import sys, query.search, web.wiring, workers.tasks; print(*sys.modules)")
