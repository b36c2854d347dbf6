"""The fifth chapter, Models, done as it says."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QComboBox

from cartocell_app.desktop.importing.segment_dialog import SegmentDialog
from cartocell_app.desktop.importing.segment_words import PROFILES
from cartocell_app.resources import CPU_MODEL, MODELS
from cartocell_app.segmentation.model_card import read_card
from tests.conftest import Answer
from tests.desktop.guide.following import Reader, chapter, table


def words_of(choices: QComboBox) -> list[str]:
    return [choices.itemText(row) for row in range(choices.count())]


@pytest.mark.parametrize("model", sorted(MODELS.glob("*.onnx")), ids=lambda path: path.stem)
def test_what_is_said_of_a_model_in_the_box_is_what_its_card_says(model: Path) -> None:
    card, text = read_card(model), chapter(5)
    assert f"`{card.name}`" in text
    assert f"{100 * card.scores['f1_0.5']:.1f} %" in text
    never = re.search(r"never shown ([^.]*)\.", text)
    assert never is not None
    assert all(word in card.limits for word in re.split(", | or ", never[1]))


@pytest.mark.slow
def test_models_of_others_are_dropped_on_the_window(
    sample_project: Path, reader: Callable[[int], Reader], cartocell: Callable[..., Answer], tmp_path: Path
) -> None:
    pytest.importorskip("torch", reason="training is not installed")
    she = reader(5)
    she.reads("Drop the file on the window. It is copied into the project, and stands from then on in the list Model")
    assert {".onnx", ".pt", ".h5", ".pth", ".zip"} == set(
        re.findall(r"`(\.\w+)`", " ".join(table(5, "Models of others")))
    )
    shutil.copy(CPU_MODEL, tmp_path / "from a colleague.onnx")
    assert cartocell("export-model-zoo", CPU_MODEL, "-o", tmp_path / "zoo.zip").code == 0
    she.window.receive([tmp_path / "from a colleague.onnx"])
    she.wait((sample_project / "models" / "from a colleague.onnx").exists)
    she.reads("Files that are not ONNX are turned into it first, a job")
    she.window.receive([tmp_path / "zoo.zip"])
    queue = she.window.load_panels().queue
    she.wait(queue.running)
    (run,) = she.project.runs()
    assert run.words[:2] == ("import-model", str(tmp_path / "zoo.zip"))
    queue.cancel(run.id)  # it is done in tests/training; here it would take a minute
    she.wait(lambda: not queue.running())

    she.click_sample("new_1")
    she.click("Segment cysts")
    form = she.dialog(SegmentDialog).form
    assert "from a colleague (this project)" in words_of(form.model)
    she.reads("you can choose another under Cells found when you segment")
    assert words_of(form.profile) == list(table(5, "Ways to find cells")) == [name for name, _ in PROFILES.values()]
    she.reads("the network looks at them again, larger or smaller")
    assert words_of(form.cell_width)[:3] == ["Not given", "About 3 µm", "About 4 µm"]
    she.reads("Under Looks you can choose Once")
    assert words_of(form.views) == ["As the model says", "Once", "Twice"]
    she.dialog(SegmentDialog).close()
