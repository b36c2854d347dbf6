"""The line at the bottom: where networks run, in words, and what is under the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QLabel, QStatusBar, QToolButton

from cartocell_app.desktop.icons import icon
from cartocell_app.desktop.theme import MARGIN
from cartocell_app.desktop.workers import Latest

if TYPE_CHECKING:
    from cartocell_app.desktop.main_window import MainWindow
    from cartocell_app.project.values import Sample
    from cartocell_app.segmentation.devices import DeviceReport

MESSAGE_MS = 8000


class StatusBar(QStatusBar):
    """Device at the left, passing messages beside it, cursor at the right.

    Parameters
    ----------
    window : MainWindow, optional
        Window that it belongs to; the cursor is in its viewer.
    """

    device_clicked = Signal()
    """More about the devices is asked for."""

    def __init__(self, window: MainWindow | None = None) -> None:
        super().__init__(window)
        self._window = window
        self._looked_at: int | None = None
        self.setSizeGripEnabled(False)
        self.device = QToolButton()
        self.device.setObjectName("device")
        self.device.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.device.setIconSize(QSize(16, 16))
        self.device.setToolTip("Where the network runs. Click to read more about this computer.")
        self.device.clicked.connect(self.device_clicked)
        self._show_device("Trying the devices…", "mdi6.speedometer", "muted")
        self._position = QLabel()
        self._position.setObjectName("position")
        self._position.setContentsMargins(0, 0, MARGIN, 0)
        self._position.setAccessibleName("Place and value under the cursor")
        self.addWidget(self.device)
        self.addPermanentWidget(self._position)
        self._probe = Latest(self._tell, self._probe_failed, parent=self)
        if window is not None:
            window.session.current_changed.connect(self._current_changed)

    def probe(self) -> None:
        """Find out in the background where networks can run."""
        self._probe.request(_probe)

    def show_position(self, at_um: tuple[float, float, float] | None, value: str = "") -> None:
        """Say where the cursor is and what is there.

        Parameters
        ----------
        at_um : (z, y, x) or None
            In µm, or in voxels where the voxel size is unknown; None if it is nowhere.
        value : str
            What is there.
        """
        if at_um is None:
            self._position.clear()
            return
        if self._is_size_known():
            z_um, y_um, x_um = at_um
            place = f"z {z_um:.1f}  y {y_um:.1f}  x {x_um:.1f} µm"
        else:
            # Counted from one, as the slices over the panes are.
            z, y, x = (int(at_vox) + 1 for at_vox in at_um)
            place = f"z {z}  y {y}  x {x} (voxels)"
        self._position.setText(f"{place}   {value}" if value else place)

    def say(self, words: str) -> None:
        """Show `words` for a few seconds, beside the device."""
        self.showMessage(words, MESSAGE_MS)

    def _is_size_known(self) -> bool:
        """Whether the viewer knows the voxel size of what it shows; it draws voxels as cubes of 1 if not."""
        panels = None if self._window is None else self._window.panels
        view = None if panels is None else panels.viewer.viewer.view
        return view is None or view.voxel_um is not None

    def _current_changed(self, sample: Sample | None) -> None:
        """Forget the place in the last sample; the viewer tells it anew once it shows another one."""
        number = None if sample is None else sample.id
        if number != self._looked_at:
            self._looked_at = number
            self.show_position(None)

    def _tell(self, reports: list[DeviceReport]) -> None:
        words, usable = device_words(reports)
        self._show_device(words, "mdi6.speedometer" if usable else "mdi6.alert", "accepted" if usable else "failed")
        refused = [f"{report.name}: {report.reason}" for report in reports if not report.usable]
        lines = ["Where the network runs. Click to read more about this computer.", *refused]
        self.device.setToolTip("\n".join(lines))

    def _probe_failed(self, error: Exception) -> None:
        self._show_device("No device could be tried", "mdi6.alert", "failed")
        self.device.setToolTip(str(error))

    def _show_device(self, words: str, icon_name: str, role: str) -> None:
        self.device.setText(words)
        self.device.setIcon(icon(icon_name, role))
        self.device.setAccessibleName(f"Device: {words}")


def device_words(reports: list[DeviceReport]) -> tuple[str, bool]:
    """The fastest device and its pace, ``"CPU · 8 threads · about 6 s per cyst"``; and whether there is any."""
    from cartocell_app.jobs.checkup import TYPICAL_CYST_MVOXEL

    usable = [report for report in reports if report.usable]
    if not usable:
        return "No device works", False
    best = min(usable, key=lambda report: report.seconds_per_mvoxel or float("inf"))
    if best.seconds_per_mvoxel is None:
        return best.name, True
    seconds = best.seconds_per_mvoxel * TYPICAL_CYST_MVOXEL
    return f"{best.name} · about {f'{seconds:.0f}' if seconds >= 2 else f'{seconds:.1f}'} s per cyst", True


def _probe() -> list[DeviceReport]:
    from cartocell_app.models import find_model
    from cartocell_app.segmentation.devices import probe_devices

    return probe_devices(find_model("auto"))
