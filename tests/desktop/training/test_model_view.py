"""The card of a trained model, giving it away, and using it from now on."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from cartocell_app.desktop.training.panel import TrainingPanel
from cartocell_app.resources import CPU_MODEL
from cartocell_app.segmentation.model_card import read_card


@pytest.fixture
def page(qtbot, session, project, queue):
    """Page of phase 2."""
    page = TrainingPanel(session, queue, 2)
    qtbot.addWidget(page)
    page.show()
    return page


def test_the_card_is_shown_once_there_is_a_model(qtbot, project, page):
    model = page.model
    assert model.isHidden()
    project.add_model("M1", CPU_MODEL, {})
    qtbot.waitUntil(lambda: model.isVisible() and not model.is_busy)
    card = read_card(CPU_MODEL)
    assert card.name in model.card.text()
    assert model.training.text() == card.training


def test_it_is_saved_with_its_card_as_a_page(qtbot, project, page, tmp_path, monkeypatch):
    project.add_model("M1", CPU_MODEL, {})
    model = page.model
    qtbot.waitUntil(model.isVisible)
    target = tmp_path / "given away" / "cysts"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    with qtbot.waitSignal(model.told) as told:
        qtbot.mouseClick(model.save, Qt.MouseButton.LeftButton)
    assert "cysts.onnx" in told.args[0]
    assert target.with_suffix(".onnx").read_bytes() == CPU_MODEL.read_bytes()
    page = target.with_suffix(".md").read_text(encoding="utf-8")
    assert page.startswith(f"# {read_card(CPU_MODEL).name} ")
    assert "## Training" in page
    assert "µm (z, y, x)" in page


def test_it_is_used_from_now_on_until_cartocells_is_wanted_again(qtbot, project, page):
    own = project.add_model("M1", CPU_MODEL, {})
    model = page.model
    qtbot.waitUntil(model.isVisible)
    assert model.use.text() == "&Use this model from now on"
    qtbot.mouseClick(model.use, Qt.MouseButton.LeftButton)
    assert project.model_in_use() == own.path
    qtbot.waitUntil(lambda: model.use.text() == "&Use CartoCell's model again")
    assert model.use_words.text() == "M1 is used in this project from now on."
    qtbot.mouseClick(model.use, Qt.MouseButton.LeftButton)
    assert project.model_in_use() is None
