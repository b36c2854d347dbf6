"""A page of the guide: text, tables and pictures in the colours of the theme."""

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QTextBrowser, QTextEdit, QWidget

from cartocell_app.desktop.guide.chapters import FOLDER
from cartocell_app.desktop.theme import MARGIN, SMALL_PX, colour

PICTURE_PX = 630
"""Wider pictures are shown this wide."""

TEXT_WIDTH_PX = 720
"""Longer lines are hard to read."""


class Reader(QTextBrowser):
    """Shows a page of HTML; links are told by `anchorClicked` and not followed.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setOpenLinks(False)
        self.setAccessibleName("Guide")
        self.document().setDocumentMargin(MARGIN)
        self.setLineWrapMode(QTextEdit.LineWrapMode.FixedPixelWidth)
        self.setLineWrapColumnOrWidth(TEXT_WIDTH_PX)

    def show_page(self, html: str, anchor: str = "") -> None:
        """Show a page from its beginning, or from an anchor in it."""
        self.document().setDefaultStyleSheet(_style_sheet())
        self.setHtml(html)
        if anchor:
            self.scrollToAnchor(anchor)

    def loadResource(self, kind: int, name: QUrl) -> object:  # noqa: N802 - Qt's name
        """Pictures of the guide, no wider than the text."""
        if kind != 2 or name.scheme() not in ("", "file"):
            return super().loadResource(kind, name)
        picture = QImage(str(FOLDER / name.path()))
        if picture.width() <= PICTURE_PX:
            return picture
        ratio = self.devicePixelRatioF()
        picture = picture.scaledToWidth(
            min(picture.width(), round(PICTURE_PX * ratio)), Qt.TransformationMode.SmoothTransformation
        )
        picture.setDevicePixelRatio(picture.width() / PICTURE_PX)
        return picture


def _style_sheet() -> str:
    # Qt makes headings larger than the sizes given here, by their level.
    tokens = {name: colour(name).name() for name in ("text", "muted", "border", "hover", "link", "window")}
    return f"""
        body {{ color: {tokens["text"]}; }}
        h1 {{ font-size: 15px; font-weight: 600; }}
        h2 {{ font-size: 13px; font-weight: 600; margin-top: 22px; }}
        h3 {{ font-size: {SMALL_PX}px; font-weight: 600; margin-top: 14px; }}
        p, li {{ margin-top: 6px; margin-bottom: 6px; line-height: 130%; }}
        a {{ color: {tokens["link"]}; }}
        code, pre {{ background-color: {tokens["hover"]}; font-family: monospace; }}
        table {{ border-collapse: collapse; margin-top: 8px; margin-bottom: 8px; }}
        th, td {{ border: 1px solid {tokens["border"]}; padding: 5px 8px; }}
        th {{ color: {tokens["muted"]}; background-color: {tokens["window"]}; text-align: left; }}
    """
