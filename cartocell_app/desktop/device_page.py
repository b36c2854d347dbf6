"""What this computer offers, as `cartocell doctor` says it, in a page to read."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QProgressBar, QScrollArea, QWidget

from cartocell_app.desktop.icons import icon
from cartocell_app.desktop.pages import Page, copy_text, paragraph
from cartocell_app.desktop.theme import MARGIN, SPACING
from cartocell_app.desktop.workers import Latest

SIGN_PX = 16


class DevicePage(Page):
    """Devices and why others are not used, memory, model, file formats and versions.

    Parameters
    ----------
    parent : QWidget, optional
        Window that it belongs to.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("This computer", parent)
        self.resize(680, 520)
        self.text = ""
        self._waiting = QProgressBar()
        self._waiting.setRange(0, 0)
        self._waiting.setAccessibleName("Trying the devices")
        self.content.addWidget(
            paragraph("CartoCell tries each device with a small piece of a stack before it trusts it.", "muted")
        )
        self.content.addWidget(self._waiting)
        self.content.addStretch()
        self._copy = self.add_button("&Copy for whoever helps you")
        self._copy.setEnabled(False)
        self._copy.setToolTip("The devices are still being tried.")
        self._copy.clicked.connect(lambda: copy_text(self.text))
        self._checkup = Latest(self._show, parent=self)
        self._checkup.request(_checkup)

    def _show(self, text: str) -> None:
        self.text = text
        self._copy.setEnabled(True)
        self._copy.setToolTip("")
        self._waiting.hide()
        table = QWidget()
        grid = QGridLayout(table)
        grid.setContentsMargins(0, 0, MARGIN, 0)
        grid.setHorizontalSpacing(MARGIN)
        grid.setVerticalSpacing(SPACING)
        grid.setColumnStretch(2, 1)
        for row, (name, words) in enumerate(read_checkup(text)):
            is_device = name.startswith(" ")
            heading = QLabel(name.strip())
            heading.setProperty("role", "" if is_device else "muted")
            grid.addWidget(heading, row, 1, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(paragraph(words[:1].upper() + words[1:] if is_device else words), row, 2)
            if is_device:
                grid.addWidget(_sign(words.startswith("works")), row, 0, Qt.AlignmentFlag.AlignTop)
        grid.setRowStretch(grid.rowCount(), 1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(table)
        self.content.takeAt(self.content.count() - 1)
        self.content.addWidget(scroll, 1)


def read_checkup(text: str) -> list[tuple[str, str]]:
    """Lines of `jobs.checkup.checkup` as pairs of heading and words; headings of devices begin with a space."""
    first, *lines = text.splitlines()
    pairs = (line.partition(": ")[::2] for line in lines if not line.endswith(":"))
    return [("Program", first), *pairs]


def _checkup() -> str:
    from cartocell_app.jobs.checkup import checkup

    return checkup()


def _sign(works: bool) -> QLabel:
    sign = QLabel()
    name, role = ("mdi6.check-circle", "accepted") if works else ("mdi6.minus-circle-outline", "muted")
    sign.setPixmap(icon(name, role).pixmap(QSize(SIGN_PX, SIGN_PX)))
    sign.setAccessibleName("works" if works else "not used")
    return sign
