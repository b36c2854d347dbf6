"""Copies of projects as zip files: what they are called, and what they replace."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from cartocell_app.desktop.main_window import MainWindow
from cartocell_app.project.project import Project

WRITTEN_MS = 10_000


def save_as(window: MainWindow, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    window.actions_.refresh()
    window.actions_.action("file.save-zip").trigger()


@pytest.mark.parametrize(
    ("typed", "name"),
    [("MDCK 12.05", "MDCK 12.05.zip"), ("MDCK", "MDCK.zip"), ("a.zip", "a.zip"), ("B.ZIP", "B.ZIP")],
)
def test_the_whole_name_is_kept(
    window: MainWindow, project: Project, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, typed, name
) -> None:
    other = tmp_path / "MDCK 12.zip"
    other.write_bytes(b"another copy")
    save_as(window, tmp_path / typed, monkeypatch)
    qtbot.waitUntil(lambda: f"Saved {tmp_path / name}" in window.statusBar().currentMessage(), timeout=WRITTEN_MS)
    assert (tmp_path / name).read_bytes()[:2] == b"PK"
    assert other.read_bytes() == b"another copy"


def test_a_copy_whose_name_was_not_typed_in_full_is_not_replaced_unasked(
    window: MainWindow, project: Project, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    there = tmp_path / "MDCK.zip"
    there.write_bytes(b"another copy")
    asked: list[str] = []
    monkeypatch.setattr(QMessageBox, "exec", lambda box: asked.append(box.informativeText()))
    answer = ["Cancel", "Replace"]
    monkeypatch.setattr(
        QMessageBox, "clickedButton", lambda box: next(one for one in box.buttons() if answer[0] in one.text())
    )
    save_as(window, tmp_path / "MDCK", monkeypatch)
    assert "MDCK.zip" in asked[0]
    assert there.read_bytes() == b"another copy"
    answer.pop(0)
    save_as(window, tmp_path / "MDCK", monkeypatch)
    qtbot.waitUntil(lambda: there.read_bytes()[:2] == b"PK", timeout=WRITTEN_MS)
    qtbot.waitUntil(lambda: f"Saved {there}" in window.statusBar().currentMessage(), timeout=WRITTEN_MS)
