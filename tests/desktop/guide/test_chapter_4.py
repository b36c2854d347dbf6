"""The fourth chapter, Stacks and voxel size, done as it says."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from PySide6.QtCore import QItemSelectionModel
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QInputDialog, QRadioButton

from cartocell_app.desktop.importing.import_dialog import ImportDialog
from cartocell_app.desktop.importing.table import CHANNEL, NAME, VOXEL
from cartocell_app.desktop.new_project import NewProjectDialog
from cartocell_app.desktop.voxel_dialog import VoxelDialog
from cartocell_app.stacks.reading import STACK_ENDINGS
from cartocell_app.stacks.writing import write_stack
from tests.conftest import Answer
from tests.desktop.guide.following import Reader
from training.synthetic import SyntheticCyst

Selects = QItemSelectionModel.SelectionFlag


@pytest.fixture
def microscope(tmp_path: Path, small_cyst: SyntheticCyst) -> Path:
    """Folder with a stack that says its voxel size, and others that make one choose or give something."""
    folder, raw = tmp_path / "microscope", small_cyst.raw
    write_stack(folder / "7d.4C.8_2.tif", raw, small_cyst.voxel_size)
    ones = {"axes": "ZYX", "PhysicalSizeX": 1, "PhysicalSizeY": 1, "PhysicalSizeZ": 1}
    tifffile.imwrite(folder / "ones.ome.tif", raw, ome=True, metadata=ones)
    tifffile.imwrite(folder / "unknown.tif", raw, photometric="minisblack")
    both = np.stack([raw, raw // 2], 1)
    tifffile.imwrite(folder / "two.tif", both, imagej=True, metadata={"axes": "ZCYX", "spacing": 2.0, "unit": "um"})
    with h5py.File(folder / "h.h5", "w") as file:
        file["raw"], file["other"] = raw, raw
    return folder


def texts(dialog: ImportDialog, column: int) -> dict[str, str]:
    model = dialog.model
    return {model.index(row, NAME).data(): model.index(row, column).data() for row in range(model.rowCount())}


def select(dialog: ImportDialog, *names: str) -> None:
    """Click a line, and others with Ctrl."""
    rows = [row for row, name in enumerate(texts(dialog, NAME)) if name in names]
    chosen = dialog.table.selectionModel()
    chosen.clearSelection()
    for row in rows:
        chosen.setCurrentIndex(dialog.model.index(row, 0), Selects.Select | Selects.Rows)


def type_size(editor, *lengths_um: str) -> None:
    for field, length_um in zip(editor.fields.values(), lengths_um, strict=True):
        field.setFocus()
        field.selectAll()
        QTest.keyClicks(field, length_um)
        field.editingFinished.emit()


@pytest.mark.slow
def test_stacks_are_imported_and_their_voxel_sizes_given(
    reader: Callable[[int], Reader], microscope: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def agree(dialog: NewProjectDialog) -> int:
        dialog.folder.setText(str(tmp_path / "projects"))
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(NewProjectDialog, "exec", agree)
    she = reader(4)
    she.window.receive([microscope])
    asked = she.dialog(ImportDialog)
    she.wait(lambda: len(texts(asked, NAME)) == 6 and not asked.bar.isVisible())

    she.reads("the list has a line for each scene: take the tick from those that you do not want")
    assert {"h raw", "h other"} <= set(texts(asked, NAME))
    row = list(texts(asked, NAME)).index("h other")
    asked.model.choose([row], is_ticked=False)

    she.reads("where it says choose one of 2, click the line and then the picture of the right channel")
    assert texts(asked, CHANNEL)["two"] == "choose one of 2"
    select(asked, "two")
    she.wait(lambda: [one for one in asked.inspector.findChildren(QRadioButton) if one.isVisible()])
    next(one for one in asked.inspector.findChildren(QRadioButton) if one.isVisible()).click()
    assert texts(asked, CHANNEL)["two"] != "choose one of 2"

    she.reads("says where it was found", "counts as unknown: zero, negative, or 1 × 1 × 1")
    sizes = texts(asked, VOXEL)
    assert "ImageJ tag" in sizes["7d.4C.8_2"]
    assert sizes["ones"] == sizes["unknown"] == "needed before measuring"
    she.reads("choose the lines (Ctrl+click, Shift+click) and type it at the right. Remember keeps it under a name")
    select(asked, "ones", "unknown")
    type_size(asked.inspector.voxel, "2", "1", "1")
    assert texts(asked, VOXEL)["ones"] == texts(asked, VOXEL)["unknown"] != "needed before measuring"
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("Confocal 40x, 0.7 µm steps", True))
    she.click("Remember", asked)
    assert [one.name for one in she.session.settings.voxel_presets] == ["Confocal 40x, 0.7 µm steps"]
    she.click("Import 5 stacks", asked)
    she.wait(lambda: she.session.project is not None and len(she.project.samples()) == 5)

    she.reads("choose the cysts in the list of samples, then Sample, Give voxel size")
    she.click_sample("h raw")
    she.wait_for_pictures()

    def give(dialog: VoxelDialog) -> int:
        type_size(dialog.editor, "2", "1", "1")
        assert dialog.use.isEnabled()
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(VoxelDialog, "exec", give)
    she.choose("Sample", "Give voxel size")
    she.wait(lambda: she.sample("h raw").voxel_size is not None)
    assert tuple(she.sample("h raw").voxel_size) == (2, 1, 1)


def test_what_is_not_read_is_said_with_what_to_do(
    reader: Callable[[int], Reader], cartocell: Callable[..., Answer], tmp_path: Path
) -> None:
    she = reader(4)
    she.reads("Not read: DeltaVision (`.dv`), Imaris (`.ims`), Olympus (`.oib`, `.oif`, `.vsi`)", "save them as TIFF")
    for ending in (".dv", ".ims", ".oib", ".oif", ".vsi"):
        assert ending not in STACK_ENDINGS
        path = tmp_path / f"cyst{ending}"
        path.write_bytes(b"no TIFF")
        answer = cartocell("segment", path, "-o", tmp_path / f"out{ending}")
        assert "Open the file in Fiji and save it as TIFF" in answer.out + answer.err
    she.reads("A stack must have several slices")
    tifffile.imwrite(tmp_path / "flat.tif", np.zeros((20, 20), np.uint8))
    answer = cartocell("segment", tmp_path / "flat.tif", "-o", tmp_path / "flat")
    assert "flat.tif is 2D. CartoCell needs a stack with several slices." in answer.out + answer.err
