"""The viewer for samples of a project: loads them in the background, and has the panel of layers beside it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import Qt
from PySide6.QtWidgets import QFileDialog, QLabel, QStackedLayout, QWidget

from cartocell_app.desktop.messages import show_user_error
from cartocell_app.desktop.viewer.layers_panel import LayersPanel
from cartocell_app.desktop.viewer.loading import BEFORE_VORONOI, load_view
from cartocell_app.desktop.viewer.view import Array, VolumeView
from cartocell_app.desktop.viewer.viewer import Viewer
from cartocell_app.desktop.workers import Latest
from cartocell_app.errors import UserError

if TYPE_CHECKING:
    from cartocell_app.desktop.session import Session
    from cartocell_app.project.values import Sample


class SampleViewer(QWidget):
    """Shows the session's current sample and its selected cell.

    Parameters
    ----------
    session : Session
        Tells what to show, and is told which cell is picked.
    parent : QWidget, optional
        Owner.
    """

    cursor_moved = Signal(tuple, str)
    """Where the cursor is, (z, y, x) in µm, and what lies there."""

    saved = Signal(str)
    """A picture or film was saved, in a sentence."""

    cells_shown = Signal()
    """A stack is shown, or the cells of one that are being corrected are to be shown again."""

    before_changed = Signal()
    """`shows_before` or `awaits_cells` is another than before."""

    def __init__(self, session: "Session", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._shown: tuple[object, ...] | None = None
        self.held: int | None = None
        """Number of the sample whose cells are being corrected: they are not read again before that is over."""
        self.shows_before = False
        """Whether cells before Voronoi are shown."""
        self.awaits_cells = False
        """Whether other cells of the same stack, before Voronoi or after it, were asked for and are not there yet."""
        self.sample_id: int | None = None
        """Number of the sample whose stack is shown; None while none is. The session's may be ahead of it."""
        self.viewer = Viewer()
        self.layers_panel = LayersPanel()
        self._words = QLabel()
        self._words.setProperty("role", "on-pane")
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._words.setWordWrap(True)
        self._words.setMargin(24)
        self._layout = QStackedLayout(self)
        self._layout.addWidget(self.viewer)
        self._layout.addWidget(self._words)
        self._loading = Latest(self._show, self._say_problem, self)
        self._before = Latest(self._show_cells, self._say_no_cells, self)
        viewer, panel = self.viewer, self.layers_panel
        panel.display_changed.connect(viewer.set_display)
        panel.picture_wanted.connect(self._save_picture)
        panel.film_wanted.connect(self._save_film)
        viewer.display_changed.connect(panel.set_display)
        viewer.picture_changed.connect(self._tell_panel)
        viewer.noted.connect(panel.say)
        viewer.cell_picked.connect(session.set_cell)
        viewer.cursor_moved.connect(self.cursor_moved)
        session.cell_changed.connect(viewer.set_cell)
        session.current_changed.connect(self.show_sample)
        self.show_sample(session.current)

    @property
    def is_busy(self) -> bool:
        """Whether something is still to be shown."""
        return self._loading.is_busy or self._before.is_busy or self.viewer.is_busy

    @property
    def words(self) -> str:
        """What is said in place of a stack; empty where one is shown."""
        return self._words.text() if self._layout.currentWidget() is self._words else ""

    def show_sample(self, sample: "Sample | None") -> None:
        """Show another sample, or what changed of it."""
        if sample is None:
            self._shown = None
            self._loading.forget()
            self._clear()
            self.layers_panel.show_view(None, self.viewer.display, None)
            self._say("Choose a sample in the list.")
            return
        wanted = _identity(sample)
        if wanted == self._shown or sample.id == self.held:
            return
        # What was asked for the last one, or for cells that are read anew, does not belong into what is read now.
        self._before.forget()
        if self._shown is None or self._shown[0] != sample.id:
            # The last one's memory is needed for this one.
            self._clear()
            self._say(f"Opening {sample.name} …")
        self._shown = wanted
        if sample.missing:
            self._loading.forget()
            self._say_problem(
                UserError(
                    f"{sample.path.name} is not where it was.",
                    f"It was in {sample.path.parent}. Use File, Relocate missing stacks… to say where it is now.",
                )
            )
            return
        self._loading.request(lambda: (sample.id, load_view(sample).prepared()))

    def take_as_shown(self, sample: "Sample") -> None:
        """Believe that what is shown is how `sample` is on disk: it was just written. Nothing if another is shown."""
        if sample.id == self.sample_id:
            self._shown = _identity(sample)

    def show_again(self) -> None:
        """Read the current sample anew."""
        self._shown = None
        self.show_sample(self._session.current)

    def show_before_voronoi(self, on: bool) -> None:
        """Show the cells before Voronoi in place of those after it, or the other way round; in the same colours."""
        view, sample = self.viewer.view, self._session.current
        if view is None or sample is None or sample.id != self.sample_id:
            return
        self.shows_before = on and BEFORE_VORONOI in view.extras
        if self.shows_before:
            self._want_cells(view, view.extras[BEFORE_VORONOI])
        elif sample.id == self.held:
            self._before.forget()
            self.awaits_cells = False
            self.cells_shown.emit()
        elif sample.labels is not None:
            self._want_cells(view, partial(_read_labels, sample.labels))
        self.before_changed.emit()

    def tear_down(self) -> None:
        """Let go of everything, before the window goes."""
        self._loading.forget()
        self._before.forget()
        self.viewer.tear_down()

    def _clear(self) -> None:
        """Show no stack, and wait for no cells of the one that was shown."""
        self._before.forget()
        self.shows_before = self.awaits_cells = False
        self.sample_id = None
        self.viewer.clear()

    def _show(self, answer: tuple[int, VolumeView]) -> None:
        self.shows_before = self.awaits_cells = False
        self.sample_id, view = answer
        self._layout.setCurrentWidget(self.viewer)
        self.viewer.show_volume(view)
        self.viewer.set_cell(self._session.cell)
        self._tell_panel()
        self.cells_shown.emit()

    def _want_cells(self, view: VolumeView, read: Callable[[], Array]) -> None:
        self.awaits_cells = True
        self._before.request(partial(_with_cells, view, read))

    def _show_cells(self, view: VolumeView) -> None:
        self.awaits_cells = False
        self.viewer.take_cells(view)
        self.before_changed.emit()

    def _say_no_cells(self, error: Exception) -> None:
        self.awaits_cells = False
        self._say_problem(error)

    def _tell_panel(self) -> None:
        self.layers_panel.show_view(self.viewer.view, self.viewer.display, self.viewer.sample)

    def _say(self, words: str) -> None:
        self._words.setText(words)
        self._layout.setCurrentWidget(self._words)

    def _say_problem(self, error: Exception) -> None:
        if not isinstance(error, UserError | MemoryError):
            raise error
        words = str(error) or "There is not enough memory for this stack. Close other programs or crop it."
        self._say(words)

    def _save_picture(self) -> None:
        from cartocell_app.desktop.viewer.saving import save_picture

        path = self._chosen("Save picture", "png", "Picture (*.png)")
        if path is not None:
            try:
                save_picture(self.viewer, path)
            except UserError as error:
                show_user_error(error, self)
            else:
                self.saved.emit(f"Saved {path}.")

    def _save_film(self) -> None:
        from cartocell_app.desktop.viewer.filming import FilmDialog, film_filter

        if self.viewer.volume.problem:
            show_user_error(UserError("There is no 3D view to film.", self.viewer.volume.problem), self)
            return
        filters, ending = film_filter()
        path = self._chosen("Save film", ending, filters)
        if path is not None:
            dialog = FilmDialog(self.viewer.volume, path, self)
            dialog.finished_film.connect(lambda: self.saved.emit(f"Saved {path}."))
            dialog.open()

    def _chosen(self, title: str, ending: str, filters: str) -> Path | None:
        view = self.viewer.view
        if view is None:
            return None
        folder = self._session.settings.last_folder or str(Path.home())
        chosen, _ = QFileDialog.getSaveFileName(self, title, str(Path(folder) / f"{view.name}.{ending}"), filters)
        if not chosen:
            return None
        path = Path(chosen)
        return path if path.suffix else path.with_suffix(f".{ending}")


def _identity(sample: "Sample") -> tuple[object, ...]:
    """What decides the picture of a sample: if it is the same, nothing needs to be read again."""
    stamp = sample.labels.stat().st_mtime_ns if sample.labels is not None and sample.labels.exists() else None
    reading = (sample.path, sample.missing, sample.scene, sample.channel, sample.time, sample.voxel_size)
    return (sample.id, *reading, sample.labels, stamp)


def _with_cells(view: VolumeView, read: Callable[[], Array]) -> VolumeView:
    """Read other cells of the same stack, in the same colours where those are enough; on a worker thread."""
    labels = read()
    known = int(labels.max(initial=0)) < len(view.colours)
    return view.with_labels(labels, view.colours if known else None).prepared()


def _read_labels(path: Path) -> Array:
    from cartocell_app.stacks.reading import read_labels

    return read_labels(path)[0]
