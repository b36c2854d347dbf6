"""The guide taken at its word: what it says to click is there under that name, and does what it says."""

import ast
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

import cartocell_app.desktop
from cartocell_app.desktop.guide.chapters import FOLDER
from cartocell_app.desktop.importing.segment_dialog import SegmentDialog
from cartocell_app.desktop.results.export_dialog import ExportDialog
from tests.desktop.guide.following import Reader, plain

IN_NO_WIDGET = {
    "you need only phase 5",
    "try all five first",
    "cysts with m1",
    "cysts with cartocell's model",
    "the cells",
}
"""What the guide prints in bold and is no button: words to find one's way by, and a button that names a model."""


@pytest.mark.parametrize("chapter", sorted(path.name for path in FOLDER.glob("*.md")))
def test_what_is_to_be_clicked_is_in_the_window(chapter: str) -> None:
    code = Path(cartocell_app.desktop.__file__).parent.rglob("*.py")
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in code)
    constants = (node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    words = {plain(text) for text in constants if isinstance(text, str)}
    text = re.sub(r"\s+", " ", (FOLDER / chapter).read_text(encoding="utf-8"))
    for bold in re.findall(r"\*\*([^*]+)\*\*", text):
        for name in map(plain, re.split(", |…", bold)):  # menu and entry; around a number
            name = re.sub(r"\d+ (cyst|file)s?", "", name)
            assert name in IN_NO_WIDGET or any(name in one for one in words), f"{chapter}: {bold}"


@pytest.mark.slow
def test_a_first_result_as_the_first_chapter_says(reader: Callable[[int], Reader], tmp_path: Path) -> None:
    she = reader(1)
    window, session = she.window, she.session
    she.reads("The welcome page is shown", "Click Try the sample cyst. A small synthetic cyst opens in four views")
    assert window.page == "welcome"
    she.click("Try the sample cyst")
    she.wait(lambda: session.current is not None)
    she.wait_for_pictures()
    she.reads("Click Segment cysts in the tool bar, or press Ctrl+Enter")
    she.press("Ctrl+Enter")
    asked = she.dialog(SegmentDialog)
    she.reads("Click Segment 1 cyst")
    she.click("Segment 1 cyst", asked)
    she.wait(lambda: session.current.state == "segmented")
    viewer = window.load_panels().viewer
    she.wait(lambda: not viewer.is_busy and viewer.viewer.view.labels is not None)
    she.wait(lambda: window.load_panels().results.results is not None)
    she.reads("Click a cell, in a slice or in 3D: it is selected everywhere")
    pane = viewer.viewer.volume.scene.native
    QTest.mouseClick(pane, Qt.MouseButton.LeftButton, pos=pane.rect().center())
    she.wait(lambda: session.cell > 0)
    she.reads("Click Export results, tick what you need, and click Export 6 files (it says how many)")
    she.click("Export results")
    dialog = she.dialog(ExportDialog)
    dialog.folder.setText(str(tmp_path / "numbers"))
    she.click(r"Export \d+ files", dialog)
    cells = tmp_path / "numbers" / "Sample_cyst_cells.csv"
    she.wait(cells.exists)
    assert len(pd.read_csv(cells)) == session.current.cells
    she.wait(she.no_question_is_open)
