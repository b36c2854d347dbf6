"""What is seen, as a picture with scale bars."""

from pathlib import Path

from PySide6.QtGui import QImage, QPainter

from cartocell_app.desktop.theme import PANE_COLOUR
from cartocell_app.desktop.viewer.viewer import Viewer
from cartocell_app.errors import UserError
from cartocell_app.stacks.files import whole_file


def save_picture(viewer: Viewer, path: Path) -> None:
    """Save the panes that are seen, as they are seen, as a PNG.

    Raises
    ------
    UserError
        If the disk refuses.
    """
    picture = picture_of(viewer)
    with whole_file(path) as partial:
        if not picture.save(str(partial), "PNG"):
            raise UserError(f"{path} could not be written.", "Choose another folder, or free some space.")


def picture_of(viewer: Viewer) -> QImage:
    """The panes that are seen; 3D is drawn in parallel view, so it has a scale bar too."""
    scale = viewer.devicePixelRatioF()
    picture = QImage(viewer.size() * scale, QImage.Format.Format_RGB32)
    picture.setDevicePixelRatio(scale)
    picture.fill(PANE_COLOUR)
    painter = QPainter(picture)
    for pane in viewer.slices.panes.values():
        if pane.isVisible():
            painter.drawPixmap(pane.geometry(), pane.grab())
    volume = viewer.volume
    drawn = volume.picture() if volume.isVisible() else None
    if drawn is not None:
        # What Qt grabs of an OpenGL widget is empty on some systems; vispy draws it anew.
        painter.drawImage(volume.geometry(), drawn)
        painter.save()
        painter.translate(volume.pos())
        volume.overlay.draw(painter)
        painter.restore()
    painter.end()
    return picture
