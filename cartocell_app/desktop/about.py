"""What this program is, its licence, and how to cite what it follows."""

from PySide6.QtWidgets import QWidget

from cartocell_app import __version__
from cartocell_app.citation import CITATION
from cartocell_app.desktop.pages import Page, copy_text, paragraph


class AboutPage(Page):
    """Version, licence and citation.

    Parameters
    ----------
    parent : QWidget, optional
        Window that it belongs to.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("CartoCell Desktop", parent)
        self.setMinimumWidth(520)
        self.content.addWidget(paragraph(f"Version {__version__}", "muted"))
        self.content.addWidget(
            paragraph("From confocal stacks of epithelial cysts to segmented cells that touch, on your own computer.")
        )
        self.content.addWidget(paragraph("How to cite", "title"))
        self.content.addWidget(paragraph("If you publish results made with it, please cite the method:"))
        self.content.addWidget(paragraph(CITATION))
        self.content.addWidget(paragraph("Licence", "title"))
        self.content.addWidget(
            paragraph(
                "CartoCell is free software under the BSD 3-clause licence. It uses Qt (LGPL), ONNX Runtime, "
                "scikit-image, pyqtgraph, vispy and other free libraries. The sample cyst is synthetic."
            )
        )
        self.content.addStretch()
        self.add_button("&Copy citation").clicked.connect(lambda: copy_text(CITATION))
