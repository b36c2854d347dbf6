import math
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from cartocell_app.desktop import device_page, status
from cartocell_app.desktop.device_page import DevicePage, read_checkup
from cartocell_app.desktop.main_window import MainWindow
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.status import StatusBar, device_words
from cartocell_app.errors import UserError
from cartocell_app.jobs.checkup import TYPICAL_CYST_MVOXEL
from cartocell_app.project.project import Project
from cartocell_app.project.values import NewSample
from cartocell_app.resources import CPU_MODEL
from cartocell_app.segmentation.devices import DeviceReport
from cartocell_app.segmentation.model_card import read_card
from cartocell_app.segmentation.views import views_of
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_stack

CPU = DeviceReport("CPU · 8 threads", "CPUExecutionProvider", True, "", 6.0 / TYPICAL_CYST_MVOXEL)
NO_GPU = DeviceReport("NVIDIA GPU", "CUDAExecutionProvider", False, "No NVIDIA GPU was found in this computer.")
GPU = DeviceReport("RTX 3060 (CUDA)", "CUDAExecutionProvider", True, "", 0.3 / TYPICAL_CYST_MVOXEL)


@pytest.mark.parametrize(
    ("reports", "words"),
    [
        ([NO_GPU, CPU], ("CPU · 8 threads · about 6 s per cyst", True)),
        ([GPU, CPU], ("RTX 3060 (CUDA) · about 0.3 s per cyst", True)),
        ([NO_GPU], ("No device works", False)),
    ],
)
def test_the_fastest_device_is_said_in_words(reports: list[DeviceReport], words: tuple[str, bool]) -> None:
    assert device_words(reports) == words


def test_the_cyst_that_is_spoken_of_is_as_the_model_in_the_box_sees_it() -> None:
    views = views_of(read_card(CPU_MODEL), "as the model says", (110, 130, 130), VoxelSize(0.7, 0.62, 0.62, ""), None)
    assert sum(math.prod(view.shape) for view in views) / 1e6 == pytest.approx(TYPICAL_CYST_MVOXEL, rel=0.02)


def test_devices_are_tried_in_the_background(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "_probe", lambda: [NO_GPU, CPU])
    bar = StatusBar()
    qtbot.addWidget(bar)
    bar.probe()
    assert bar.device.text() == "Trying the devices…"
    qtbot.waitUntil(lambda: bar.device.text() == "CPU · 8 threads · about 6 s per cyst")
    assert "NVIDIA GPU: No NVIDIA GPU was found" in bar.device.toolTip()


def test_a_failed_trial_is_said_and_does_no_harm(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> list[DeviceReport]:
        raise UserError("m2-fast.onnx is missing.", "Install CartoCell again.")

    monkeypatch.setattr(status, "_probe", fail)
    bar = StatusBar()
    qtbot.addWidget(bar)
    bar.probe()
    qtbot.waitUntil(lambda: bar.device.text() == "No device could be tried")
    assert bar.device.toolTip() == "m2-fast.onnx is missing. Install CartoCell again."


def test_the_cursor_is_told_in_um_and_a_click_on_the_device_asks_for_more(qtbot: QtBot) -> None:
    bar = StatusBar()
    qtbot.addWidget(bar)
    bar.show_position((48.04, 63.0, 71.25), "cell 12")
    assert bar.findChild(QLabel, "position").text() == "z 48.0  y 63.0  x 71.2 µm   cell 12"
    bar.show_position(None)
    assert bar.findChild(QLabel, "position").text() == ""
    with qtbot.waitSignal(bar.device_clicked):
        qtbot.mouseClick(bar.device, Qt.MouseButton.LeftButton)


def test_where_the_voxel_size_is_unknown_the_cursor_is_told_in_voxels_and_forgotten_with_its_sample(
    qtbot: QtBot, session: Session, project: Project, window: MainWindow, tmp_path: Path
) -> None:
    window.load_panels()
    for name, voxel_size in (("unknown", None), ("known", VoxelSize(2.0, 1.0, 1.0, "test"))):
        write_stack(tmp_path / f"{name}.tif", np.zeros((8, 20, 30), np.uint8), voxel_size)
        project.add_samples([NewSample(tmp_path / f"{name}.tif", voxel_size=voxel_size, shape=(8, 20, 30))])
    unknown, known = project.samples()
    position = window.status.findChild(QLabel, "position")

    session.set_current(unknown.id)
    qtbot.waitUntil(lambda: position.text() == "z 5  y 11  x 16 (voxels)   intensity 0")
    session.set_current(known.id)
    assert position.text() == ""
    qtbot.waitUntil(lambda: position.text() == "z 9.0  y 10.5  x 15.5 µm   intensity 0")
    session.close_project()
    assert position.text() == ""


def test_the_page_says_what_doctor_says(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        "CartoCell 0.1.0, Python 3.11.7\nMemory: 8.0 GB free of 16.0 GB\nDevices:\n"
        "  NVIDIA GPU: not used. No NVIDIA GPU was found in this computer.\n  CPU · 8 threads: works, about 6 s"
    )
    monkeypatch.setattr(device_page, "_checkup", lambda: text)
    page = DevicePage()
    qtbot.addWidget(page)
    page.show()
    qtbot.waitUntil(lambda: page.text == text)
    shown = [label.text() for label in page.findChildren(QLabel)]
    assert "Not used. No NVIDIA GPU was found in this computer." in shown
    assert "Works, about 6 s" in shown
    assert read_checkup(text)[1] == ("Memory", "8.0 GB free of 16.0 GB")
