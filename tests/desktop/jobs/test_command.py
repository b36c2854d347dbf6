import shlex
import sys

import pytest
from typer.main import get_command

from cartocell_app.cli import app
from cartocell_app.desktop.jobs.command import WITHOUT_PROGRESS, command_line, typed


def test_commands_without_progress_are_those_without_the_option():
    without = {
        name
        for name, command in get_command(app).commands.items()
        if not any("--progress" in parameter.opts for parameter in command.params)
    }
    assert set(WITHOUT_PROGRESS) == without


def test_this_python_runs_the_command_line():
    assert command_line(["segment", "x"])[:3] == [sys.executable, "-m", "cartocell_app.cli"]
    assert command_line(["segment", "x"])[3:] == ["segment", "x", "--progress", "json"]
    assert "--progress" not in command_line(["import-model", "m.h5"])


def test_the_frozen_program_runs_itself(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert command_line(["segment", "x"]) == [sys.executable, "segment", "x", "--progress", "json"]


WORDS = ["segment", "Cyst 4d filt 2po Pha,Bcat.tif", "it's", 'a "b"', "$HOME", "end\\", ""]


def test_a_posix_shell_reads_the_same_words():
    assert shlex.split(typed(WORDS, on_windows=False)) == ["cartocell", *WORDS]


def test_windows_words_are_quoted():
    assert (
        typed(["segment", r"C:\Año prüfung\x.tif"], on_windows=True) == r"cartocell segment " r'"C:\Año prüfung\x.tif"'
    )
    assert typed(["a&b"], on_windows=True) == 'cartocell "a&b"'
    assert typed(['say "x"'], on_windows=True) == r'cartocell "say \"x\""'
    assert typed(["two words\\"], on_windows=True) == 'cartocell "two words\\\\"'
    assert typed([r"C:\plain\path.tif"], on_windows=True) == r"cartocell C:\plain\path.tif"
