from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtWidgets import QInputDialog, QScrollArea
from pytestqt.qtbot import QtBot

from cartocell_app.desktop.importing.drop import what_is
from cartocell_app.desktop.importing.import_dialog import ImportDialog
from cartocell_app.desktop.importing.table import CHANNEL, CONDITION, DAY, FOUND, NAME, VOXEL
from cartocell_app.desktop.jobs.queue import JobQueue
from cartocell_app.desktop.session import Session
from cartocell_app.project.project import Project

from .conftest import one_channel

Open = Callable[..., ImportDialog]


@pytest.fixture
def opened(qtbot: QtBot, session: Session, project: Project) -> Open:
    """Opens the dialog for files and folders, and waits until all are looked at."""

    def make(*paths: Path, queue: JobQueue | None = None, model: Path | None = None) -> ImportDialog:
        stacks = what_is(paths).stacks
        dialog = ImportDialog(stacks, None, session, queue=queue, model=model)
        qtbot.addWidget(dialog)
        dialog.show()
        qtbot.waitUntil(lambda: not dialog.bar.isVisible(), timeout=10_000)
        return dialog

    return make


def row_of(dialog: ImportDialog, name: str) -> int:
    return next(row for row, candidate in enumerate(dialog.model.candidates) if candidate.name == name)


def select(dialog: ImportDialog, *names: str) -> None:
    dialog.table.selectionModel().clear()
    flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
    for name in names:
        dialog.table.selectionModel().setCurrentIndex(dialog.model.index(row_of(dialog, name), 0), flags)


def text(dialog: ImportDialog, name: str, column: int) -> str:
    return dialog.model.index(row_of(dialog, name), column).data()


def test_good_and_bad_files_are_told_apart(opened: Open, lab: Path):
    dialog = opened(lab)
    assert dialog.title.text() == "Found 4 stacks"
    assert "2 files cannot be used" in dialog.words.text()
    assert "2D" in text(dialog, "plane", FOUND)
    assert not dialog.do_import.isEnabled()
    assert "2 stacks have several channels" in dialog.do_import.toolTip()
    assert dialog.obstacle.text() == dialog.do_import.toolTip()
    assert text(dialog, "control_10d.1B_1", CHANNEL) == "choose one of 2"


def test_a_channel_is_chosen_for_all_alike_and_remembered(
    qtbot: QtBot, opened: Open, lab: Path, project: Project, session: Session
):
    dialog = opened(lab)
    select(dialog, "control_10d.1B_1")
    assert dialog.inspector.for_all.text() == "Also for the other stack with these channels"
    qtbot.waitUntil(lambda: all(not card.picture.pixmap().isNull() for card in dialog.inspector.cards))

    dialog.inspector.cards[1].radio.click()
    assert text(dialog, "control_10d.1B_2", CHANNEL) == "Bcat"
    assert dialog.do_import.text() == "&Import 4 stacks"
    with qtbot.waitSignal(dialog.imported):
        qtbot.mouseClick(dialog.do_import, Qt.MouseButton.LeftButton)

    samples = {sample.name: sample for sample in project.samples()}
    assert set(samples) == {"7d.4C.8_2", "Cyst 4d filt", "control_10d.1B_1", "control_10d.1B_2"}
    assert samples["control_10d.1B_2"].channel == 1
    assert (samples["control_10d.1B_2"].day, samples["control_10d.1B_2"].condition) == ("10 d", "control")
    assert samples["Cyst 4d filt"].voxel_size is None
    assert not dialog.isVisible()

    again = opened(lab)
    assert text(again, "control_10d.1B_1", CHANNEL) == "Bcat"


def test_a_channel_can_be_chosen_for_one_only(opened: Open, lab: Path):
    dialog = opened(lab)
    select(dialog, "control_10d.1B_1")
    dialog.inspector.for_all.setChecked(False)
    dialog.inspector.cards[0].radio.click()
    assert text(dialog, "control_10d.1B_1", CHANNEL) == "DAPI"
    assert text(dialog, "control_10d.1B_2", CHANNEL) == "choose one of 2"


def test_a_voxel_size_is_given_for_all_selected_at_once_and_kept_under_a_name(
    opened: Open, tmp_path: Path, session: Session, monkeypatch: pytest.MonkeyPatch
):
    for name in "ab":
        one_channel(tmp_path / "new" / f"{name}.tif", None)
    dialog = opened(tmp_path / "new")
    select(dialog, "a", "b")
    editor = dialog.inspector.voxel
    assert "needed before measuring" in text(dialog, "a", VOXEL)
    assert not editor.keep.isEnabled()
    for axis, length in (("z", "0,7"), ("y", "0.62"), ("x", "0.62")):
        editor.fields[axis].setText(length)
    editor.fields["x"].editingFinished.emit()
    assert text(dialog, "a", VOXEL) == text(dialog, "b", VOXEL) == "0.7 × 0.62 × 0.62 (given by you)"

    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("Confocal 40x", True))
    editor.keep.click()
    assert session.settings.voxel_presets[0].name == "Confocal 40x"

    again = opened(tmp_path / "new")
    select(again, "a", "b")
    again.inspector.voxel.presets.setCurrentIndex(1)
    again.inspector.voxel.presets.activated.emit(1)
    assert again.model.candidates[1].voxel_size.zyx_um == (0.7, 0.62, 0.62)


def test_spaces_can_be_typed_into_day_and_condition(qtbot: QtBot, opened: Open, tmp_path: Path):
    for name in "ab":
        one_channel(tmp_path / "new" / f"{name}.tif")
    dialog = opened(tmp_path / "new")
    select(dialog, "a", "b")
    day, condition = dialog.inspector.day, dialog.inspector.condition
    qtbot.keyClicks(day, "7 d")
    qtbot.keyClicks(condition, " oxygen 2 ")
    assert [(one.day, one.condition) for one in dialog.model.candidates] == [("7 d", "oxygen 2")] * 2
    condition.setCursorPosition(0)
    qtbot.keyClicks(condition, "low")
    assert (condition.text(), condition.cursorPosition()) == ("low oxygen 2 ", 3)
    assert text(dialog, "b", CONDITION) == "low oxygen 2"

    select(dialog, "b")
    condition.selectAll()
    qtbot.keyClicks(condition, "control")
    select(dialog, "a")
    assert condition.text().strip() == "low oxygen 2"
    select(dialog, "a", "b")
    assert (condition.text(), condition.placeholderText()) == ("", "several")


def test_a_voxel_size_that_is_half_typed_stays_while_a_day_is_typed(qtbot: QtBot, opened: Open, tmp_path: Path):
    for name in "ab":
        one_channel(tmp_path / "new" / f"{name}.tif", None)
    dialog = opened(tmp_path / "new")
    select(dialog, "a")
    qtbot.keyClicks(dialog.inspector.voxel.fields["z"], "0.7")
    qtbot.keyClicks(dialog.inspector.day, "7 d")
    assert dialog.inspector.voxel.fields["z"].text() == "0.7"
    select(dialog, "b")
    assert dialog.inspector.voxel.fields["z"].text() == ""


def test_many_channels_scroll_and_the_buttons_stay_on_a_low_screen(
    qtbot: QtBot, opened: Open, tmp_path: Path, queue: JobQueue
):
    data = np.zeros((4, 32, 16, 16), np.uint8)
    tifffile.imwrite(tmp_path / "many.tif", data, imagej=True, metadata={"axes": "ZCYX"})
    dialog = opened(tmp_path / "many.tif", queue=queue)
    assert len(dialog.inspector.cards) == 32
    assert dialog.minimumSizeHint().height() < 640
    dialog.resize(dialog.width(), 640)
    condition = dialog.inspector.condition
    qtbot.waitUntil(lambda: condition.visibleRegion().isEmpty())
    (area,) = dialog.findChildren(QScrollArea, options=Qt.FindChildOption.FindDirectChildrenOnly)
    area.ensureWidgetVisible(condition)
    assert not condition.visibleRegion().isEmpty()


def test_an_impossible_voxel_size_is_refused_in_words(opened: Open, tmp_path: Path):
    one_channel(tmp_path / "a.tif", None)
    dialog = opened(tmp_path / "a.tif")
    editor = dialog.inspector.voxel
    for field in editor.fields.values():
        field.setText("0")
    editor.fields["x"].editingFinished.emit()
    assert dialog.model.candidates[0].voxel_size is None
    assert "between 0.001 and 1000" in editor.words.text()


def test_names_days_and_ticks_are_edited_in_the_table(qtbot: QtBot, opened: Open, lab: Path, project: Project):
    dialog = opened(lab / "7d.4C.8_2.tif", lab / "Cyst 4d filt.tif")
    row = row_of(dialog, "7d.4C.8_2")
    assert dialog.model.setData(dialog.model.index(row, NAME), "first")
    assert dialog.model.setData(dialog.model.index(row, DAY), "8 d")
    dialog.model.setData(
        dialog.model.index(1 - row, NAME), Qt.CheckState.Unchecked.value, Qt.ItemDataRole.CheckStateRole
    )
    assert dialog.do_import.text() == "&Import 1 stack"
    assert dialog.all.checkState() == Qt.CheckState.PartiallyChecked
    with qtbot.waitSignal(dialog.imported):
        dialog.accept()
    assert [(sample.name, sample.day) for sample in project.samples()] == [("first", "8 d")]


def test_unticking_all_says_why_nothing_can_be_imported(opened: Open, lab: Path):
    dialog = opened(lab / "7d.4C.8_2.tif")
    dialog.all.click()
    assert dialog.do_import.toolTip() == "Tick at least one stack."


def test_hundreds_of_files_come_one_after_the_other_and_can_be_left(
    qtbot: QtBot, session: Session, project: Project, tmp_path: Path
):
    stack = one_channel(tmp_path / "n0.tif")
    paths = [stack]
    for number in range(1, 300):
        paths.append(tmp_path / f"n{number}.tif")
        paths[-1].hardlink_to(stack)
    dialog = ImportDialog(paths, None, session)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.model.rowCount() > 5, timeout=10_000)
    assert "of 300…" in dialog.words.text()
    dialog.reject()
    assert dialog.model.rowCount() < 300
    assert project.samples() == ()
