"""The frozen program, as somebody has it who downloaded it: in a folder of its own, on a computer without Python."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pyvirtualdisplay import Display

FOLDER_VARIABLE = "CARTOCELL_BUNDLE_FOLDER"
LONGEST_S = 900


@dataclass(frozen=True)
class Program:
    """The frozen program.

    Attributes
    ----------
    folder : Path
        Where it is.
    home : Path
        Home and current folder of whoever uses it.
    screen : dict
        Environment that leads to a screen.
    """

    folder: Path
    home: Path
    screen: dict[str, str] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        return self.folder / "CartoCell"

    @property
    def can_train(self) -> bool:
        return (self.folder / "_internal" / "torch").is_dir()

    @property
    def environment(self) -> dict[str, str]:
        """Nothing but a home and a screen: no PATH, so no Python and no other program."""
        screen = {name: self.screen[name] for name in ("DISPLAY", "XAUTHORITY") if name in self.screen}
        return {"HOME": str(self.home), "LANG": "C.UTF-8", "PATH": "", **screen}

    def __call__(self, *words: object) -> "subprocess.CompletedProcess[str]":
        """Run it to its end."""
        return subprocess.run(
            self._command(words), cwd=self.home, env=self.environment, capture_output=True, text=True, timeout=LONGEST_S
        )

    def start(self, *words: object) -> "subprocess.Popen[bytes]":
        """Start it."""
        return subprocess.Popen(self._command(words), cwd=self.home, env=self.environment)

    def _command(self, words: Sequence[object]) -> list[str]:
        return [str(self.file), *map(str, words)]


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The program in a folder whose name has spaces and accents; skipped where none was made."""
    made = os.environ.get(FOLDER_VARIABLE)
    if not made:
        pytest.skip("no frozen program was named; `make bundle-test` does")
    place = tmp_path_factory.mktemp("Año prüfung ü")
    home = place / "home"
    home.mkdir()
    shutil.copytree(made, place / "CartoCell", symlinks=True)
    # As large as the window, so that all of it can be photographed.
    with Display(visible=False, size=(1440, 900)) as display:
        yield Program(place / "CartoCell", home, display.env())
    shutil.rmtree(place)
