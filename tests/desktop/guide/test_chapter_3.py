"""The third chapter, The five phases, done as it says; its trainings are in ``test_five_phases.py``."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QFileDialog, QMessageBox

from cartocell_app.desktop.curation.versions import VersionsDialog
from cartocell_app.desktop.gallery.reasons import ReasonMenu
from cartocell_app.resources import CPU_MODEL
from tests.conftest import Answer
from tests.desktop.guide.following import Reader, plain

pytestmark = pytest.mark.slow


def turn_to(she: Reader, phase: int) -> None:
    """Click the step of a phase."""
    QTest.mouseClick(she.window.stepper.buttons[phase - 1], Qt.MouseButton.LeftButton)
    she.wait(lambda: she.window.page == "phase" and she.window.centre.phase.number == phase)


def words_of(choices: QComboBox) -> list[str]:
    return [choices.itemText(row) for row in range(choices.count())]


def keep(she: Reader, *endings: str) -> None:
    """Take all other samples out, to save time."""
    she.project.remove_samples([one.id for one in she.project.samples() if not one.name.endswith(endings)])


def test_the_walk_begins_with_phase_1_and_cells_are_corrected(reader: Callable[[int], Reader]) -> None:
    she = reader(3)
    she.reads(
        "circle with an arrow | you can begin", "Walk through the five phases on the welcome page makes a project"
    )
    she.click("Walk through the five phases")
    she.wait(lambda: she.window.page == "phase")
    assert she.window.stepper.buttons[1].toolTip()

    panels = she.window.load_panels()
    pairs = panels.pairs
    she.reads(
        "Click a cyst: below are its slices", "Open and correct shows it in the viewer", "Press A to accept a cyst"
    )
    she.wait(lambda: pairs.isVisible() and not pairs.checker.is_busy)
    (item,) = pairs.list.findItems("high_5", Qt.MatchFlag.MatchEndsWith)
    where = pairs.list.visualItemRect(item).center()
    QTest.mouseClick(pairs.list.viewport(), Qt.MouseButton.LeftButton, pos=where)
    she.press("A", pairs.list)
    she.wait(lambda: she.sample("high_5").state == "accepted")
    she.click("Open and correct")
    she.wait(lambda: panels.corrector.is_on)
    she.wait_for_pictures()

    in_3d = panels.viewer.viewer.volume.scene.native

    def pick(beside_px: int = 0) -> None:
        where = in_3d.rect().center()
        where.setX(where.x() + beside_px)
        QTest.mouseClick(in_3d, Qt.MouseButton.LeftButton, pos=where)
        she.wait(lambda: not panels.corrector.is_busy)

    def press(keys: str) -> None:
        she.press(keys)
        she.wait(lambda: not panels.corrector.is_busy)
        she.wait_for_pictures()

    she.reads("Click a cell in a slice or in 3D, then choose in the bar over the views", "| Delete | D or Delete |")
    pick()
    she.wait(lambda: she.session.cell > 0)
    cell = she.session.cell
    press("D")
    cells = panels.viewer.viewer.view
    assert cell not in cells.labels
    she.reads("| Merge | M | then click the cell that belongs to it")
    press("Ctrl+Z")
    pick()
    press("M")
    for beside_px in range(5, 100, 5):
        pick(beside_px)
        if panels.corrector.is_changed:
            break
    she.wait_for_pictures()
    assert len(set(panels.viewer.viewer.view.labels.ravel().tolist())) == she.sample("high_5").cells
    for words, keys in (("| Largest | L |", "L"), ("| Fill | F |", "F")):
        she.reads(words)
        press(keys)
    she.reads(
        "Ctrl+Z takes back, Ctrl+Y does again. Save (Ctrl+S) makes a new version", "Versions goes back to any of them"
    )
    for keys in ("Ctrl+Z", "Ctrl+Y", "Ctrl+S"):
        press(keys)
    she.wait(lambda: she.sample("high_5").state == "curated")
    she.click("Versions")
    she.dialog(VersionsDialog).close()
    she.reads("Done (or C again) puts the tools away")
    she.click("Done")
    assert not panels.corrector.is_on


def test_what_a_training_begins_with_and_how_long_it_takes_have_the_names_of_the_guide(
    sample_project: Path, reader: Callable[[int], Reader]
) -> None:
    she = reader(3)
    she.project.add_model("M1", CPU_MODEL, {})
    she.reads("takes a minute or two with the preset Trial")
    turn_to(she, 2)
    form = she.window.load_panels().trainings[2].form
    she.reads("Choose what it begins with. CartoCell's model", "Nothing, as published")
    assert {"CartoCell's model (recommended)", "Nothing, as published"} <= set(words_of(form.begin))
    she.reads("Choose how long. Quick ends within an hour", "Standard is better", "As published needs a graphics card")
    chosen = [words.split(" (")[0] for words in words_of(form.preset)]
    assert chosen == ["Trial", "Quick", "Standard", "As published in 2023"]
    she.reads("Click Train M1", "M2 can also begin with your M1")
    assert form.start.text() == "&Train M1"
    turn_to(she, 4)
    form = she.window.load_panels().trainings[4].form
    she.wait(lambda: "Your M1" in words_of(form.begin))


def test_fields_are_cut_up_labelled_looked_through_and_new_cysts_segmented(
    sample_project: Path,
    reader: Callable[[int], Reader],
    cartocell: Callable[..., Answer],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    she = reader(3)
    she.project.add_model("M1", CPU_MODEL, {})
    keep(she, "low_1", "field", "new_1")
    turn_to(she, 3)
    phase_3 = she.window.load_panels().phase3
    she.reads("Click Find and cut out cysts", "Delete removes a box. Cut out … cysts", "Back to phase 3 leads back")
    she.click("Find and cut out cysts")
    she.wait(lambda: len(phase_3.fields.edits.boxes) == 4 and not phase_3.fields.is_busy)
    for row in (3, 2, 1):
        phase_3.fields.bar.list.setCurrentRow(row)
        she.press("Delete", phase_3.fields.bar.list)
    she.click("Cut out 1 cyst")
    she.wait(lambda: any(one.cut_out is not None for one in she.project.samples()))
    she.click("Back to phase 3")
    she.reads("Click Label … cysts with M1")
    she.click("Label 2 cysts with M1")
    she.reads(
        "Click Look through … cysts", "A accepts, R rejects (press the number of a reason)", "Space", "Enter opens one"
    )
    she.click("Look through 2 cysts")
    gallery = phase_3.gallery
    she.wait(lambda: len(gallery.model.samples) == 2)
    she.press("Space", gallery.view)
    assert plain(gallery.bar.flip.text()) == "show their cells"
    she.press("A", gallery.view)
    she.wait(lambda: len(gallery.model.samples) == 1)
    she.press("R", gallery.view)
    she.press("2", she.dialog(ReasonMenu))
    she.wait(lambda: not gallery.model.samples)
    assert sorted(one.state for one in she.project.samples() if one.role == "low-resolution") == [
        "accepted",
        "rejected",
    ]

    turn_to(she, 5)
    she.reads(
        "Choose the model, and click Segment … cysts", "Table and charts of all and Export the numbers of … cysts"
    )
    she.click("Segment 1 cyst", she.window.centre.phase)
    she.wait(lambda: she.sample("new_1").state == "segmented")

    she.reads("Save report on the page of a phase writes one web page", "cartocell report PROJECT -o FILE")
    path = tmp_path / "phase 5.html"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    she.click("Save report")
    she.dialog(QMessageBox).close()
    assert "Phase 5" in path.read_text(encoding="utf-8")
    assert cartocell("report", sample_project, "-o", tmp_path / "all.html").code == 0
    assert "Phase 5" in (tmp_path / "all.html").read_text(encoding="utf-8")
