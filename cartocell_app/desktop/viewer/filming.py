"""A film of the 3D view turning once around."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QProgressBar, QVBoxLayout, QWidget

from cartocell_app.desktop.messages import show_user_error
from cartocell_app.desktop.theme import MARGIN
from cartocell_app.desktop.viewer.volume_pane import VolumePane
from cartocell_app.errors import UserError
from cartocell_app.stacks.files import whole_file

FRAMES = 120
FRAMES_PER_S = 24
GIF_FRAME_STEP = 2
"""GIFs leave out every other frame: they are many times larger."""


class FrameWriter(Protocol):
    """Takes the pictures of a film."""

    def add(self, frame: NDArray[np.uint8]) -> None:
        """Add a picture (H, W, 3)."""


def film_filter() -> tuple[str, str]:
    """What films can be saved as here, for a file dialog, and the ending of the best."""
    gif = "Film as GIF (*.gif)"
    return (f"Film (*.mp4);;{gif}", "mp4") if find_spec("imageio_ffmpeg") is not None else (gif, "gif")


class FilmDialog(QDialog):
    """Makes the film, a picture at a time so that the window stays alive; can be cancelled.

    Parameters
    ----------
    pane : VolumePane
        What is filmed.
    path : Path
        ``.mp4`` or ``.gif``.
    parent : QWidget, optional
        Owner.
    """

    finished_film = Signal()
    """The film is saved."""

    def __init__(self, pane: VolumePane, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Saving a film")
        self.setModal(True)
        self._pane, self._path = pane, path
        self._is_gif = path.suffix.lower() == ".gif"
        self._total = FRAMES // GIF_FRAME_STEP if self._is_gif else FRAMES
        self._done = 0
        self._writing: Any = None
        self.bar = QProgressBar()
        self.bar.setRange(0, self._total)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        layout.setSpacing(MARGIN)
        layout.addWidget(QLabel(f"{path.name}: the cyst turns once around."))
        layout.addWidget(self.bar)
        layout.addWidget(buttons)
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._film_one)
        self.finished.connect(self._end)
        self._timer.start()

    def _film_one(self) -> None:
        try:
            if self._writing is None:
                self._writing = _film(self._path, FRAMES_PER_S // (GIF_FRAME_STEP if self._is_gif else 1))
                self._writer = self._writing.__enter__()
            picture = self._pane.picture()
            assert picture is not None
            self._writer.add(_pixels(picture))
            self._pane.turn(360 / self._total)
            self._done += 1
            self.bar.setValue(self._done)
            if self._done == self._total:
                writing, self._writing = self._writing, None
                writing.__exit__(None, None, None)
                self.finished_film.emit()
                self.accept()
        except (UserError, OSError) as error:
            self._writing = None
            self.reject()
            show_user_error(
                error
                if isinstance(error, UserError)
                else UserError(f"{self._path} could not be written.", "Choose another folder, or free some space."),
                self.parentWidget(),
            )

    def _end(self) -> None:
        self._timer.stop()
        if self._writing is not None:
            writing, self._writing = self._writing, None
            stopped = _StoppedError()
            with suppress(_StoppedError):
                writing.__exit__(type(stopped), stopped, None)


class _StoppedError(Exception):
    """The film was cancelled; nothing of it stays."""


def _pixels(picture: QImage) -> NDArray[np.uint8]:
    picture = picture.convertToFormat(QImage.Format.Format_RGB888)
    height, width = picture.height(), picture.width()
    rows = np.frombuffer(picture.constBits(), np.uint8).reshape(height, picture.bytesPerLine())
    # Films need even sizes.
    return rows[: height // 2 * 2, : width // 2 * 2 * 3].reshape(height // 2 * 2, width // 2 * 2, 3).copy()


@contextmanager
def _film(path: Path, frames_per_s: int) -> Iterator[FrameWriter]:
    """A writer of the film `path`, which is whole or absent afterwards."""
    with whole_file(path) as partial:
        if path.suffix.lower() == ".gif":
            gif = _Gif()
            yield gif
            gif.save(partial, frames_per_s)
        else:
            import imageio_ffmpeg

            writer = _Mp4(imageio_ffmpeg, partial, frames_per_s)
            try:
                yield writer
            finally:
                writer.close()


class _Gif:
    def __init__(self) -> None:
        self._frames: list[Any] = []

    def add(self, frame: NDArray[np.uint8]) -> None:
        from PIL import Image

        self._frames.append(Image.fromarray(frame).quantize(64))

    def save(self, path: Path, frames_per_s: int) -> None:
        first, *others = self._frames
        first.save(path, format="GIF", save_all=True, append_images=others, duration=round(1000 / frames_per_s), loop=0)


class _Mp4:
    def __init__(self, ffmpeg: Any, path: Path, frames_per_s: int) -> None:
        self._ffmpeg, self._path, self._frames_per_s = ffmpeg, path, frames_per_s
        self._sender: Any = None

    def add(self, frame: NDArray[np.uint8]) -> None:
        if self._sender is None:
            height, width, _ = frame.shape
            self._sender = self._ffmpeg.write_frames(
                str(self._path),
                (width, height),
                fps=self._frames_per_s,
                macro_block_size=2,
                output_params=["-f", "mp4"],
            )
            self._sender.send(None)
        self._sender.send(frame)

    def close(self) -> None:
        if self._sender is not None:
            self._sender.close()
