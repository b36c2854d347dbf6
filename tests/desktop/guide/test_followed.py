"""The guide taken at its word: what it says to click is there under that name, and does what it says."""

import ast
import re
from pathlib import Path

import pandas as pd
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QToolButton, QWidget
from pytestqt.qtbot import QtBot

import cartocell_app.desktop
from cartocell_app.desktop import project_commands, status
from cartocell_app.desktop.guide.chapters import FOLDER
from cartocell_app.desktop.main_window import MainWindow
from cartocell_app.desktop.results.export_dialog import ExportDialog
from cartocell_app.desktop.session import Session

LONG_MS = 120_000
IN_NO_WIDGET = {
    "you need only phase 5",
    "try all five first",
    "label  cysts with m1",
    "find the cells of  cysts with cartocell's model",
    "the cells",
}
"""What the guide prints in bold and is no button: words to find one's way by, and a button with a number in it."""


def plain(text: str) -> str:
    """Words of a button or menu entry, as the guide writes them."""
    return re.sub(r"[&…*]", "", text).strip().lower()


@pytest.mark.parametrize("chapter", sorted(path.name for path in FOLDER.glob("*.md")))
def test_what_is_to_be_clicked_is_in_the_window(chapter: str) -> None:
    code = Path(cartocell_app.desktop.__file__).parent.rglob("*.py")
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in code)
    constants = (node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    words = {plain(text) for text in constants if isinstance(text, str)}
    text = re.sub(r"\s+", " ", (FOLDER / chapter).read_text(encoding="utf-8"))
    for bold in re.findall(r"\*\*([^*]+)\*\*", text):
        for name in map(plain, bold.split(", ")):
            name = re.sub(r"\d+ (cyst|file)s?", "", name)
            assert name in IN_NO_WIDGET or any(name in one for one in words), f"{chapter}: {bold}"


@pytest.fixture
def window(session: Session, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> MainWindow:
    monkeypatch.setattr(status, "_probe", lambda: [])
    monkeypatch.setattr(project_commands, "usual_folder", lambda: tmp_path / "projects")
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    return window


def click(inside: QWidget, words: str, qtbot: QtBot) -> None:
    """Click the button of those words, once it can be clicked."""

    def found() -> list[QAbstractButton]:
        kinds = (*inside.findChildren(QAbstractButton), *inside.findChildren(QToolButton))
        return [one for one in kinds if plain(one.text()) == plain(words) and one.isVisible() and one.isEnabled()]

    qtbot.waitUntil(lambda: bool(found()), timeout=LONG_MS)
    QTest.mouseClick(found()[0], Qt.MouseButton.LeftButton)


@pytest.mark.slow
def test_a_first_result_as_the_first_chapter_says(
    window: MainWindow, session: Session, tmp_path: Path, qtbot: QtBot
) -> None:
    click(window, "Try the sample cyst", qtbot)
    qtbot.waitUntil(lambda: session.current is not None, timeout=LONG_MS)
    viewer = window.panels.viewer
    qtbot.waitUntil(lambda: not viewer.is_busy and viewer.viewer.view is not None, timeout=LONG_MS)
    click(window, "Segment cysts", qtbot)
    click(window, "Segment 1 cyst", qtbot)
    qtbot.waitUntil(lambda: session.current.state == "segmented", timeout=LONG_MS)
    qtbot.waitUntil(lambda: not viewer.is_busy and viewer.viewer.view.labels is not None, timeout=LONG_MS)
    qtbot.waitUntil(lambda: window.panels.results.results is not None, timeout=LONG_MS)
    pane = viewer.viewer.volume.scene.native
    QTest.mouseClick(pane, Qt.MouseButton.LeftButton, pos=pane.rect().center())
    qtbot.waitUntil(lambda: session.cell > 0, timeout=LONG_MS)
    click(window, "Export results", qtbot)
    (dialog,) = window.findChildren(ExportDialog)
    dialog.folder.setText(str(tmp_path / "numbers"))
    click(dialog, dialog.export.text(), qtbot)
    cells = tmp_path / "numbers" / "Sample_cyst_cells.csv"
    qtbot.waitUntil(cells.exists, timeout=LONG_MS)
    assert len(pd.read_csv(cells)) == session.current.cells
    QApplication.processEvents()
    assert not [dialog for dialog in window.findChildren(QDialog) if dialog.isVisible()]
