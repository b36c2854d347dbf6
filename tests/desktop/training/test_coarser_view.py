"""A cyst before and after it is made coarser."""

import pytest

from cartocell_app.desktop.training.coarser_view import CoarserView, make_pictures
from cartocell_app.desktop.training.panel import TrainingPanel

from .conftest import COARSE, FINE


def test_both_pictures_lie_at_one_scale_and_say_what_became_of_the_cells(qtbot, add):
    (cyst,) = add("a")
    view = CoarserView()
    qtbot.addWidget(view)
    view.show_cyst(cyst, COARSE.zyx_um)
    qtbot.waitUntil(view.isVisible)
    before, after = (label.pixmap().size() for label in view.above)
    assert before == after
    assert view.captions[0].text() == "As it is: 0.35 × 0.3 × 0.3 µm, 2 cells"
    assert view.captions[1].text() == "As it is learnt from: 0.7 × 0.6 × 0.6 µm, 2 cells"
    assert "still whole" in view.words.text()
    view.show_cyst(None, COARSE.zyx_um)
    assert view.isHidden()


def test_cells_that_suffer_are_told(add):
    (cyst,) = add("a")
    pictures = make_pictures(cyst, (4.0, 4.0, 4.0))
    assert "What suffers: " in pictures.words
    assert [picture.shape for picture in pictures.slices] == [(40, 40, 3), (3, 3, 3)]
    assert [picture.shape for picture in pictures.upright] == [(24, 40, 3), (2, 3, 3)]
    assert pictures.sides_um == pytest.approx((24 * 0.35, 12, 12))


def test_the_page_shows_the_cyst_that_is_clicked_at_the_size_that_is_typed(qtbot, session, queue, add):
    add("a", "b", "c")
    page = TrainingPanel(session, queue, 2)
    qtbot.addWidget(page)
    page.show()
    qtbot.waitUntil(lambda: page.form.coarser.words.text().startswith("a, "))
    page.form.cysts.setCurrentItem(page.form.cysts.topLevelItem(2))
    qtbot.waitUntil(lambda: page.form.coarser.words.text().startswith("c, "))
    assert f"{FINE.z_um:g} ×" in page.form.coarser.captions[1].text()
    page.form.voxel.fields["z"].setText("")
    qtbot.keyClicks(page.form.voxel.fields["z"], "1.4")
    qtbot.waitUntil(lambda: "1.4 ×" in page.form.coarser.captions[1].text())
