"""How the mouse turns, moves and scales the 3D view."""

from typing import Any

import numpy as np
from vispy import scene

LEFT, MIDDLE = 1, 3


class Camera(scene.TurntableCamera):  # type: ignore[misc]
    """Left drag turns; middle drag, or left drag while `pans`, moves; the wheel scales. A parallel view."""

    def __init__(self) -> None:
        super().__init__(fov=0, elevation=30, azimuth=35, up="+z")
        self.pans = False
        self._moved_from: tuple[float, float, float] | None = None

    def viewbox_mouse_event(self, event: Any) -> None:
        """Take what the mouse did (vispy's way)."""
        pressed = event.press_event is not None
        if event.type == "mouse_release":
            self._moved_from = None
        if (
            event.type == "mouse_move"
            and pressed
            and (MIDDLE in event.buttons or (self.pans and LEFT in event.buttons))
        ):
            self._move(event.mouse_event.press_event.pos, event.mouse_event.pos)
            event.handled = True
        else:
            super().viewbox_mouse_event(event)

    def _move(self, pressed: Any, now: Any) -> None:
        if self._moved_from is None:
            self._moved_from = tuple(self.center)
        back = self.viewbox.scene.transform.imap
        way = back([*now[:2], 0, 1])[:3] - back([*pressed[:2], 0, 1])[:3]
        self.center = tuple(np.asarray(self._moved_from) - way)
