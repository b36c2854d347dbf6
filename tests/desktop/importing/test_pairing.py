"""Labels are found beside their stacks by name, and come into the project with them."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from cartocell_app.desktop.importing.import_dialog import ImportDialog
from cartocell_app.desktop.importing.pairing import pair_up
from cartocell_app.desktop.messages import Message
from cartocell_app.stacks.reading import read_labels
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_labels, write_stack

VOXEL = VoxelSize(1.0, 0.5, 0.5, "ImageJ tag")


@pytest.mark.parametrize(
    ("raw", "labels"),
    [
        ("x/10d.1B.26.2.tif", "y/10d.1B.26.2.tif"),
        ("raw/a.tif", "labels/a.tif"),
        ("7d.4C.8_2.tif", "7d.4C.8_2_label.tif"),
        ("Cyst 4d filt 2po.tif", "Cyst 4d filt 2po_labels.tif"),
        ("cyst_3_raw.tif", "cyst_3_label.tif"),
        ("a.czi", "a-labels.tif"),
    ],
)
def test_pairs_by_name(raw, labels):
    raw, labels = Path("/lab", raw), Path("/lab", labels)
    for paths in ([raw, labels], [labels, raw]):
        paired = pair_up(paths)
        assert (paired.stacks, paired.labels) == ((raw,), {raw: labels})


def test_what_is_no_pair():
    alone = (Path("/a/one.tif"), Path("/a/two_label.tif"), Path("/b/one_label.tif"), Path("/a/label.tif"))
    assert pair_up(alone).stacks == alone


def test_a_pair_is_imported_for_its_use(session, project, qtbot, tmp_path):
    labels = np.zeros((4, 8, 9), np.uint16)
    labels[1:3, 2:5, 2:5], labels[1:3, 2:5, 5:8] = 4, 7
    for name, shown in (("good", labels), ("bad", labels[:, 1:])):
        write_stack(tmp_path / f"{name}.tif", (labels * 9).astype(np.uint8), VOXEL)
        write_labels(tmp_path / f"{name}_label.tif", shown, VOXEL)
    paired = pair_up(sorted(tmp_path.glob("*.tif")))
    host = QWidget()
    qtbot.addWidget(host)
    dialog = ImportDialog(paired.stacks, host, session, labels=paired.labels, role="high-resolution")
    dialog.show()
    qtbot.waitUntil(lambda: dialog.model.rowCount() == 2)
    assert "with labels good_label.tif" in dialog.model.index(1, 1).data()
    assert dialog.use.choice.currentText() == "High-resolution cysts"
    assert "phases 1 and 2" in dialog.use.words.text()
    qtbot.waitUntil(dialog.do_import.isEnabled)
    with qtbot.waitSignal(dialog.imported, timeout=10_000):
        qtbot.mouseClick(dialog.do_import, Qt.MouseButton.LeftButton)
    bad, good = project.samples()
    assert (good.state, good.cells, good.role, bad.state, bad.labels) == (
        "segmented", 2, "high-resolution", "to do", None,
    )  # fmt: skip
    assert good.labels.is_relative_to(project.folder)
    assert np.array_equal(read_labels(good.labels)[0], labels)
    (version,) = project.label_versions(good.id)
    assert (version.kind, version.note) == ("imported", "From good_label.tif.")
    (message,) = host.findChildren(Message)
    assert any("4 × 8 × 9" in label.text() for label in message.findChildren(QLabel))
    message.close()
