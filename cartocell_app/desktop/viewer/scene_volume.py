"""A layer of a stack as a volume in a scene."""

from typing import Any

import numpy as np
from vispy import scene
from vispy.color import Colormap
from vispy.visuals.transforms import STTransform

from cartocell_app.desktop.viewer.colour_maps import colour_lut
from cartocell_app.desktop.viewer.geometry import texture_steps
from cartocell_app.desktop.viewer.looks import Cut, VolumeLook
from cartocell_app.desktop.viewer.view import Array, VolumeView

MOST_VOXELS = 128_000_000
"""More voxels than this are thinned out: they would need much of a laptop card's memory."""

COLOURS = 32
FOG = 0.3
"""Opacity of the brightest voxel of a see-through volume."""

ATTENUATION = 0.05
"""How much a bright voxel dims those behind it."""

TO_XYZ = (2, 1, 0)
DRAWN_AFTER_CELLS = 2


class VolumePart:
    """Draws the wanted layer of `view` under `parent`.

    Parameters
    ----------
    view : VolumeView
        Tells the size of voxels.
    parent : vispy Node
        Where it is drawn.
    longest : int
        Most voxels along a side that the graphics card takes.
    """

    def __init__(self, view: VolumeView, parent: Any, longest: int) -> None:
        self._view, self._parent, self._longest = view, parent, longest
        self._visual: Any = None
        self._picture: Array | None = None
        self._look: VolumeLook | None = None
        self.steps = (1, 1, 1)

    def apply(self, look: VolumeLook | None, picture: Array | None, *, is_labels: bool) -> None:
        """Draw `picture` (Z, Y, X) like that; labels as being there or not."""
        if look is None or picture is None:
            if self._visual is not None:
                self._visual.visible = False
            self._look = None
            return
        if picture is not self._picture:
            self.drop()
            self._make(picture, look, is_labels=is_labels)
        if look != self._look:
            self._dress(look)
            self._look = look

    @property
    def is_shown(self) -> bool:
        """Whether the layer is drawn."""
        return self._look is not None

    def hide(self, on: bool) -> None:
        """Leave the layer out for a while."""
        if self._visual is not None:
            self._visual.visible = not on

    def drop(self) -> None:
        """Give the card's memory back."""
        if self._visual is not None:
            self._visual.parent = None
        self._visual = self._picture = self._look = None

    def _make(self, picture: Array, look: VolumeLook, *, is_labels: bool) -> None:
        z, y, x = self.steps = texture_steps(picture.shape, self._longest, MOST_VOXELS)
        data = np.ascontiguousarray(picture[::z, ::y, ::x])
        if is_labels:
            data = (data > 0).astype(np.uint8)
        elif data.dtype not in (np.uint8, np.uint16, np.float32):
            data = data.astype(np.float32)
        self._visual = scene.visuals.Volume(data, parent=self._parent, clim=look.levels, method=look.method)
        self._visual.order = DRAWN_AFTER_CELLS
        z_um, y_um, x_um = (size * step for size, step in zip(self._view.drawn_um, self.steps, strict=True))
        self._visual.transform = STTransform(scale=(x_um, y_um, -z_um), translate=(x_um / 2, y_um / 2, -z_um / 2))
        self._picture = picture

    def _dress(self, look: VolumeLook) -> None:
        visual, old = self._visual, self._look
        visual.visible = True
        visual.clim = look.levels
        if old is None or (old.method, old.colour_map) != (look.method, look.colour_map):
            visual.method = look.method
            visual.cmap = _colour_map(look)
        visual.attenuation = ATTENUATION
        if look.method == "iso":
            # As a share of the range that is drawn, not an intensity.
            visual.threshold = 0.5
        if old is None or old.cut != look.cut:
            visual.clipping_planes = None if look.cut is None else self._planes(look.cut)

    def _planes(self, cut: Cut) -> np.ndarray:
        place, normal = np.zeros(3), np.zeros(3)
        place[cut.axis] = cut.share * self._view.extent_um[cut.axis]
        normal[cut.axis] = 1.0
        # In the scene x and y lie as in the volume, and z goes down.
        turn = np.array([1, 1, -1])
        return np.array([[place[list(TO_XYZ)] * turn, normal[list(TO_XYZ)] * turn]], np.float32)


def _colour_map(look: VolumeLook) -> Colormap:
    """Vispy's colour map for a volume; fog lets light through where it is dim."""
    lut = colour_lut(look.colour_map)
    share = np.linspace(0, 1, COLOURS)
    opacity = FOG * share**2 if look.method == "translucent" else np.ones(COLOURS)
    return Colormap(np.column_stack([lut[np.rint(share * 255).astype(int)] / 255.0, opacity]))
