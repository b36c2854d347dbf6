"""Pictures and films of what is seen."""

import pytest
from PIL import Image

from cartocell_app.desktop.viewer.filming import FilmDialog
from cartocell_app.desktop.viewer.saving import save_picture
from cartocell_app.errors import UserError


def test_a_picture_has_the_size_of_what_is_seen_and_its_colours(viewer, tmp_path):
    save_picture(viewer, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == (viewer.width(), viewer.height())
        place = viewer.volume.geometry()
        part = picture.convert("RGB").crop((place.left(), place.top(), place.right(), place.bottom()))
        assert len(part.getcolors(1_000_000)) > 20  # 3D is in it


def test_a_picture_that_cannot_be_written(viewer, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError):
        save_picture(viewer, tmp_path / "file" / "a.png")


@pytest.mark.parametrize("ending", ["gif", "mp4"])
def test_a_film_turns_once_around(viewer, tmp_path, qtbot, monkeypatch, ending):
    monkeypatch.setattr("cartocell_app.desktop.viewer.filming.FRAMES", 8)
    azimuth = viewer.volume.scene.camera.azimuth
    dialog = FilmDialog(viewer.volume, tmp_path / f"a.{ending}")
    qtbot.addWidget(dialog)
    with qtbot.waitSignal(dialog.finished_film, timeout=30_000):
        dialog.show()
    assert viewer.volume.scene.camera.azimuth % 360 == pytest.approx(azimuth % 360)
    content = (tmp_path / f"a.{ending}").read_bytes()
    assert content.startswith(b"GIF8") if ending == "gif" else b"ftyp" in content[:16]


def test_a_cancelled_film_leaves_nothing(viewer, tmp_path, qtbot):
    dialog = FilmDialog(viewer.volume, tmp_path / "a.gif")
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.bar.value() > 1)
    dialog.reject()
    assert list(tmp_path.glob("*a.gif*")) == []
