from pytestqt.qtbot import QtBot

from cartocell_app.desktop.session import Session
from cartocell_app.desktop.voxel_dialog import VoxelDialog
from tests.desktop.fake_project import FakeSample


def test_all_three_lengths_must_be_given(session: Session, qtbot: QtBot) -> None:
    dialog = VoxelDialog(session, (FakeSample(1, "a", voxel_size=None), FakeSample(2, "b", voxel_size=None)))
    qtbot.addWidget(dialog)
    assert dialog.use.text() == "&Use for 2 stacks"
    for axis, text in (("z", "0.7"), ("y", "0,62"), ("x", "0.62")):
        assert dialog.use.toolTip() == "Give all three lengths in µm."
        qtbot.keyClicks(dialog.editor.fields[axis], text)
    assert dialog.use.isEnabled()
    assert dialog.editor.voxel_size().zyx_um == (0.7, 0.62, 0.62)


def test_what_is_known_is_proposed(session: Session, qtbot: QtBot) -> None:
    dialog = VoxelDialog(session, (FakeSample(1, "a", voxel_size=None), FakeSample(2, "b")))
    qtbot.addWidget(dialog)
    assert dialog.use.isEnabled()
    assert dialog.editor.voxel_size().zyx_um == (0.7, 0.62, 0.62)
