"""What a right click offers."""

from cartocell_app.desktop.viewer.geometry import XY
from cartocell_app.desktop.viewer.menu import choices


def test_the_menu_offers_what_can_be_done_with_the_selected_cell(viewer, qtbot):
    pane = viewer.slices.panes[XY]
    assert [words for words, _ in choices(viewer, pane)] == ["This pane only", "Show the whole stack"]
    viewer.set_cell(9)
    offered = dict(choices(viewer, pane))
    offered["Show only cell 9"]()
    assert viewer.display.only == {9}
    dict(choices(viewer, pane))["Show all cells"]()
    assert viewer.display.only is None
    with qtbot.waitSignal(viewer.cell_picked) as picked:
        offered["Select no cell"]()
    assert picked.args == [0]
