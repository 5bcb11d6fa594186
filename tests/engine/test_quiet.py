"""Output of libraries that print."""

import sys

import pytest

from engine.quiet import quiet_stdout


def test_output_comes_back_after_blocks_that_overlap_in_any_order(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout
    first, second = quiet_stdout(), quiet_stdout()
    first.__enter__()
    second.__enter__()
    print("of a library")
    first.__exit__(None, None, None)
    print("of another library")
    second.__exit__(None, None, None)
    assert sys.stdout is before
    print("of the command")
    assert capsys.readouterr().out == "of the command\n"
