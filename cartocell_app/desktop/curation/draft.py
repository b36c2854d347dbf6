"""A stack's cells while they are being corrected, and how they are drawn; no Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cartocell_app.morphology.correction_history import History
from cartocell_app.morphology.corrections import Cells, Correction, Renumbering

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cartocell_app.desktop.viewer.view import VolumeView

WorkOut = Callable[[Cells], Correction | None]


@dataclass
class Draft:
    """Corrections of one sample that are not saved, or not all.

    Parameters
    ----------
    sample_id : int
        Of the sample.
    view : VolumeView
        What is shown of it.
    history : History
        The corrections.
    colours : (N, 3) ndarray of uint8
        RGB of each label.
    """

    sample_id: int
    view: VolumeView
    history: History
    colours: NDArray[np.uint8]

    @classmethod
    def of(cls, sample_id: int, view: VolumeView) -> Draft:
        """Begin to correct what is shown; the view's own labels stay as they are."""
        assert view.labels is not None
        boxes = {label: box for label, box in enumerate(view.boxes, 1) if box is not None}
        return cls(sample_id, view, History(Cells(view.labels.copy(), boxes)), view.colours)

    @property
    def cells(self) -> Cells:
        """The cells as they are now."""
        return self.history.cells

    def do(self, correction: Correction) -> None:
        """Make a correction."""
        self.history.do(correction)
        self._recolour(correction)

    def undo(self) -> None:
        """Take the last one back."""
        correction = self.history.next_undo
        if correction is not None:
            self.history.undo()
            self._recolour(correction.inverse())

    def redo(self) -> None:
        """Make again what was taken back."""
        correction = self.history.next_redo
        if correction is not None:
            self.history.redo()
            self._recolour(correction)

    def shown(self) -> VolumeView:
        """What is to be drawn now."""
        boxes = self.cells.boxes
        listed = [boxes.get(label) for label in range(1, max(boxes, default=0) + 1)]
        self.view = self.view.with_labels(self.cells.labels, self.colours, listed)
        return self.view

    def _recolour(self, correction: Correction) -> None:
        """The same cell keeps its colour under another number."""
        if isinstance(correction, Renumbering):
            colours = np.zeros((max(int(correction.new.max(initial=0)) + 1, len(self.colours)), 3), np.uint8)
            colours[correction.new] = self.colours[correction.old]
            self.colours = colours
