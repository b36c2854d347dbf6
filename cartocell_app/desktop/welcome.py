"""What is shown while no project is open: where to begin."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from cartocell_app.desktop.drop_area import DropArea
from cartocell_app.desktop.icons import icon
from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.theme import MARGIN, SPACING

WIDTH_PX = 640
MOST_SHOWN = 5

WAYS = (
    (
        "only-segment",
        "I only want to se&gment",
        "With the model that comes with CartoCell, or one of yours: straight to phase 5.",
    ),
    (
        "sample-project",
        "Walk through the five &phases",
        "With a small project of synthetic cysts, whose trainings take only minutes.",
    ),
)
"""Other places to begin: name, text of the button, and what it leads to."""


class Welcome(QScrollArea):
    """A large drop area, the sample cyst and recent projects.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    wanted = Signal(str)
    """A button was clicked: ``"import"``, ``"sample"``, ``"new"``, ``"open"`` or one of `WAYS`."""

    project_wanted = Signal(Path)
    """The folder of a recent project."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("welcome")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.drop = DropArea(
            "Drop your stacks here",
            "Confocal stacks of cysts with stained cell outlines: TIFF, CZI, LIF, ND2, OME-Zarr, or a whole folder.",
            (("import", "Choose &stacks…"), ("sample", "Try the sample &cyst")),
        )
        self.drop.clicked.connect(self.wanted)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(0)
        column = QVBoxLayout()
        column.setSpacing(2 * MARGIN)
        column.addStretch(1)
        column.addLayout(self._heading())
        column.addWidget(self.drop)
        column.addLayout(self._ways())
        column.addLayout(self._projects())
        column.addStretch(2)
        page = QWidget()
        middle = QHBoxLayout(page)
        middle.setContentsMargins(2 * MARGIN, 2 * MARGIN, 2 * MARGIN, 2 * MARGIN)
        middle.addStretch(1)
        inner = QWidget()
        inner.setMaximumWidth(WIDTH_PX)
        inner.setLayout(column)
        middle.addWidget(inner, 100)
        middle.addStretch(1)
        self.setWidget(page)

    def show_recent(self, folders: tuple[str, ...]) -> None:
        """List recent projects, as far as they are still there."""
        while (item := self._recent.takeAt(0)) is not None:
            item.widget().hide()
            item.widget().deleteLater()
        there = [Path(folder) for folder in folders if Path(folder).is_dir()][:MOST_SHOWN]
        for folder in there:
            button = QPushButton(icon("mdi6.folder-outline", "muted"), f"{folder.stem}    {folder.parent}")
            button.setProperty("role", "flat")
            button.setToolTip(f"Open {folder}")
            button.clicked.connect(lambda _=False, folder=folder: self.project_wanted.emit(folder))
            self._recent.addWidget(button)
        if not there:
            none = QLabel("Projects that you make or open are listed here.")
            none.setProperty("role", "muted")
            self._recent.addWidget(none)

    def _heading(self) -> QVBoxLayout:
        heading = QVBoxLayout()
        heading.setSpacing(SPACING // 2)
        for text, role in (
            ("CartoCell", "page-title"),
            ("From stacks of epithelial cysts to cells that touch, and to numbers, on this computer.", "muted"),
        ):
            label = QLabel(text)
            label.setProperty("role", role)
            label.setWordWrap(True)
            heading.addWidget(label)
        return heading

    def _ways(self) -> QGridLayout:
        ways = QGridLayout()
        ways.setHorizontalSpacing(2 * MARGIN)
        ways.setVerticalSpacing(SPACING // 2)
        for column, (name, text, words) in enumerate(WAYS):
            button = QPushButton(text)
            button.setObjectName(name)
            button.clicked.connect(lambda _=False, name=name: self.wanted.emit(name))
            ways.addWidget(button, 0, column)
            ways.addWidget(paragraph(words, "small"), 1, column)
            ways.setColumnStretch(column, 1)
        return ways

    def _projects(self) -> QVBoxLayout:
        title = QLabel("Recent projects")
        title.setProperty("role", "title")
        row = QHBoxLayout()
        row.setSpacing(SPACING)
        row.addWidget(title)
        row.addStretch()
        for name, text in (("new", "&New project…"), ("open", "&Open project…")):
            button = QPushButton(text)
            button.setObjectName(name)
            button.clicked.connect(lambda _=False, name=name: self.wanted.emit(name))
            row.addWidget(button)
        projects = QVBoxLayout()
        projects.setSpacing(SPACING)
        projects.addLayout(row)
        projects.addLayout(self._recent)
        return projects
