from pytestqt.qtbot import QtBot

from cartocell_app.desktop.session import Session
from cartocell_app.desktop.settings import VoxelPreset
from cartocell_app.desktop.voxel_dialog import VoxelDialog
from cartocell_app.stacks.voxel_size import VoxelSize
from tests.desktop.fake_project import FakeSample


def test_all_three_lengths_must_be_given(session: Session, qtbot: QtBot) -> None:
    dialog = VoxelDialog(session, (FakeSample(1, "a", voxel_size=None), FakeSample(2, "b", voxel_size=None)))
    qtbot.addWidget(dialog)
    assert not dialog.use.isEnabled()
    assert dialog.use.text() == "&Use for 2 stacks"
    for axis, length_um in (("z", 0.7), ("y", 0.62), ("x", 0.62)):
        assert dialog.use.toolTip() == "Give all three lengths."
        dialog.lengths[axis].setValue(length_um)
    assert dialog.use.isEnabled()
    assert dialog.voxel_size() == VoxelSize(0.7, 0.62, 0.62, "given by you")


def test_a_voxel_size_is_remembered_under_its_name_for_the_next_stacks(session: Session, qtbot: QtBot) -> None:
    dialog = VoxelDialog(session, (FakeSample(1, "a"),))
    qtbot.addWidget(dialog)
    qtbot.keyClicks(dialog.name, "Confocal 40x")
    dialog.accept()
    assert Session().settings.voxel_presets == (VoxelPreset(name="Confocal 40x", z_um=0.7, y_um=0.62, x_um=0.62),)
    again = VoxelDialog(session, (FakeSample(2, "b", voxel_size=None),))
    qtbot.addWidget(again)
    again.presets.setCurrentIndex(1)
    assert again.voxel_size().zyx_um == (0.7, 0.62, 0.62)


def test_what_is_known_is_proposed(session: Session, qtbot: QtBot) -> None:
    dialog = VoxelDialog(session, (FakeSample(1, "a"),))
    qtbot.addWidget(dialog)
    assert dialog.voxel_size().zyx_um == (0.7, 0.62, 0.62)
