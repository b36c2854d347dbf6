"""The pane with the stack in 3D; without OpenGL it says why there is none."""

import logging
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QKeyEvent
from PySide6.QtWidgets import QLabel, QStackedLayout, QWidget

from cartocell_app.desktop.viewer.geometry import Zyx, along_ray, first_of
from cartocell_app.desktop.viewer.layers import CellMesh
from cartocell_app.desktop.viewer.looks import Looks
from cartocell_app.desktop.viewer.pane import ZOOMS, Pane
from cartocell_app.desktop.viewer.view import Array, VolumeView

if TYPE_CHECKING:
    from cartocell_app.desktop.viewer.scene import Scene

log = logging.getLogger(__name__)

CLICK_PX = 4
"""A mouse that moved less than this between press and release clicked; else it turned the view."""

CURSOR_RESTS_MS = 100
"""Scrolling through slices must not wait for 3D, which some computers draw slowly."""

TURN_DEGREES = 10
TURNS = {
    Qt.Key.Key_Left: (TURN_DEGREES, 0),
    Qt.Key.Key_Right: (-TURN_DEGREES, 0),
    Qt.Key.Key_Up: (0, TURN_DEGREES),
    Qt.Key.Key_Down: (0, -TURN_DEGREES),
}
KEYS = "Arrow keys turn it, plus and minus scale it, Home shows all, Enter maximises it."
NO_3D = (
    "No 3D view on this computer: its graphics driver offers no OpenGL that CartoCell could use. "
    "Slices, segmentation and measurements work without it. A newer graphics driver often helps."
)


class VolumePane(Pane):
    """3D view that can be turned.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    picked = Signal(int, object)
    """A cell was clicked (0 = beside all cells), and the voxel (z, y, x) there; None if it is not known."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("3D view", KEYS, parent)
        self._layout = QStackedLayout(self)
        # A pixel for the frame that tells where keys go.
        self._layout.setContentsMargins(1, 1, 1, 1)
        self._words = QLabel()
        self._words.setProperty("role", "on-pane")
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._words.setWordWrap(True)
        self._words.setAutoFillBackground(True)
        self._words.setMargin(24)
        self._layout.addWidget(self._words)
        self._pressed: tuple[float, float] | None = None
        self._apart = 0.0
        self._cursor_um: Zyx = (0.0, 0.0, 0.0)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(CURSOR_RESTS_MS)
        self._rest.timeout.connect(self._draw_cursor)
        self.scene: Scene | None = None
        self.problem = ""

    def start(self) -> bool:
        """Make the 3D view, if the system can; else say why not. Returns whether there is one."""
        if self.scene is not None or self.problem:
            return not self.problem
        try:
            from cartocell_app.desktop.viewer.scene import Scene

            self.scene = Scene(self)
        except Exception as error:  # noqa: BLE001 - drivers fail in any way they like; slices must go on
            log.warning("no 3D view: %s", error)
            self.problem = NO_3D
            self.show_words(NO_3D)
            return False
        self.scene.native.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._layout.addWidget(self.scene.native)
        self.overlay.raise_()
        events = self.scene.canvas.events
        events.mouse_press.connect(self._press)
        events.mouse_release.connect(self._release)
        events.mouse_double_click.connect(self._double)
        events.mouse_wheel.connect(self._scaled)
        return True

    def show_words(self, words: str) -> None:
        """Show words in place of a picture."""
        self._words.setText(words)
        self._layout.setCurrentWidget(self._words)

    @property
    def words(self) -> str:
        """What is said in place of a picture; empty where there is one."""
        return self._words.text() if self._layout.currentWidget() is self._words else ""

    def show_view(self, view: VolumeView | None) -> None:
        """Take another stack, and let go of what the last one needed."""
        if self.scene is None:
            return
        self.scene.show_view(view)
        if view is None:
            self.show_words("")
            self.overlay.say("", "", has_bar=False)
        else:
            self._layout.setCurrentWidget(self.scene.native)
            self.overlay.say("3D", "", has_bar=view.voxel_um is not None)

    def set_mesh(self, mesh: CellMesh | None) -> None:
        """Take the cells' surfaces; `apply` draws them."""
        if self.scene is not None:
            self.scene.set_mesh(mesh)

    def apply(self, looks: Looks, picture: Array | None) -> None:
        """Draw the stack like that; `picture` (Z, Y, X) is the layer that is wanted."""
        if self.scene is not None and self.scene.view is not None:
            self._apart = 0.0 if looks.surfaces is None else looks.surfaces.apart
            self.scene.apply(looks, picture)

    def set_cursor(self, at_um: Zyx) -> None:
        """Draw the cursor's cross, once it has come to rest."""
        self._cursor_um = at_um
        self._rest.start()

    def frame(self) -> None:
        """Look at all of the stack."""
        if self.scene is not None:
            self.scene.frame()
            self.overlay.update()

    def seen_um(self) -> float:
        """Width that is seen."""
        return 0.0 if self.scene is None else self.scene.seen_um()

    def picture(self) -> QImage | None:
        """What is drawn now; None if there is no 3D view."""
        return None if self.scene is None or self.scene.view is None else self.scene.picture()

    def turn(self, degrees: float) -> None:
        """Turn the view about the optical axis."""
        if self.scene is not None:
            self.scene.turn(degrees)

    def pick(self, x_px: float, y_px: float) -> None:
        """Tell which cell is seen at a place of the pane."""
        if self.scene is None or self.scene.view is None:
            return
        label, labels = self.scene.cell_at(x_px, y_px), self.scene.view.labels
        voxel = None
        if label and labels is not None and not self._apart:
            start, way = self.scene.ray(x_px, y_px)
            voxel = first_of(labels, along_ray(start, way, self.scene.view.drawn_um, labels.shape), label)
        self.picked.emit(label, voxel)

    def tear_down(self) -> None:
        """Give the graphics card's memory back; the pane shows nothing afterwards."""
        self._rest.stop()
        if self.scene is not None:
            scene, self.scene = self.scene, None
            self.show_words("")
            scene.close()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        key, scene = Qt.Key(event.key()), self.scene
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.maximise_wanted.emit()
        elif scene is not None and key in TURNS:
            scene.turn(*TURNS[key])
        elif scene is not None and key in ZOOMS:
            scene.zoom(ZOOMS[key])
            self.overlay.update()
        elif scene is not None and key == Qt.Key.Key_Home:
            self.frame()
        elif scene is not None and key == Qt.Key.Key_Space:
            scene.camera.pans = True
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() == Qt.Key.Key_Space and self.scene is not None:
            self.scene.camera.pans = event.isAutoRepeat()
        else:
            super().keyReleaseEvent(event)

    def _draw_cursor(self) -> None:
        if self.scene is not None:
            self.scene.set_cursor(self._cursor_um)

    def _double(self, event: Any) -> None:
        del event
        self.maximise_wanted.emit()

    def _scaled(self, event: Any) -> None:
        del event
        self.overlay.update()

    def _press(self, event: Any) -> None:
        self._pressed = tuple(event.pos)
        self.setFocus(Qt.FocusReason.MouseFocusReason)

    def _release(self, event: Any) -> None:
        pressed, self._pressed = self._pressed, None
        self.overlay.update()
        if pressed is None or max(abs(a - b) for a, b in zip(pressed, event.pos, strict=True)) > CLICK_PX:
            return
        if event.button == 1:
            self.pick(*event.pos)
        elif event.button == 2 and self.scene is not None:
            self.menu_wanted.emit(self.scene.native.mapToGlobal(QPoint(int(event.pos[0]), int(event.pos[1]))))
