import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from cartocell_app.desktop.samples.list import SampleList
from cartocell_app.desktop.samples.model import CELLS, DAY, HEADERS, NAME, STATE
from cartocell_app.desktop.samples.sorting import NO_FILE
from cartocell_app.desktop.session import Session
from tests.desktop.fake_project import FakeProject, FakeSample


@pytest.fixture
def project(session: Session, tmp_path: Path) -> FakeProject:
    samples = [
        FakeSample(1, "10d.1", day="10 d", condition="control", state="segmented", cells=120),
        FakeSample(2, "7d.4C.10_1", state="accepted", cells=62),
        FakeSample(3, "7d.4C.9_1"),
        FakeSample(4, "7d.3B.2_1", condition="3B", missing=True, voxel_size=None),
        FakeSample(5, "no day", day=None, state="failed", reason="It is 2D."),
    ]
    project = FakeProject(tmp_path / "cysts.cartocell", samples)
    session.adopt(project)
    return project


@pytest.fixture
def samples(session: Session, project: FakeProject, qtbot: QtBot) -> SampleList:
    panel = SampleList(session)
    qtbot.addWidget(panel)
    panel.resize(300, 600)
    panel.show()
    qtbot.waitExposed(panel)
    return panel


def names(panel: SampleList) -> list[str]:
    kept = {sample.id: sample.name for sample in panel._session.project.samples()}
    return [kept[number] for number in panel.numbers()]


def test_samples_are_grouped_by_day_and_numbers_in_names_count_as_numbers(samples: SampleList) -> None:
    days = [samples.shown.index(row, 0).data() for row in range(samples.shown.rowCount())]
    assert days == ["7 d  (3)", "10 d  (1)", "Day not given  (1)"]
    assert names(samples) == ["7d.3B.2_1", "7d.4C.9_1", "7d.4C.10_1", "10d.1", "no day"]


def test_next_and_previous_go_through_all_days_and_stop_at_the_ends(samples: SampleList, session: Session) -> None:
    visited = []
    for _ in range(6):
        samples.step(1)
        visited.append(session.current.id)
    assert visited == [4, 3, 2, 1, 5, 5]
    samples.step(-1)
    assert session.current.id == 1
    assert session.selection == (1,)


@pytest.mark.parametrize("held", [Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier])
def test_going_on_with_a_key_held_selects_one_sample_all_the_same(
    samples: SampleList, session: Session, qtbot: QtBot, held: Qt.KeyboardModifier
) -> None:
    # The window's handle, not the widget: only so does Qt know that a key is held.
    window = samples.windowHandle()
    qtbot.keyPress(window, Qt.Key.Key_F15, held)
    try:
        samples.step(1)
        samples.step(1)
        assert (session.current.id, session.selection) == (3, (3,))
    finally:
        qtbot.keyRelease(window, Qt.Key.Key_F15)


@pytest.mark.parametrize(
    ("text", "found"),
    [("4c 9", ["7d.4C.9_1"]), ("CONTROL", ["10d.1"]), ("2D", ["no day"]), ("file missing", ["7d.3B.2_1"]), ("xyz", [])],
)
def test_the_search_looks_everywhere(samples: SampleList, qtbot: QtBot, text: str, found: list[str]) -> None:
    qtbot.keyClicks(samples.search, text)
    assert names(samples) == found


def test_samples_of_one_state_can_be_shown(samples: SampleList) -> None:
    samples.states.setCurrentIndex(samples.states.findData("accepted"))
    assert names(samples) == ["7d.4C.10_1"]
    samples.states.setCurrentIndex(samples.states.findData(NO_FILE))
    assert names(samples) == ["7d.3B.2_1"]
    assert "1 of 5 samples" in samples._count.text()


def test_selecting_several_is_told_in_the_order_of_the_list(samples: SampleList, session: Session) -> None:
    samples.tree.selectAll()
    assert session.selection == (4, 3, 2, 1, 5)


def test_sorting_by_cells_sorts_within_days(samples: SampleList) -> None:
    samples.tree.sortByColumn(CELLS, Qt.SortOrder.DescendingOrder)
    assert next(name for name in names(samples) if name.startswith("7d")) == "7d.4C.10_1"


def test_every_state_has_a_word_and_a_sign(samples: SampleList) -> None:
    index = samples.model.find(5)
    state = index.siblingAtColumn(STATE)
    assert state.data() == "Failed"
    assert not state.data(Qt.ItemDataRole.DecorationRole).isNull()
    assert "It is 2D." in index.data(Qt.ItemDataRole.ToolTipRole)
    assert samples.model.find(4).siblingAtColumn(STATE).data() == "File missing"


def test_a_new_name_and_day_can_be_typed_and_undone(
    samples: SampleList, project: FakeProject, session: Session, qtbot: QtBot
) -> None:
    samples.go_to(3)
    for column, text in ((NAME, "better"), (DAY, "4 d")):
        with qtbot.waitSignal(session.samples_changed):
            samples.model.setData(samples.model.find(3).siblingAtColumn(column), text)
    assert (project.kept[3].name, project.kept[3].day) == ("better", "4 d")
    assert session.current.id == 3
    assert session.selection == (3,)
    with qtbot.waitSignal(session.samples_changed):
        samples.edits.stack.undo()
    assert (project.kept[3].name, project.kept[3].day) == ("better", "7 d")
    with qtbot.waitSignal(session.samples_changed):
        samples.edits.stack.redo()
    assert project.kept[3].day == "4 d"


def test_a_project_that_can_only_be_read_cannot_be_edited(session: Session, tmp_path: Path, qtbot: QtBot) -> None:
    session.adopt(FakeProject(tmp_path / "a.cartocell", [FakeSample(1, "a")], read_only=True))
    panel = SampleList(session)
    qtbot.addWidget(panel)
    assert not panel.model.find(1).flags() & Qt.ItemFlag.ItemIsEditable


def test_missing_files_are_counted_and_can_be_relocated(samples: SampleList, qtbot: QtBot) -> None:
    assert samples._missing.text() == "1 missing: relocate…"
    with qtbot.waitSignal(samples.relocate_wanted):
        samples._missing.click()


def test_what_another_panel_makes_current_is_shown(samples: SampleList, session: Session) -> None:
    session.set_current(1)
    assert samples.tree.currentIndex().data() == "10d.1"


def test_a_wide_list_has_all_columns_and_a_narrow_one_two(samples: SampleList, qtbot: QtBot) -> None:
    assert samples.tree.isColumnHidden(CELLS)
    samples.resize(900, 600)
    qtbot.waitUntil(lambda: not any(samples.tree.isColumnHidden(column) for column in range(len(HEADERS))))


def test_hundreds_of_samples_stay_fluid(session: Session, tmp_path: Path, qtbot: QtBot) -> None:
    many = [FakeSample(n, f"{n % 3 * 3 + 4}d.{n}_1", day=f"{n % 3 * 3 + 4} d", cells=n) for n in range(1, 601)]
    session.adopt(FakeProject(tmp_path / "many.cartocell", many))
    panel = SampleList(session)
    qtbot.addWidget(panel)
    panel.resize(900, 700)
    panel.show()
    qtbot.waitExposed(panel)
    start_s = time.perf_counter()
    panel.search.setText("7d")
    panel.search.setText("")
    panel.tree.sortByColumn(CELLS, Qt.SortOrder.DescendingOrder)
    session.project.update_samples([5], state="accepted")
    qtbot.wait(1)
    # Five times what it takes on a slow laptop.
    assert time.perf_counter() - start_s < 2.5
    assert len(panel.numbers()) == 600
