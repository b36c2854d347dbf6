"""The user guide in a window beside the work: contents with a search at the left, the chapter at the right."""

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QTextCursor
from PySide6.QtWidgets import (
    QLineEdit,
    QSplitter,
    QTextEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from cartocell_app.desktop.guide.chapters import Chapter, Section, read_guide
from cartocell_app.desktop.guide.reader import Reader
from cartocell_app.desktop.pages import Page
from cartocell_app.desktop.theme import SPACING, colour, themes

SIZE_PX = (1090, 760)
CONTENTS_PX = 300
PLACE = Qt.ItemDataRole.UserRole


class GuidePage(Page):
    """The guide.

    Parameters
    ----------
    parent : QWidget, optional
        Window that it belongs to.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Guide", parent, enter_closes=False)
        self.resize(*SIZE_PX)
        self._chapters = {chapter.name: chapter for chapter in read_guide()}
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find in the guide")
        self.search.setAccessibleName("Find in the guide")
        self.search.setClearButtonEnabled(True)
        self.contents = QTreeWidget()
        self.contents.setHeaderHidden(True)
        self.contents.setAccessibleName("Contents")
        self.reader = Reader()
        self._fill_contents()
        self._lay_out()
        self.search.textChanged.connect(self._find)
        self.search.returnPressed.connect(self._show_first_found)
        self.contents.currentItemChanged.connect(self._chosen)
        self.reader.anchorClicked.connect(self._follow)
        themes.changed.connect(self._dress)
        self.go_to(next(iter(self._chapters)))

    def go_to(self, place: str) -> None:
        """Show a place of the guide.

        Parameters
        ----------
        place : str
            File of a chapter, and after ``#`` a heading's anchor: ``"4-stacks.md#voxel-size"``.
        """
        name, _, anchor = place.partition("#")
        self.reader.show_page(self._chapters[name].html, anchor)
        self._mark_found()
        items = self._items()
        item = items.get(place) or items[name]
        # Choosing it would scroll to its heading, which may be above the place that was asked for.
        was_silent = self.contents.blockSignals(True)
        self.contents.setCurrentItem(item)
        self.contents.blockSignals(was_silent)

    def _lay_out(self) -> None:
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, SPACING, 0)
        column.setSpacing(SPACING)
        column.addWidget(self.search)
        column.addWidget(self.contents, 1)
        split = QSplitter()
        split.setChildrenCollapsible(False)
        split.addWidget(left)
        split.addWidget(self.reader)
        split.setStretchFactor(1, 1)
        split.setSizes([CONTENTS_PX, SIZE_PX[0] - CONTENTS_PX])
        self.content.addWidget(split, 1)

    def _fill_contents(self) -> None:
        for chapter in self._chapters.values():
            top = _item(chapter, chapter.sections[0])
            self.contents.addTopLevelItem(top)
            top.addChildren([_item(chapter, section) for section in chapter.sections[1:]])
            top.setExpanded(True)

    def _items(self) -> dict[str, QTreeWidgetItem]:
        """All lines of the contents, by place."""
        tops = [self.contents.topLevelItem(row) for row in range(self.contents.topLevelItemCount())]
        every = [item for top in tops for item in (top, *(top.child(row) for row in range(top.childCount())))]
        return {item.data(0, PLACE): item for item in every}

    def _find(self, text: str) -> None:
        """Leave only the sections in the contents that have all words, and mark the words on the page."""
        items = self._items()
        for chapter in self._chapters.values():
            found = [section.has(text) for section in chapter.sections]
            for section, is_found in zip(chapter.sections[1:], found[1:], strict=True):
                items[place_of(chapter, section)].setHidden(not is_found)
            items[chapter.name].setHidden(not any(found))
        self._mark_found()

    def _show_first_found(self) -> None:
        text = self.search.text()
        for chapter in self._chapters.values():
            for section in chapter.sections:
                if section.has(text):
                    self.go_to(place_of(chapter, section))
                    return

    def _mark_found(self) -> None:
        marks = []
        for word in self.search.text().split():
            found = self.reader.document().find(word)
            while not found.isNull():
                marks.append(_mark(found))
                found = self.reader.document().find(word, found)
        self.reader.setExtraSelections(marks)

    def _chosen(self, item: QTreeWidgetItem | None) -> None:
        if item is not None:
            self.go_to(item.data(0, PLACE))

    def _follow(self, link: QUrl) -> None:
        """Go to another place of the guide, or open what is outside it in the system's browser."""
        if link.scheme():
            QDesktopServices.openUrl(link)
        else:
            here = self.contents.currentItem().data(0, PLACE).partition("#")[0]
            self.go_to(f"{link.path() or here}{'#' * link.hasFragment()}{link.fragment()}")

    def _dress(self) -> None:
        self.go_to(self.contents.currentItem().data(0, PLACE))


def place_of(chapter: Chapter, section: Section) -> str:
    """Where a section is in the guide, for `GuidePage.go_to`."""
    return f"{chapter.name}#{section.anchor}" if section.anchor else chapter.name


def _item(chapter: Chapter, section: Section) -> QTreeWidgetItem:
    item = QTreeWidgetItem([section.title])
    item.setToolTip(0, section.title)
    item.setData(0, PLACE, place_of(chapter, section))
    return item


def _mark(found: QTextCursor) -> QTextEdit.ExtraSelection:
    mark = QTextEdit.ExtraSelection()
    mark.cursor = found
    mark.format.setBackground(colour("selection"))
    return mark
