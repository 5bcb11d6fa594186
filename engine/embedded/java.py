"""The Java that the server runs on. Uses the standard library only: the start script runs it before anything is installed."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

MINIMUM = 21
MODULE = "jdk.incubator.vector"  # Lucene's vector arithmetic; some small runtimes leave it out
FOLDERS = "/usr/lib/jvm"


@dataclass(frozen=True)
class Java:
    """One installed Java. `version` is 0 where it does not say one; `modular`: has the module that Lucene needs."""

    home: Path
    version: int
    modular: bool = True

    @property
    def usable(self) -> bool:
        """Whether the server can run on it."""
        return self.version >= MINIMUM and self.modular

    def __str__(self) -> str:
        """The version and home, for messages."""
        return f"Java {self.version or '?'} in {self.home}" + ("" if self.modular else f" (without {MODULE})")


def find_java(environment: Mapping[str, str] | None = None, folders: str = FOLDERS) -> Java | None:
    """The first usable Java: OPENSEARCH_JAVA_HOME, JAVA_HOME, the path, then the newest under /usr/lib/jvm."""
    return next((java for java in every_java(environment, folders) if java.usable), None)


def every_java(environment: Mapping[str, str] | None = None, folders: str = FOLDERS) -> Iterator[Java]:
    """Every Java of this machine, in the order in which they are tried."""
    seen = set()
    for home in _homes(os.environ if environment is None else environment, folders):
        if home not in seen and (home / "bin" / "java").exists():
            seen.add(home)
            yield inspect(home)


@lru_cache(maxsize=32)
def inspect(home: Path) -> Java:
    """Run the Java to learn its version; one that does not start has version 0."""
    match = re.search(r'version "(?:1\.)?(\d+)', _run(home, "-version"))
    version = int(match[1]) if match else 0
    return Java(home, version, version < MINIMUM or MODULE in _modules(home))


def advice(found: list[Java]) -> str:
    """A message for a machine without a usable Java: what is needed, what was found, what to install."""
    here = "; here: " + ", ".join(map(str, found)) if found else ""
    return (
        f"OpenSearch needs Java {MINIMUM} or newer with the module {MODULE}{here}. Install a JDK {MINIMUM}+ and set "
        "OPENSEARCH_JAVA_HOME to its folder"
    )


def _homes(environment: Mapping[str, str], folders: str) -> Iterator[Path]:
    for name in ("OPENSEARCH_JAVA_HOME", "JAVA_HOME"):
        if value := environment.get(name):
            yield Path(value)
    if on_path := shutil.which("java", path=environment.get("PATH", "")):
        yield Path(on_path).resolve().parent.parent
    known = [path for path in Path(folders).glob("*") if path.is_dir() and not path.is_symlink()]
    yield from sorted(known, key=_number, reverse=True)


def _number(home: Path) -> int:
    """The first number in the name of a folder, by which newer Javas come first."""
    numbers = re.findall(r"\d+", home.name)
    return int(numbers[0]) if numbers else 0


def _modules(home: Path) -> str:
    """The list of modules: of the file `release`, or of the Java itself where that file lacks it, which takes longer."""
    release = home / "release"
    text = release.read_text(errors="replace") if release.exists() else ""
    return text if "MODULES=" in text else _run(home, "--list-modules")


def _run(home: Path, argument: str) -> str:
    try:
        done = subprocess.run(
            [str(home / "bin" / "java"), argument], capture_output=True, text=True, timeout=20, check=False, errors="replace"
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout + done.stderr


if __name__ == "__main__":  # run by the start script
    if (usable := find_java()) is None:
        sys.exit(f"omma: {advice(list(every_java()))}")
    sys.stdout.write(f"{usable}\n")
