"""The gallery: labelled cysts, the most doubtful first, to be accepted or rejected one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QStackedWidget, QVBoxLayout, QWidget

from cartocell_app.desktop.gallery.bar import GalleryBar
from cartocell_app.desktop.gallery.delegate import CARD, CystDelegate
from cartocell_app.desktop.gallery.model import SAMPLE_ROLE, GalleryModel
from cartocell_app.desktop.gallery.pictures import pair_picture
from cartocell_app.desktop.gallery.reasons import ReasonMenu
from cartocell_app.desktop.gallery.showing import STATES_OF, Which, shown_cysts, why
from cartocell_app.desktop.keys import PanelKeys
from cartocell_app.desktop.marking import PageSelection
from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.samples.edits import SampleEdits
from cartocell_app.desktop.samples.thumbnails import ThumbnailMaker
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.soon import soon
from cartocell_app.desktop.theme import MARGIN, SPACING

if TYPE_CHECKING:
    from cartocell_app.desktop.curation.corrector import Corrector
    from cartocell_app.project.project import Project
    from cartocell_app.project.values import Sample

NOTHING: dict[Which, str] = {
    "waiting": "No cyst waits for your word. Those that you accepted or rejected can be looked at again above.",
    "accepted": "No cyst is accepted yet.",
    "rejected": "No cyst is rejected.",
    "all": "No cyst is labelled yet. Label them on the page of phase 3.",
}
"""What is said where there is nothing to show."""

JUDGED = ("segmented", "curated", "accepted", "rejected")


class Gallery(QWidget):
    """Cysts as pictures.

    Parameters
    ----------
    session : Session
        Holds the project.
    edits : SampleEdits
        Makes the changes, so that they can be undone with those of the list of samples.
    parent : QWidget, optional
        Owner.
    """

    closed = Signal()
    """The page of phase 3 is asked for again."""

    opened = Signal(int)
    """Number of the cyst that is to be shown in the viewer."""

    def __init__(self, session: Session, edits: SampleEdits, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._edits = session, edits
        self._project: Project | None = None
        self._corrector: Corrector | None = None
        self._marked = PageSelection(session)
        self._was_seen = False
        self.model, self.view = GalleryModel(self), QListView()
        self.delegate = CystDelegate(self.view)
        self.pictures = ThumbnailMaker(self, pair_picture)
        self.bar, self.reasons = GalleryBar(), ReasonMenu(self)
        self.nothing, self.why = paragraph("", "muted"), paragraph("", "small")
        self.stack = QStackedWidget()
        self._set_up_view()
        self._lay_out()
        self._soon = soon(self, self.refresh)
        self._connect()
        self.refresh()

    @property
    def chosen(self) -> list[Sample]:
        """The cysts that are selected, in their order."""
        rows = sorted(self.view.selectionModel().selectedIndexes(), key=lambda index: index.row())
        return [index.data(SAMPLE_ROLE) for index in rows]

    def heed(self, corrector: Corrector) -> None:
        """Judge nothing while `corrector` holds corrections that are not saved, as the window's own Accept does not."""
        self._corrector = corrector
        corrector.changed.connect(self._show_what_can_be_done)
        self._show_what_can_be_done()

    def flip(self) -> None:
        """Show the raw pictures in place of those with cells, or the other way round."""
        self.delegate.shows_cells = not self.delegate.shows_cells
        self.bar.show_side(shows_cells=self.delegate.shows_cells)
        self.view.viewport().update()

    def accept(self) -> None:
        """Accept the selected cysts."""
        self._judge("accept", state="accepted", reason="")

    def reject(self) -> None:
        """Ask why, and reject the selected cysts."""
        if not self.why_not():
            place = self.view.visualRect(self.view.currentIndex()).center()
            self.reasons.popup(self.view.viewport().mapToGlobal(place))

    def open(self) -> None:
        """Have the current cyst shown in the viewer, where its cells can be corrected."""
        index = self.view.currentIndex()
        if index.isValid():
            self.opened.emit(index.data(SAMPLE_ROLE).id)

    def why_not(self) -> str:
        """Why nothing can be judged now; empty if it can."""
        project = self._session.project
        if project is None or project.read_only:
            return "" if project is None else project.why_read_only
        if not self.chosen:
            return "Choose a cyst first."
        return "" if self._corrector is None else self._corrector.why_not_judge()

    def refresh(self) -> None:
        """Show the cysts of the project as they are now."""
        project = self._session.project
        if project is not self._project:
            self._project = project
            self._was_seen = False
            self.model.forget_pictures()
            self._begin_pictures()
        samples = () if project is None else project.samples()
        self.bar.show_counts({which: len(shown_cysts(samples, which)) for which in STATES_OF})
        # Until it is seen for the first time, the most doubtful one is chosen, whichever that is.
        row, chosen = 0, set[int]()
        if self._was_seen:
            row, chosen = self.view.currentIndex().row(), {sample.id for sample in self.chosen}
        self.model.show(shown_cysts(samples, self.bar.which))
        self._choose_again(row, chosen)
        self.nothing.setText(NOTHING[self.bar.which])
        self.stack.setCurrentIndex(0 if self.model.samples else 1)
        self._show_chosen()

    def _begin_pictures(self) -> None:
        """Make no picture that is not asked for from now on."""
        project = self._project
        keeps = project is not None and not project.read_only
        self.pictures.start_with(project.folder / "thumbnails" if project is not None and keeps else None)

    def _judge(self, word: str, **values: str) -> None:
        ids = [sample.id for sample in self.chosen if sample.state in JUDGED]
        if not self.why_not() and ids:
            self._edits.change(ids, f"{word} {len(ids)} cyst{'s' * (len(ids) != 1)}", **values)

    def _choose_again(self, row: int, chosen: set[int]) -> None:
        """Select again what was selected; where that went, the one that came in its place."""
        rows = [at for at in (self.model.row_of(number) for number in chosen) if at >= 0]
        if not rows and self.model.samples:
            rows = [min(max(row, 0), len(self.model.samples) - 1)]
        flags = QItemSelectionModel.SelectionFlag
        selection = self.view.selectionModel()
        if sorted(rows) != sorted(index.row() for index in selection.selectedIndexes()):
            selection.clearSelection()
            for at in rows:
                selection.select(self.model.index(at), flags.Select)
        if rows and self.view.currentIndex().row() not in rows:
            selection.setCurrentIndex(self.model.index(min(rows)), flags.NoUpdate)
            self.view.scrollTo(self.view.currentIndex())

    def _show_chosen(self) -> None:
        chosen = self.chosen
        self.why.setText(why(chosen[0]) if len(chosen) == 1 else "")
        self._show_what_can_be_done()
        if self.isVisible():
            # So that the window's own Accept and Reject are for what is selected here.
            self._marked.mark(sample.id for sample in chosen)

    def _show_what_can_be_done(self) -> None:
        self.bar.show_what_can_be_done(self.why_not())

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self._was_seen = True
        # Not where the window was only minimised.
        if not event.spontaneous():
            self.view.setFocus()
            self._show_chosen()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        if event.spontaneous():
            return
        self.model.forget_unmade()
        self._begin_pictures()
        self._marked.let_go()

    def _set_up_view(self) -> None:
        view = self.view
        view.setModel(self.model)
        view.setItemDelegate(self.delegate)
        view.setAccessibleName("Labelled cysts, the most doubtful first")
        view.setViewMode(QListView.ViewMode.IconMode)
        view.setResizeMode(QListView.ResizeMode.Adjust)
        view.setMovement(QListView.Movement.Static)
        view.setUniformItemSizes(True)
        view.setGridSize(CARD)
        view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.setMouseTracking(True)

    def _connect(self) -> None:
        session, bar = self._session, self.bar
        for changed in (session.project_changed, session.samples_changed):
            changed.connect(self._soon.start)
        self.model.picture_wanted.connect(self.pictures.ask)
        self.pictures.made.connect(self.model.set_picture)
        self.view.selectionModel().selectionChanged.connect(self._show_chosen)
        self.view.doubleClicked.connect(self.open)
        self.reasons.chosen.connect(lambda reason: self._judge("reject", state="rejected", reason=reason))
        bar.closed.connect(self.closed)
        bar.which_changed.connect(self.refresh)
        for button, run in (
            (bar.flip, self.flip), (bar.accept, self.accept), (bar.reject, self.reject), (bar.open, self.open),
        ):  # fmt: skip
            button.clicked.connect(lambda _=False, run=run: run())
        keys = {
            "Space": self.flip,
            "A": self.accept,
            "R": self.reject,
            "Return": self.open,
            "Enter": self.open,
            "Esc": self.closed.emit,
        }
        PanelKeys(keys, self).watch(self.view)

    def _lay_out(self) -> None:
        empty = QWidget()
        words = QVBoxLayout(empty)
        words.addWidget(self.nothing)
        words.addStretch()
        self.stack.addWidget(self.view)
        self.stack.addWidget(empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        layout.setSpacing(SPACING)
        layout.addWidget(self.bar)
        layout.addWidget(self.stack, 1)
        layout.addWidget(self.why)
