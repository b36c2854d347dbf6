"""The line at the bottom: where networks run, in words, and what is under the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QLabel, QStatusBar, QToolButton, QWidget

from cartocell_app.desktop.icons import icon
from cartocell_app.desktop.theme import MARGIN
from cartocell_app.desktop.workers import Latest

if TYPE_CHECKING:
    from cartocell_app.segmentation.devices import DeviceReport

MESSAGE_MS = 8000


class StatusBar(QStatusBar):
    """Device at the left, passing messages beside it, cursor at the right.

    Parameters
    ----------
    parent : QWidget, optional
        Window that it belongs to.
    """

    device_clicked = Signal()
    """More about the devices is asked for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
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

    def probe(self) -> None:
        """Find out in the background where networks can run."""
        self._probe.request(_probe)

    def show_position(self, at_um: tuple[float, float, float] | None, value: str = "") -> None:
        """Say where the cursor is (z, y, x in µm) and what is there; None if it is nowhere."""
        if at_um is None:
            self._position.clear()
            return
        z_um, y_um, x_um = at_um
        place = f"z {z_um:.1f}  y {y_um:.1f}  x {x_um:.1f} µm"
        self._position.setText(f"{place}   {value}" if value else place)

    def say(self, words: str) -> None:
        """Show `words` for a few seconds, beside the device."""
        self.showMessage(words, MESSAGE_MS)

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
