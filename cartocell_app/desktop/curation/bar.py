"""The bar over the viewer: what is shown, and the tools that correct its cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QMenu, QToolBar, QToolButton, QVBoxLayout, QWidget

from cartocell_app.desktop.actions import Actions
from cartocell_app.desktop.icons import icon
from cartocell_app.desktop.samples.words import cells_in_words, sign_of
from cartocell_app.desktop.theme import SPACING

if TYPE_CHECKING:
    from cartocell_app.desktop.curation.corrector import Corrector
    from cartocell_app.desktop.session import Session

START = "correct.start"
ONE: tuple[tuple[str, str], ...] = (
    ("correct.delete", "Delete"),
    ("correct.merge", "Merge"),
    ("correct.largest", "Largest"),
    ("correct.fill", "Fill"),
)
ALL = ("correct.all-largest", "correct.all-fill", "correct.renumber")
AFTER: tuple[tuple[str, str], ...] = (
    ("edit.undo", "Undo"), ("edit.redo", "Redo"), ("correct.save", "Save"), ("correct.versions", "Versions"),
)  # fmt: skip
"""Keys of the tools, and short words for them."""

WORDLESS = ("edit.undo", "edit.redo")
"""Their signs are known to everybody."""

Style = Qt.ToolButtonStyle


class CorrectionBar(QWidget):
    """Says which sample is shown; after Correct cells was chosen, holds the tools.

    Parameters
    ----------
    session : Session
        Tells what is shown.
    corrector : Corrector
        Tells what can be done.
    actions : Actions
        The tools; those of correcting must be among them.
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, session: Session, corrector: Corrector, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._corrector = corrector
        self._actions = actions
        self._wide_px = 0
        self.tools = QToolBar()
        self.tools.setObjectName("correction-tools")
        self.tools.setIconSize(QSize(18, 18))
        self.words = QLabel()
        self.words.setProperty("role", "muted")
        self.words.setWordWrap(True)
        self.words.setContentsMargins(SPACING, 0, SPACING, SPACING // 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.tools)
        layout.addWidget(self.words)
        self._was_on: bool | None = None
        corrector.changed.connect(self.refresh)
        session.current_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what can be done now."""
        if self._was_on != self._corrector.is_on:
            self._was_on = self._corrector.is_on
            self._fill()
        self.words.setText(self._sentence())
        self._actions.refresh_soon()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._fit()

    def _fill(self) -> None:
        self.tools.clear()
        self._actions.action(START).setIconText("Done" if self._corrector.is_on else "Correct cells")
        self.tools.addAction(self._actions.action(START))
        if self._corrector.is_on:
            self.tools.addSeparator()
            self._add(ONE)
            self.tools.addWidget(self._all_cells())
            self.tools.addSeparator()
            self._add(AFTER)
        self._dress(Style.ToolButtonTextBesideIcon)
        self.tools.ensurePolished()
        self._wide_px = self.tools.sizeHint().width()
        self._fit()

    def _add(self, tools: tuple[tuple[str, str], ...]) -> None:
        for key, words in tools:
            action = self._actions.action(key)
            action.setIconText(words)
            self.tools.addAction(action)

    def _all_cells(self) -> QToolButton:
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        for key in ALL:
            menu.addAction(self._actions.action(key))
        button = QToolButton()
        button.setText("All")
        button.setIcon(icon("mdi6.select-all"))
        button.setToolTip("What can be done with all cells at once")
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setToolButtonStyle(Style.ToolButtonTextBesideIcon)
        self.tools.toolButtonStyleChanged.connect(button.setToolButtonStyle)
        return button

    def _fit(self) -> None:
        """Words beside the icons where there is room for them."""
        fits = self.width() >= self._wide_px or not self._corrector.is_on
        self._dress(Style.ToolButtonTextBesideIcon if fits else Style.ToolButtonIconOnly)

    def _dress(self, style: Qt.ToolButtonStyle) -> None:
        self.tools.setToolButtonStyle(style)
        for key in WORDLESS:
            button = self.tools.widgetForAction(self._actions.action(key))
            if isinstance(button, QToolButton):
                button.setToolButtonStyle(Style.ToolButtonIconOnly)

    def _sentence(self) -> str:
        """What is shown, or what to do next."""
        sample, corrector, cell = self._session.current, self._corrector, self._session.cell
        if sample is None:
            return ""
        if corrector.merging:
            return f"Click the cell that belongs to cell {corrector.merging}. Esc merges nothing."
        if not corrector.is_on:
            unsaved = "corrections not saved" if corrector.is_changed else ""
            parts = (sample.name, sign_of(sample).word.lower(), cells_in_words(sample), unsaved)
            return " · ".join(part for part in parts if part)
        unsaved = " Corrections are not saved yet." if corrector.is_changed else ""
        if cell and not corrector.why_not_cell():
            return f"Cell {cell} is picked: choose what to do with it.{unsaved}"
        return (corrector.why_not() or "Click a cell in a slice or in 3D.") + unsaved


class CorrectingViewer(QWidget):
    """The viewer with the bar over it.

    Parameters
    ----------
    bar : CorrectionBar
        Stands above.
    viewer : QWidget
        Shows the cells.
    corrector : Corrector
        Takes the picked cell away when Delete is pressed in the viewer.
    """

    def __init__(self, bar: CorrectionBar, viewer: QWidget, corrector: Corrector) -> None:
        super().__init__()
        self._corrector = corrector
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(bar)
        layout.addWidget(viewer, 1)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        # The key is that of removing samples, which cannot be done while cells are corrected.
        if event.key() == Qt.Key.Key_Delete and self._corrector.is_on:
            self._corrector.delete()
        else:
            super().keyPressEvent(event)
