"""What phase 1 shows on its page: the high-resolution cysts, what is odd about their labels, and a word on each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHeaderView, QPushButton, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget
from superqt import QFlowLayout

from cartocell_app.desktop.cost_view import CostQuestion
from cartocell_app.desktop.curation.checker import Checker
from cartocell_app.desktop.curation.pair_view import SIGNS, PairView
from cartocell_app.desktop.gallery.reasons import ReasonMenu
from cartocell_app.desktop.icons import icon
from cartocell_app.desktop.importing.segmenting import (
    SegmentChoices,
    cysts_in_words,
    start_segmenting,
    subject_of_sample,
)
from cartocell_app.desktop.jobs.queue import JobQueue
from cartocell_app.desktop.keys import PanelKeys
from cartocell_app.desktop.marking import PageSelection
from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.sample_commands import JUDGED
from cartocell_app.desktop.samples.edits import SampleEdits
from cartocell_app.desktop.samples.words import cells_in_words, sign_of
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.soon import soon
from cartocell_app.desktop.theme import SPACING

if TYPE_CHECKING:
    from cartocell_app.desktop.curation.corrector import Corrector
    from cartocell_app.project.values import Sample

PHASE = 1
NAME, STATE, CELLS, CHECK = range(4)
ROWS_SHOWN, ROW_PX = 8, 26
HOW = (
    "A pair is a stack and its labelled cells: the same names in folders x and y, or NAME and NAME_label side by side. "
    "Stacks alone can be added too."
)


def without_cells(samples: Sequence[Sample]) -> list[Sample]:
    """High-resolution cysts that the model in the box can give first cells."""
    return [
        sample
        for sample in samples
        if sample.role == "high-resolution" and sample.labels is None and sample.state in ("to do", "failed")
        and sample.voxel_size is not None and not sample.missing
    ]  # fmt: skip


class PairsPanel(QWidget):
    """Pairs, their check, and what can be done with them.

    Parameters
    ----------
    session : Session
        Holds the project.
    queue : JobQueue
        Gets the segmentation of stacks without cells.
    edits : SampleEdits
        Accepts and rejects, so that it can be undone.
    parent : QWidget, optional
        Owner.
    """

    import_wanted = Signal()
    """Pairs or stacks are to be added."""

    correction_wanted = Signal(int)
    """Number of the sample whose cells are to be corrected in the viewer."""

    remedy_wanted = Signal(int, str)
    """Number of the sample, and key of the correction that mends its cells."""

    cost_changed = Signal()
    """There is something else to check or to find cells in."""

    def __init__(self, session: Session, queue: JobQueue, edits: SampleEdits, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._queue = queue
        self._edits = edits
        self._corrector: Corrector | None = None
        self._shown: list[Sample] = []
        self._marked = PageSelection(session)
        self._focused: QWidget | None = None  # what had the focus when this was hidden
        self.checker = Checker(self)
        self.add = QPushButton("&Add pairs or stacks…")
        self.find = QPushButton()
        self.list, self.view = QTreeWidget(), PairView()
        self.correct, self.accept, self.reject = (
            QPushButton(words) for words in ("Open and &correct", "Acce&pt (A)", "Re&ject (R)")
        )
        self.reasons = ReasonMenu(self)
        self.how, self.obstacle = paragraph(HOW, "small"), paragraph("", "small")
        self._set_up_list()
        self._build()
        self._soon = soon(self, self.refresh)
        self._connect()
        self.refresh()

    @property
    def current(self) -> Sample | None:
        """The pair that is marked."""
        row = self.list.indexOfTopLevelItem(self.list.currentItem())
        return self._shown[row] if 0 <= row < len(self._shown) else None

    def heed(self, corrector: Corrector) -> None:
        """Judge nothing while `corrector` holds corrections that are not saved, as the window's own Accept does not."""
        self._corrector = corrector
        corrector.changed.connect(self._show_deeds)
        self._show_deeds()

    def refresh(self) -> None:
        """Show the pairs as they are now."""
        project = self._session.project
        samples = () if project is None else project.samples()
        pairs = [sample for sample in samples if sample.role == "high-resolution"]
        if [sample.id for sample in pairs] != [sample.id for sample in self._shown]:
            self._list_anew(pairs)
        self._shown = pairs
        if self.isVisible():
            self.checker.ask(pairs)
        self._show_rows()
        self._show_current()
        alone = without_cells(samples)
        self.find.setText(f"&Find the cells of {cysts_in_words(len(alone))} with CartoCell's model")
        problem = self._why_not_find(alone)
        self.find.setEnabled(not problem)
        self.find.setToolTip(problem or "A first segmentation, to be looked through and corrected.")
        self.obstacle.setText(problem if pairs else "")
        self.obstacle.setVisible(bool(pairs and problem))
        for widget in (self.list, self.view, *self._deeds()):
            widget.setVisible(bool(pairs))
        self.cost_changed.emit()

    def cost_question(self) -> CostQuestion | None:
        """What finding the cells costs that are missing, else checking what is there."""
        from cartocell_app.jobs.costs import USUAL_CYST, CheckWork, SegmentWork, Work

        project = self._session.project
        if project is None:
            return None
        alone = without_cells(project.samples())
        shapes = tuple(pair.shape for pair in self._shown if pair.labels is not None and pair.shape is not None)
        work: Work
        if alone or not shapes:
            what = f"Finding the cells of {cysts_in_words(len(alone)) if alone else 'a cyst of the usual size'}"
            subjects = tuple(subject_of_sample(sample) for sample in alone)
            work = SegmentWork(what, "auto", subjects or (USUAL_CYST,))
        else:
            work = CheckWork(f"Checking {len(shapes)} pair{'s' * (len(shapes) != 1)}, and a corrected version", shapes)
        return CostQuestion(work, project.folder, all(pair.state != "running" for pair in self._shown))

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self._soon.start()
        self._mark()
        if not event.spontaneous() and self._focused is not None:
            (self._focused if self._focused.isEnabled() else self.list).setFocus()
            self._focused = None

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        # Not where the window was only minimised.
        if not event.spontaneous():
            # The page hides this and shows it again whenever it is built anew; that must not cost the focus.
            # Of the window and not of the program: jobs also end while another program is being looked at.
            focused = self.window().focusWidget()
            if focused is not None and self.isAncestorOf(focused):
                # Buttons beside findings come and go.
                self._focused = focused if focused in (self.add, self.find, *self._deeds()) else self.list
            self._marked.let_go()

    def _why_not_find(self, alone: Sequence[Sample]) -> str:
        project = self._session.project
        if project is None or project.read_only:
            return "" if project is None else project.why_read_only
        if alone:
            return ""
        unknown = any(not sample.voxel_size and sample.labels is None for sample in self._shown)
        if unknown:
            return "Stacks without cells need their voxel size first: Sample, Give voxel size."
        return "All high-resolution cysts have cells." if self._shown else "Add stacks first."

    def _find(self) -> None:
        project = self._session.project
        alone = [] if project is None else without_cells(project.samples())
        if project is not None and alone:
            start_segmenting(project, self._queue, alone, SegmentChoices("auto", "auto"), PHASE)
            self.refresh()

    def _judge(self, word: str, state: str, reason: str = "") -> None:
        sample = self.current
        if sample is not None and not self._why_not_judge(sample):
            self._edits.change([sample.id], f"{word} {sample.name}", state=state, reason=reason)
            below = self.list.itemBelow(self.list.currentItem())
            if below is not None:
                self.list.setCurrentItem(below)

    def _ask_why(self) -> None:
        sample = self.current
        if sample is not None and not self._why_not_judge(sample):
            self.reasons.popup(self.reject.mapToGlobal(self.reject.rect().bottomLeft()))

    def _why_not_judge(self, sample: Sample) -> str:
        unsaved = "" if self._corrector is None else self._corrector.why_not_judge()
        return self._why_not_correct(sample) or unsaved

    def _why_not_correct(self, sample: Sample) -> str:
        project = self._session.project
        if project is not None and project.read_only:
            return project.why_read_only
        return "" if sample.state in JUDGED else "It has no cells yet."

    def _show_current(self) -> None:
        sample = self.current
        self._mark()
        if sample is None:
            return
        self.view.show_pair(sample, self.checker.of(sample), self._why_not_correct(sample))
        self._show_deeds()

    def _show_deeds(self) -> None:
        """Enable what can be done with the marked pair, and say why the rest cannot."""
        sample = self.current
        if sample is None:
            return
        judging, correcting = self._why_not_judge(sample), self._why_not_correct(sample)
        for button, problem, words in (
            (self.correct, correcting, "Show it in the viewer, with the tools that delete, merge and mend cells."),
            (self.accept, judging, "The cells of this cyst are right: M1 learns from it."),
            (self.reject, judging, "The cells of this cyst are wrong: nothing learns from it."),
        ):
            if problem and self.window().focusWidget() is button:
                self.list.setFocus()  # from here it goes on with keys; Qt would hand the focus to any other button
            button.setEnabled(not problem)
            button.setToolTip(problem or words)

    def _mark(self) -> None:
        """Have keys and commands of the window be for the pair that is marked here."""
        if self.isVisible():
            self._marked.mark(() if self.current is None else (self.current.id,))

    def _list_anew(self, pairs: Sequence[Sample]) -> None:
        kept = self.current
        self._shown = list(pairs)
        self.list.clear()
        self.list.addTopLevelItems([QTreeWidgetItem() for _ in pairs])
        at = next((row for row, sample in enumerate(pairs) if kept is not None and sample.id == kept.id), 0)
        if pairs:
            self.list.setCurrentItem(self.list.topLevelItem(at))
        rows = min(ROWS_SHOWN, len(pairs))
        self.list.setFixedHeight(rows * ROW_PX + self.list.header().sizeHint().height() + SPACING)

    def _show_rows(self) -> None:
        for row, sample in enumerate(self._shown):
            item, sign, check = self.list.topLevelItem(row), sign_of(sample), self.checker.of(sample)
            words = "no labels" if sample.labels is None else "…"
            item.setIcon(CHECK, icon("mdi6.circle-small", "muted"))
            if check is not None:
                words = check.findings[0].words if check.findings else "Nothing odd"
                item.setIcon(CHECK, icon(*SIGNS[check.weight]))
            for column, text in (
                (NAME, sample.name),
                (STATE, sign.word),
                (CELLS, cells_in_words(sample)),
                (CHECK, words),
            ):
                item.setText(column, text)
            item.setToolTip(CHECK, words)
            item.setToolTip(STATE, sample.reason)
            item.setIcon(STATE, icon(sign.icon, sign.role))
            item.setSizeHint(NAME, QSize(0, ROW_PX))

    def _deeds(self) -> tuple[QPushButton, ...]:
        return self.correct, self.accept, self.reject

    def _open(self) -> None:
        sample = self.current
        if sample is not None:
            self._session.set_current(sample.id)

    def _correct(self) -> None:
        if self.current is not None:
            self.correction_wanted.emit(self.current.id)

    def _mend(self, remedy: str) -> None:
        if self.current is not None:
            self.remedy_wanted.emit(self.current.id, remedy)

    def _connect(self) -> None:
        session = self._session
        for changed in (session.project_changed, session.samples_changed, session.runs_changed):
            changed.connect(self._soon.start)
        self.checker.checked.connect(self._soon.start)
        self.add.clicked.connect(self.import_wanted)
        self.find.clicked.connect(self._find)
        self.list.currentItemChanged.connect(self._show_current)
        self.list.itemActivated.connect(self._open)
        self.correct.clicked.connect(self._correct)
        self.view.remedy_wanted.connect(self._mend)
        self.accept.clicked.connect(lambda: self._judge("accept", "accepted"))
        self.reject.clicked.connect(self._ask_why)
        self.reasons.chosen.connect(lambda reason: self._judge("reject", "rejected", reason))
        # On the whole panel, since clicks on its buttons take the focus; the list would search for these letters.
        PanelKeys({"A": self.accept.click, "R": self.reject.click}, self).watch(self, self.list)

    def _set_up_list(self) -> None:
        self.list.setAccessibleName("High-resolution cysts")
        self.list.setHeaderLabels(["Cyst", "State", "Cells", "Check of the labels"])
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.header().setSectionResizeMode(CHECK, QHeaderView.ResizeMode.Stretch)
        for column, width in ((NAME, 130), (STATE, 110), (CELLS, 70)):
            self.list.setColumnWidth(column, width)

    def _build(self) -> None:
        self.add.setProperty("role", "primary")
        self.add.setToolTip("Files or a whole folder; you see what was found before anything is added.")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        layout.addWidget(_row(self.add, self.find))
        for widget in (self.how, self.obstacle, self.list, self.view):
            layout.addWidget(widget)
        layout.addWidget(_row(*self._deeds()))


def _row(*buttons: QPushButton) -> QWidget:
    """Buttons side by side, in a second row where the window is narrow."""
    row = QWidget()
    flow = QFlowLayout(row)
    flow.setContentsMargins(0, 0, 0, 0)
    flow.setHorizontalSpacing(SPACING)
    flow.setVerticalSpacing(SPACING)
    for button in buttons:
        flow.addWidget(button)
    return row
