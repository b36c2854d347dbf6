"""What 3D draws, and which cell is seen where."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from cartocell_app.desktop.viewer.geometry import XY
from cartocell_app.desktop.viewer.scene import is_new_enough
from cartocell_app.desktop.viewer.viewer import Viewer

# Vispy asks Qt in an old way where the mouse is.
pytestmark = pytest.mark.filterwarnings("ignore:.*QMouseEvent.pos.*:DeprecationWarning")


@pytest.fixture
def from_above(viewer) -> Viewer:
    """Seen from above: x to the right, y towards her."""
    assert not viewer.volume.problem
    viewer.volume.scene.camera.elevation, viewer.volume.scene.camera.azimuth = 90, 0
    return viewer


def seen(viewer: Viewer, shift_px: int = 0) -> int:
    width, height = viewer.volume.scene.canvas.size
    return viewer.volume.scene.cell_at(width / 2 + shift_px, height / 2)


def test_a_cell_is_seen_where_it_is_drawn(from_above):
    assert (seen(from_above, -20), seen(from_above, 20)) == (3, 9)
    assert from_above.volume.scene.cell_at(2, 2) == 0


def test_hidden_cells_are_not_seen(from_above):
    from_above.show_only(frozenset({9}))
    assert (seen(from_above, -20), seen(from_above, 20)) == (0, 9)
    from_above.show_only(None)
    from_above.hide_cells(frozenset({9}))
    assert (seen(from_above, -20), seen(from_above, 20)) == (3, 0)
    from_above.set_display(replace(from_above.display, show_surfaces=False))
    assert seen(from_above, -20) == 0


def test_what_is_cut_away_is_not_seen(from_above):
    # Cell 3 ends where x is 20 of 40 µm.
    from_above.set_display(replace(from_above.display, cut_axis=2, cut=0.45))
    assert (seen(from_above, -60), seen(from_above, 20)) == (0, 9)
    from_above.set_display(replace(from_above.display, cut_axis=0, cut=0.9))
    assert seen(from_above, 20) == 0


def test_a_cut_through_a_cell_shows_its_flesh_in_its_colour(from_above):
    viewer = from_above
    viewer.set_display(replace(viewer.display, cut_axis=0, cut=0.5))
    assert seen(viewer, 20) == 9
    picture = viewer.volume.picture()
    colour = picture.pixelColor(picture.width() // 2 + 20, picture.height() // 2)
    np.testing.assert_allclose(colour.getRgb()[:3], viewer.view.colours[9] * 0.8, atol=2)


def test_cells_move_apart(from_above):
    assert seen(from_above, 3) == 9
    from_above.set_display(replace(from_above.display, explode=1.0))
    assert seen(from_above, 3) == 0
    assert seen(from_above, 60) == 9


def test_a_click_in_3d_picks_the_cell_and_moves_the_cursor_onto_it(from_above, qtbot):
    volume = from_above.volume
    width, height = volume.scene.canvas.size
    with qtbot.waitSignal(from_above.cell_picked) as picked:
        qtbot.mouseClick(volume.scene.native, Qt.MouseButton.LeftButton, pos=QPoint(width // 2 + 20, height // 2))
    assert picked.args == [9]
    assert from_above.voxel[0] == 4  # the first slice of the cell, from above
    assert from_above.view.labels[from_above.voxel] == 9


@pytest.mark.parametrize(("elevation", "azimuth"), [(30, 35), (-50, 160), (0, -90)])
def test_the_line_of_sight_meets_the_cell_that_is_seen(viewer, elevation, azimuth, qtbot):
    scene = viewer.volume.scene
    scene.camera.elevation, scene.camera.azimuth = elevation, azimuth
    width, height = scene.canvas.size
    labels = []
    for shift in (-30, 0, 25):
        label = scene.cell_at(width / 2 + shift, height / 2 + 5)
        with qtbot.waitSignal(viewer.volume.picked) as picked:
            viewer.volume.pick(width / 2 + shift, height / 2 + 5)
        assert picked.args[0] == label
        if label:
            assert viewer.view.labels[picked.args[1]] == label
        labels.append(label)
    assert any(labels)


def test_the_selected_cell_stays_bright_and_the_others_are_dimmed(from_above):
    viewer = from_above

    def brightness(shift):
        picture = viewer.volume.picture()
        return picture.pixelColor(picture.width() // 2 + shift, picture.height() // 2).lightness()

    before = brightness(-20), brightness(20)
    viewer.set_cell(9)
    assert brightness(-20) < 0.5 * before[0]
    assert brightness(20) == before[1]


def test_its_scale_is_that_of_what_is_drawn(from_above):
    """The cells lie from x = 6 to 34 µm."""
    from_above.volume.scene._lines.visible = False
    picture = from_above.volume.picture()
    row = [picture.pixelColor(x, picture.height() // 2).lightness() > 30 for x in range(picture.width())]
    width_um = sum(row) * from_above.volume.seen_um() / picture.width()
    assert width_um == pytest.approx(28, rel=0.03)


def test_a_raw_volume_is_drawn_in_each_way(viewer):
    viewer.set_display(replace(viewer.display, show_surfaces=False))
    empty = viewer.volume.picture()
    for method in ("mip", "attenuated_mip", "translucent", "iso"):
        viewer.set_display(replace(viewer.display, show_volume=True, method=method, levels=(0, 100)))
        picture = viewer.volume.picture()
        assert picture != empty, method
        row = [picture.pixelColor(x, picture.height() // 2).lightness() for x in range(picture.width())]
        assert max(row) > 60, method


def test_the_cut_cuts_the_raw_volume_at_the_same_place(from_above):
    viewer = from_above
    viewer.set_display(
        replace(viewer.display, show_surfaces=False, show_volume=True, cut_axis=2, cut=0.5, levels=(0, 100))
    )
    picture = viewer.volume.picture()
    middle = picture.width() // 2
    left, right = (picture.pixelColor(middle + shift, picture.height() // 2 + 3).lightness() for shift in (-25, 25))
    assert left < 30
    assert right > 60


def test_keys_turn_scale_and_maximise(viewer, qtbot):
    volume = viewer.volume
    azimuth, seen_um = volume.scene.camera.azimuth, volume.seen_um()
    qtbot.keyClick(volume, Qt.Key.Key_Right)
    qtbot.keyClick(volume, Qt.Key.Key_Plus)
    assert volume.scene.camera.azimuth == azimuth - 10
    assert volume.seen_um() < seen_um
    qtbot.keyClick(volume, Qt.Key.Key_Home)
    assert volume.seen_um() == pytest.approx(seen_um)
    qtbot.keyClick(volume, Qt.Key.Key_Return)
    assert [pane.isVisible() for pane in viewer.panes] == [False, False, False, True]


def test_a_middle_drag_moves_and_a_left_drag_turns(viewer, qtbot):
    camera, native = viewer.volume.scene.camera, viewer.volume.scene.native
    centre, azimuth = tuple(camera.center), camera.azimuth

    def send(kind, at, button, buttons):
        place = QPointF(at, 100)
        QApplication.sendEvent(
            native, QMouseEvent(kind, place, native.mapToGlobal(place), button, buttons, Qt.KeyboardModifier.NoModifier)
        )

    def drag(button):
        send(QEvent.Type.MouseButtonPress, 100, button, button)
        for at in (115, 130, 145):
            qtbot.wait(15)  # vispy leaves out what follows too quickly
            send(QEvent.Type.MouseMove, at, Qt.MouseButton.NoButton, button)
        send(QEvent.Type.MouseButtonRelease, 145, button, Qt.MouseButton.NoButton)

    drag(Qt.MouseButton.MiddleButton)
    assert (tuple(camera.center) != centre, camera.azimuth == azimuth) == (True, True)
    centre = tuple(camera.center)
    drag(Qt.MouseButton.LeftButton)
    assert (tuple(camera.center) == centre, camera.azimuth != azimuth) == (True, True)


def test_no_opengl_leaves_the_slices_and_says_why(qtbot, two_cells, monkeypatch):
    def fails():
        raise RuntimeError("no GLX")

    monkeypatch.setattr("cartocell_app.desktop.viewer.scene._check_opengl", fails)
    viewer = Viewer()
    qtbot.addWidget(viewer)
    viewer.show()
    viewer.show_volume(two_cells)
    assert "graphics driver" in viewer.volume.words
    assert viewer.slices.panes[XY].image.image is not None
    viewer.tear_down()


@pytest.mark.parametrize(
    ("version", "enough"),
    [("4.5 (Compatibility Profile) Mesa 22.3.6", True), ("2.1 Metal - 88", True), ("1.1.0", False), ("", False)],
)
def test_old_opengl_is_not_enough(version, enough):
    assert is_new_enough(version) == enough
