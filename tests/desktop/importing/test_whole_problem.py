from pathlib import Path

from PySide6.QtWidgets import QTreeView
from pytestqt.qtbot import QtBot

from cartocell_app.desktop.importing.candidates import Candidate
from cartocell_app.desktop.importing.table import CHANNEL, DAY, FOUND, CandidatesModel
from cartocell_app.desktop.importing.whole_problem import WholeProblemDelegate

LONG = "It is a colour picture. In Fiji, split its channels and save the one with the cell outlines."


def colours(table: QTreeView, column: int) -> int:
    """Number of colours in a cell of the only row: 1 if nothing is written there."""
    picture = table.viewport().grab(table.visualRect(table.model().index(0, column))).toImage()
    return len({picture.pixel(x, y) for x in range(picture.width()) for y in range(picture.height())})


def test_a_problem_is_written_over_the_empty_columns_behind_it(qtbot: QtBot) -> None:
    model = CandidatesModel()
    model.add([Candidate(Path("a.tif"), problem=LONG, name="a")])
    table = QTreeView()
    qtbot.addWidget(table)
    table.setModel(model)
    table.resize(1000, 120)
    table.header().resizeSection(FOUND, 150)
    table.show()
    qtbot.waitExposed(table)
    assert [colours(table, column) > 1 for column in (FOUND, CHANNEL, DAY)] == [True, False, False]

    table.setItemDelegate(WholeProblemDelegate(table, model))
    assert [colours(table, column) > 1 for column in (FOUND, CHANNEL, DAY)] == [True, True, True]
