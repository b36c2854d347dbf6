from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from cartocell_app.desktop.samples.thumbnails import EDGE_PX, ThumbnailMaker, thumbnail
from cartocell_app.stacks.writing import write_stack
from tests.desktop.fake_project import VOXEL, FakeSample


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """Left half dark, right half bright."""
    path = tmp_path / "a.tif"
    data = np.full((5, 200, 400), 20, np.uint8)
    data[:, :, 200:] = 180
    write_stack(path, data, VOXEL)
    return path


def test_a_picture_shows_the_stack_with_its_full_contrast(stack: Path, qapp: object) -> None:
    image = thumbnail(FakeSample(1, "a", stack), None)
    assert (image.width(), image.height()) == (EDGE_PX, EDGE_PX // 2)
    assert image.pixelColor(10, 20).red() == 0
    assert image.pixelColor(EDGE_PX - 10, 20).red() == 255


def test_a_picture_is_kept_until_its_file_changes(stack: Path, tmp_path: Path, qapp: object) -> None:
    cache = tmp_path / "thumbnails"
    sample = FakeSample(1, "a", stack)
    thumbnail(sample, cache)
    (kept,) = cache.iterdir()
    red = QImage(4, 4, QImage.Format.Format_RGB32)
    red.fill(0xFF0000)
    red.save(str(kept))
    assert thumbnail(sample, cache).width() == 4
    write_stack(stack, np.zeros((5, 30, 30), np.uint8), VOXEL)
    assert thumbnail(sample, cache).width() == EDGE_PX


def test_what_is_asked_for_last_comes_first_and_bad_files_do_not_stop_the_others(
    stack: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    bad = tmp_path / "bad.tif"
    bad.write_bytes(b"II*\0 nothing")
    maker = ThumbnailMaker()
    made: list[int] = []
    maker.made.connect(lambda number, _: made.append(number))
    for number, path in ((1, stack), (2, stack), (3, bad), (4, tmp_path / "missing.tif"), (5, stack)):
        maker.ask(FakeSample(number, "a", path))
    qtbot.waitUntil(lambda: len(made) == 3)
    assert made == [1, 5, 2]
