"""Whether an installed program works: it goes by itself through opening, segmenting and measuring the sample cyst."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, QTimer
from PySide6.QtGui import QGuiApplication

from cartocell_app.stacks.files import whole_file

if TYPE_CHECKING:
    from cartocell_app.desktop.main_window import MainWindow

LOOK_MS = 20
LONGEST_S = 300.0
"""A step that takes longer has failed."""

RESULTS, PICTURE = "self-test.json", "self-test.png"

Step = tuple[str, Callable[[], bool]]
"""What is waited for, in words, and whether it is there."""


class SelfTest(QObject):
    """Walks through a first result, writes what came of it into a folder, and closes the window.

    Parameters
    ----------
    window : MainWindow
        On screen, without a project.
    folder : Path
        For the project, ``self-test.json`` and ``self-test.png``.
    """

    def __init__(self, window: MainWindow, folder: Path) -> None:
        super().__init__(window)
        self.failed = ""
        self._window = window
        self._folder = folder
        self._seconds: dict[str, float] = {}
        self._steps = self._walk()
        self._since_s = time.monotonic()
        self._step: Step = next(self._steps)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(LOOK_MS)

    def _look(self) -> None:
        words, is_there = self._step
        waited_s = time.monotonic() - self._since_s
        if is_there():
            self._seconds[words] = round(waited_s, 2)
            self._since_s = time.monotonic()
            step = next(self._steps, None)
            if step is None:
                self._end()
            else:
                self._step = step
        elif waited_s > LONGEST_S:
            self.failed = words
            self._end()

    def _end(self) -> None:
        self._timer.stop()
        self._write()
        if self._window.panels is not None:
            self._window.panels.queue.stop_all()
        self._window.close()

    def _walk(self) -> Iterator[Step]:
        """Do what a newcomer would; yields what has to be waited for."""
        from cartocell_app.desktop.importing.segment_dialog import SegmentDialog
        from cartocell_app.desktop.project_commands import add_sample_cyst

        window, session = self._window, self._window.session
        yield "window on screen", window.isVisible
        project = session.create_project(self._folder / "Self test.cartocell")
        session.set_current(add_sample_cyst(project))
        viewer = window.load_panels().viewer
        yield "sample cyst shown", lambda: not viewer.is_busy and viewer.viewer.view is not None
        window.actions_.action("segment.samples").trigger()
        yield "dialog of segmenting", lambda: any(one.start.isEnabled() for one in window.findChildren(SegmentDialog))
        window.findChildren(SegmentDialog)[0].accept()
        yield "sample cyst segmented", lambda: project.samples()[0].state == "segmented"
        yield "cells shown", lambda: not viewer.is_busy and viewer.viewer.view.labels is not None
        yield "cells measured", lambda: window.panels.results.results is not None

    def _write(self) -> None:
        """Write what came of it, and a picture of the window."""
        project = self._window.session.project
        sample = project.samples()[0] if project is not None and project.samples() else None
        values = {
            "failed": self.failed,
            "seconds": self._seconds,
            "cells": None if sample is None else sample.cells,
            "labels": None if sample is None else str(sample.labels),
        }
        window, corner = self._window, self._window.mapToGlobal(QPoint(0, 0))
        # From the screen, since what OpenGL draws is in no widget's own picture.
        picture = QGuiApplication.primaryScreen().grabWindow(0, corner.x(), corner.y(), window.width(), window.height())
        picture.save(str(self._folder / PICTURE))
        with whole_file(self._folder / RESULTS) as partial:
            partial.write_text(json.dumps(values, indent=2), encoding="utf-8")
