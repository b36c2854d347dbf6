import json
import subprocess
import sys
from pathlib import Path

import pytest

from cartocell_app import __version__
from cartocell_app.desktop.start import is_command
from cartocell_app.resources import SAMPLE_LABELS
from cartocell_app.stacks.reading import read_labels

HEAVY = ("torch", "numpy", "scipy", "pandas", "skimage", "sqlalchemy", "onnxruntime", "vispy", "pyqtgraph", "qtawesome")


def test_nothing_heavy_is_loaded_before_the_window_is_on_screen() -> None:
    program = (
        "import sys; import cartocell_app.desktop.main_window, cartocell_app.desktop.start; "
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_the_program_starts_and_ends() -> None:
    program = [sys.executable, "-m", "cartocell_app.desktop.start", "--quit-after", "0.5"]
    answer = subprocess.run(program, capture_output=True, text=True, check=False, timeout=60)
    assert (answer.returncode, answer.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["segment", "a.tif", "-o", "out"], True),
        (["doctor"], True),
        (["stack.tif"], False),
        (["--quit-after", "1"], False),
        ([], False),
    ],
)
def test_the_frozen_program_knows_commands_from_files(words: list[str], expected: bool) -> None:
    assert is_command(words) == expected


def test_a_file_that_is_named_like_a_command_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "segment").mkdir()
    monkeypatch.chdir(tmp_path)
    assert not is_command(["segment"])


@pytest.mark.slow
def test_the_program_tries_itself(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "cartocell_app.desktop.start", "--self-test", str(tmp_path)]
    answer = subprocess.run(program, capture_output=True, text=True, check=False, timeout=200)
    assert (answer.returncode, answer.stderr) == (0, "")
    found = json.loads((tmp_path / "self-test.json").read_text(encoding="utf-8"))
    assert found["failed"] == ""
    assert found["cells"] == read_labels(SAMPLE_LABELS)[0].max()
    assert (tmp_path / "self-test.png").stat().st_size > 0


def test_the_program_says_its_version() -> None:
    program = [sys.executable, "-m", "cartocell_app.desktop.start", "--version"]
    answer = subprocess.run(program, capture_output=True, text=True, check=True, timeout=60)
    assert answer.stdout == f"cartocell {__version__}\n"
