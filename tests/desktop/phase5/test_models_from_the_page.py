"""Models of other programs, added on the page of phase 5: its button, the real importers, the list of models."""

import os
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from cartocell_app.desktop.main_window import MainWindow
from cartocell_app.project.project import Project
from cartocell_app.segmentation.model_card import read_card
from tests.segmentation.onnx_graphs import resunet, save

torch = pytest.importorskip("torch", reason="training is not installed")

RUN_MS = 240_000

pytestmark = [
    pytest.mark.slow,
    # Keras hands PyTorch's tensors to NumPy in a way that NumPy 2 complains of.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


def keras_h5(folder: Path) -> Path:
    """Weights as the publication keeps them."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras", reason="Keras is not installed")
    from tests.training.test_import_keras import SMALL, rebuilt, saved

    return saved(rebuilt(keras, SMALL), folder / "weights.h5")


def biapy_pth(folder: Path) -> Path:
    """A checkpoint of BiaPy 3.5."""
    from tests.training.biapy_by_hand import BiapyResUNet, configuration
    from tests.training.biapy_by_hand import save as save_checkpoint

    torch.manual_seed(0)
    network = BiapyResUNet("3.5", "bn", (3, 4), (1,))
    return save_checkpoint(folder / "checkpoint.pth", network, "3.5", configuration("3.5", "bn"))


def zoo_zip(folder: Path) -> Path:
    """A package of the BioImage Model Zoo."""
    from cartocell_app.segmentation.model_card import write_card
    from cartocell_app.segmentation.receptive_field import receptive_field
    from training.importing import export_model_zoo

    model = save(folder / "ours.onnx", resunet((4, 5, 6), [(1, 2, 2), (2, 2, 2)]))
    field = receptive_field(model)
    halo = {"halo_vox": field.halo_vox, "size_divisor": field.divisor}
    write_card(model, read_card(model).model_copy(update=halo))
    export_model_zoo(model, folder / "package.zip")
    return folder / "package.zip"


@pytest.mark.parametrize("make", [keras_h5, biapy_pth, zoo_zip])
def test_a_model_of_another_program_can_be_chosen_once_it_is_imported(
    make, project: Project, window: MainWindow, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    file = make(tmp_path)
    window.show_phase(5)
    panel, queue = window.panels.new_cysts, window.panels.queue
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(file), ""))
    (add_model,) = [button for button in panel.ways if "odel" in button.text().replace("&", "")]
    qtbot.mouseClick(add_model, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: file.name in panel.model_words.text(), timeout=RUN_MS)
    qtbot.waitUntil(lambda: bool(project.runs()) and project.runs()[-1].state == "done", timeout=RUN_MS)
    qtbot.waitUntil(lambda: not queue.running())
    model = project.folder / "models" / f"{file.stem}.onnx"
    assert read_card(model).name == file.stem
    # What came is what she wanted to segment with.
    qtbot.waitUntil(lambda: panel.form.choices().model == str(model))
    qtbot.waitUntil(lambda: file.stem in panel.form.card.text())
    assert panel.model_words.isHidden()
    assert not panel.form.obstacle()


def test_a_file_that_holds_no_network_says_so_in_red(
    project: Project, window: MainWindow, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    file = tmp_path / "nuclei_2D.pth"
    torch.save({"state_dict": {"conv.weight": torch.zeros(4, 1, 3, 3)}}, file)
    window.show_phase(5)
    panel = window.panels.new_cysts
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(file), ""))
    qtbot.mouseClick(panel.ways[2], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "holds no weights of a network" in panel.model_words.text(), timeout=RUN_MS)
    assert panel.model_words.property("role") == "failed"
    qtbot.waitUntil(lambda: not window.panels.queue.running())
    assert not list((project.folder / "models").iterdir())
