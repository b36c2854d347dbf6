"""What many tests need: a small synthetic cyst on disk, and the command line called as its user does."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cartocell_app.cli import main
from cartocell_app.stacks.writing import write_labels, write_stack
from training.synthetic import SyntheticCyst, synthesize

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@dataclass(frozen=True)
class Answer:
    """What a command gave back."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real files that nobody here made; the test is skipped where it is not at hand."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real files of ../shared/data are not on this machine")
    return SHARED_DATA


@pytest.fixture(scope="session")
def small_cyst() -> SyntheticCyst:
    """A small cyst of the 4-day preset."""
    return synthesize("4d", 13)


@pytest.fixture
def cyst_folder(tmp_path: Path, small_cyst: SyntheticCyst) -> Path:
    """Folder with ``x/7d.4C.8_2.tif`` and its truth ``y/7d.4C.8_2.tif``."""
    write_stack(tmp_path / "x" / "7d.4C.8_2.tif", small_cyst.raw, small_cyst.voxel_size)
    write_labels(tmp_path / "y" / "7d.4C.8_2.tif", small_cyst.labels, small_cyst.voxel_size)
    return tmp_path


@pytest.fixture
def cartocell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Call ``cartocell`` with the given words in this process."""

    def call(*words: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["cartocell", *map(str, words)])
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return Answer(code, out, err)

    return call
