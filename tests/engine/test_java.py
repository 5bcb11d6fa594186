"""A usable Java is found; one that is too old, or lacks the vector module, is passed over."""

from pathlib import Path

import pytest

from engine.embedded.java import advice, every_java, find_java


def install(folder: Path, version: str, *, modules: str = "java.base@21\njdk.incubator.vector@21") -> Path:
    """A Java that answers as the real ones do."""
    binary = folder / "bin" / "java"
    binary.parent.mkdir(parents=True)
    binary.write_text(
        f'#!/bin/sh\nif [ "$1" = -version ]; then echo \'openjdk version "{version}"\' >&2; else echo "{modules}"; fi\n'
    )
    binary.chmod(0o755)
    return folder


def test_an_old_java_on_the_path_is_passed_over(tmp_path: Path) -> None:
    old = install(tmp_path / "old", "17.0.15")
    new = install(tmp_path / "jvm" / "jdk-21", "21.0.4")
    found = find_java({"PATH": f"{old / 'bin'}:/usr/bin:/bin"}, str(tmp_path / "jvm"))
    assert found is not None
    assert found.home == new


def test_the_named_java_comes_first(tmp_path: Path) -> None:
    named = install(tmp_path / "named", "21.0.1")
    install(tmp_path / "jvm" / "jdk-25", "25")
    found = find_java({"OPENSEARCH_JAVA_HOME": str(named), "PATH": ""}, str(tmp_path / "jvm"))
    assert found is not None
    assert found.home == named


@pytest.mark.parametrize("version", ["1.8.0_402", "11.0.2", "17.0.15", "20"])
def test_versions_that_are_too_old(tmp_path: Path, version: str) -> None:
    install(tmp_path / "jvm" / "jdk", version)
    assert find_java({"PATH": ""}, str(tmp_path / "jvm")) is None


def test_a_runtime_without_vector_arithmetic_is_refused(tmp_path: Path) -> None:
    install(tmp_path / "jvm" / "jdk", "21", modules="java.base@21")
    assert find_java({"PATH": ""}, str(tmp_path / "jvm")) is None


def test_the_advice_names_the_javas_found(tmp_path: Path) -> None:
    install(tmp_path / "jvm" / "jdk-17", "17.0.15")
    text = advice(list(every_java({"PATH": ""}, str(tmp_path / "jvm"))))
    assert "Java 17" in text
    assert "OPENSEARCH_JAVA_HOME" in text
