"""Everything that people use is documented, and the commands that the documentation shows exist."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from cli.main import main
from cli.reference import every_command
from engine.plugins import discover
from engine.setting_forms import variables
from engine.settings import Settings
from factors.base import Factor, Question
from factors.registry import own_factors
from vision.image_features import Colour, ImageFeatures
from vision.registry import extractors_of

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.rglob("*.md")), *sorted(ROOT.glob("*.md"))]
SHOWN = [page for page in PAGES if page.name != "CHANGELOG.md"]  # which shows former names
FORMER = re.compile(
    r"\b(senses?_off|perceive[sd]?|perception|looker|twins?|faint|nobody told|is told|whoever|stands out of)\b", re.I
)
CONTEXT = click.Context(main, info_name="omma")
COMMANDS = dict(every_command(main, CONTEXT))


def text_of(name: str) -> str:
    return (DOCS / "reference" / name).read_text()


def shown_commands(page: Path) -> Iterator[list[str]]:
    """The `omma` commands in code blocks, as words; a comment and what follows a pipe are left out."""
    for block in re.findall(r"^```\w*\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if found := re.match(r"^(?:\w+=\S+ )*(?:\./)?omma (.*)", line):
                yield shlex.split(found[1], comments=True)


def test_every_setting_is_documented() -> None:
    names = {f"OMMA_{name.upper()}" for name in Settings.model_fields}
    assert names <= set(re.findall(r"`(OMMA_\w+)`", text_of("settings.md")))


@pytest.mark.parametrize("page", SHOWN, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_setting_that_is_named_exists(page: Path) -> None:
    known = {one for name, field in Settings.model_fields.items() for one in variables(name, field)}
    known |= {"OMMA_PYTHON", "OMMA_VERSION", "OMMA_TEST_OPENSEARCH_URL", "OMMA_TEST_REDIS_URL", "OMMA_TEST_LTR_URL"}
    named = set(re.findall(r"\bOMMA_[A-Z_]*[A-Z]\b", page.read_text()))
    assert not {name for name in named if name not in known and not any(one.startswith(f"{name}_") for one in known)}


def test_every_command_and_option_is_documented() -> None:
    page = text_of("cli.md")
    for path, command in COMMANDS.items():
        section = page.partition(f"## {path}\n")[2].partition("\n## ")[0]
        assert section, path
        for option in (one for one in command.params if isinstance(one, click.Option)):
            assert all(name in section for name in option.opts), f"{path} {option.opts}"


def test_every_extractor_is_documented() -> None:
    page = text_of("extractors.md")
    assert not [one.name for one in extractors_of(Settings()) if f"| `{one.name}` |" not in page]


def test_every_factor_and_feature_is_documented() -> None:
    page = text_of("factors.md")
    for factor in own_factors():
        assert f"\n## {factor.name}\n" in page
        assert not [feature.name for feature in factor.features if f"* feature `{feature.name}`" not in page]


@pytest.mark.parametrize("page", SHOWN, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_in_code_blocks_exist(page: Path) -> None:
    for words in shown_commands(page):
        if words[:1] in (["test"], ["COMMAND"]):  # `./omma test` is the script's own
            continue
        depth = next(n for n in (2, 1, 0) if f"omma {' '.join(words[:n])}".strip() in COMMANDS)
        assert depth, f"{page.name}: omma {' '.join(words)} is not a command"
        command = COMMANDS[f"omma {' '.join(words[:depth])}"]
        known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)} | {"-h", "--help"}
        options = {word.partition("=")[0] for word in words[depth:] if re.match(r"--?[a-z]", word)}
        assert options <= known, f"{page.name}: omma {' '.join(words)}"


@pytest.mark.parametrize("page", SHOWN, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_use_the_words_of_now(page: Path) -> None:
    assert not FORMER.findall(page.read_text())


def test_the_tutorials_factor_loads_and_gives_what_it_says(tmp_path: Path) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```", (DOCS / "tutorials/write-your-own-factor.md").read_text(), re.M | re.S)
    (tmp_path / "brightness.py").write_text(code)
    found = discover(Factor, None, tmp_path)  # type: ignore[type-abstract]
    assert not found.broken
    factor = found.kinds[0]()
    seen = ImageFeatures("a" * 64, 8, 8, colours=(Colour("white", (255, 255, 255), 0.5), Colour("black", (0, 0, 0), 0.5)))
    assert factor.image_fields(seen) == {"brightness": pytest.approx(0.5)}
    (clause,) = factor.clauses(Question(image_features=seen))
    assert [clause.name] == [feature.name for feature in factor.features]
    assert clause.score["script_score"]["script"]["params"] == {"asked": pytest.approx(0.5)}
    assert factor.clauses(Question()) == []
