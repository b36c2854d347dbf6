from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cartocell_app.desktop import status
from cartocell_app.desktop.guide.chapters import read_guide
from cartocell_app.desktop.guide.page import GuidePage, place_of
from cartocell_app.desktop.main_window import MainWindow
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.theme import apply_theme, colour
from cartocell_app.desktop.window_commands import GUIDE_PLACES, PHASE_ANCHORS


@pytest.fixture
def page(qtbot: QtBot) -> GuidePage:
    page = GuidePage()
    qtbot.addWidget(page)
    page.show()
    qtbot.waitExposed(page)
    return page


def shown_in_contents(page: GuidePage) -> list[str]:
    items = page._items().values()
    return [item.text(0) for item in items if not item.isHidden() and not (item.parent() and item.parent().isHidden())]


def heading_at_top(page: GuidePage) -> str:
    return page.reader.cursorForPosition(page.reader.viewport().rect().topLeft()).block().text()


def test_it_opens_at_the_first_chapter_and_lists_all(page: GuidePage) -> None:
    assert page.reader.toPlainText().startswith("Your first result")
    assert [chapter.title for chapter in read_guide()] == [
        page.contents.topLevelItem(row).text(0) for row in range(page.contents.topLevelItemCount())
    ]


def test_the_contents_lead_to_sections(page: GuidePage, qtbot: QtBot) -> None:
    item = page._items()["3-phases.md#phase-4-train-m2"]
    page.contents.scrollToItem(item)
    where = page.contents.visualItemRect(item).center()
    qtbot.mouseClick(page.contents.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert page.reader.toPlainText().startswith("The five phases")
    assert heading_at_top(page) == "Phase 4: Train M2"


def test_the_search_leaves_what_has_all_words_and_enter_goes_there(page: GuidePage, qtbot: QtBot) -> None:
    qtbot.keyClicks(page.search, "deltavision fiji")
    assert shown_in_contents(page) == ["Stacks and voxel size", "What can be opened"]
    qtbot.keyClick(page.search, Qt.Key.Key_Return)
    assert page.reader.toPlainText().startswith("Stacks and voxel size")
    assert {mark.cursor.selectedText().lower() for mark in page.reader.extraSelections()} == {"deltavision", "fiji"}
    page.search.clear()
    assert len(shown_in_contents(page)) == len(page._items())
    assert page.reader.extraSelections() == []


def test_links_go_to_other_chapters_and_out_of_the_guide(page: GuidePage, monkeypatch: pytest.MonkeyPatch) -> None:
    page.reader.anchorClicked.emit(QUrl("6-results.md#scores"))
    assert page.reader.toPlainText().startswith("Result files")
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    page.reader.anchorClicked.emit(QUrl("https://example.org/"))
    assert [url.toString() for url in opened] == ["https://example.org/"]
    assert page.reader.toPlainText().startswith("Result files")


def test_it_follows_the_theme_and_stays_where_it_was(page: GuidePage, qapp: QApplication) -> None:
    page.go_to("5-models.md")
    apply_theme(qapp, "dark")
    assert page.reader.toPlainText().startswith("Models")
    assert colour("link").name() in page.reader.document().defaultStyleSheet()


def test_f1_opens_it_at_what_is_shown(session: Session, tmp_path: Path, qtbot: QtBot, monkeypatch) -> None:
    monkeypatch.setattr(status, "_probe", lambda: [])
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    window.actions_.action("help.guide").trigger()
    (page,) = window.findChildren(GuidePage)
    assert page.reader.toPlainText().startswith("Your first result")
    session.create_project(tmp_path / "Cysts.cartocell")
    window.show_phase(3)
    window.actions_.action("help.guide").trigger()
    assert window.findChildren(GuidePage) == [page]
    assert page.reader.toPlainText().startswith("The five phases")


def test_all_places_of_the_window_are_in_the_guide() -> None:
    places = {place_of(chapter, section) for chapter in read_guide() for section in chapter.sections}
    assert set(GUIDE_PLACES.values()) | {f"3-phases.md#{anchor}" for anchor in PHASE_ANCHORS} <= places
