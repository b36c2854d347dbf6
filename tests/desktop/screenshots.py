"""Pictures of the window in all its states: `make screenshots`. Look at them after each change of the window.

They go to ``tests/desktop/screenshots/``, in both themes and two sizes, with few colours so that they stay small.
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from few_colours import with_few_colours
from guide_pictures import put_into_guide
from pictured_project import make_project
from PIL import Image
from PySide6.QtCore import QCoreApplication, QEvent, QPoint
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from pyvirtualdisplay import Display
from scenes_failed import phase_3_failed, phase_3_full_disk, phase_5_failed, phase_5_wrong_model
from scenes_phase_1 import correcting, phase_1, phase_1_remedy, versions
from scenes_phase_3 import field, gallery
from scenes_phase_5 import phase_5, phase_5_empty
from scenes_phases_2_4 import training

FOLDER = Path(__file__).parent / "screenshots"
SIZES = ((1440, 900), (1000, 700))
THEMES = ("light", "dark")
LONGEST_S = 60.0

Scene = Callable[["Studio"], QWidget]


class Studio:
    """A window with a project in it, and a camera.

    Parameters
    ----------
    folder : Path
        For the project and what belongs to it.
    """

    def __init__(self, folder: Path) -> None:
        from cartocell_app.desktop import project_commands
        from cartocell_app.desktop.main_window import MainWindow
        from cartocell_app.desktop.session import Session

        project_commands.usual_folder = lambda: Path("/home/ada/Documents/CartoCell")
        self.folder = folder
        self.app = QApplication([])
        self.session = Session()
        self.window = MainWindow(self.session)
        self.window.move(0, 0)
        self.window.show()
        self.project = make_project(folder / "MDCK hypoxia.cartocell")
        self.settle(lambda: "Trying" not in self.window.status.device.text())

    def settle(self, until: Callable[[], bool] = lambda: True) -> None:
        """Let the window do all that it has to do."""
        end_s = time.monotonic() + LONGEST_S
        quiet = 0
        while quiet < 30:
            self.app.processEvents()
            time.sleep(0.01)
            quiet = quiet + 1 if until() and not self.is_busy() else 0
            if time.monotonic() > end_s:
                raise TimeoutError("the window did not come to rest")

    def is_busy(self) -> bool:
        """Whether something is still to be drawn."""
        panels = self.window.panels
        costs = self.window.centre.phase.costs
        return panels is not None and (panels.viewer.is_busy or panels.phase3.fields.is_busy or costs.is_busy)

    def take(self, name: str, widget: QWidget) -> None:
        """Photograph `widget`, or the whole window if it is not one by itself, and put the picture away."""
        window = widget.window()
        place = window.mapToGlobal(QPoint(0, 0))
        screen = QGuiApplication.primaryScreen()
        # From the screen, since what OpenGL draws is in no widget's own picture.
        picture = screen.grabWindow(0, place.x(), place.y(), window.width(), window.height())
        path = FOLDER / f"{name}.png"
        picture.save(str(path))
        with_few_colours(Image.open(path)).save(path, optimize=True)


def welcome(studio: Studio) -> QWidget:
    """First start."""
    studio.session.close_project()
    return studio.window


def with_project(studio: Studio) -> None:
    """Open the project, if another scene closed it or opened another one."""
    studio.session.open_project(studio.folder / "MDCK hypoxia.cartocell")
    studio.window.show_samples()


def samples(studio: Studio) -> QWidget:
    """A segmented cyst."""
    with_project(studio)
    studio.window.samples.go_to(4)
    studio.window.docks.by_name["results"].raise_()
    return studio.window


def layers(studio: Studio) -> QWidget:
    """The same with the panel of layers."""
    samples(studio)
    studio.window.docks.by_name["layers"].raise_()
    return studio.window


def phase(studio: Studio) -> QWidget:
    """Page of a phase."""
    with_project(studio)
    studio.window.show_phase(3)
    return studio.window


def batch(studio: Studio) -> QWidget:
    """All cysts together."""
    with_project(studio)
    studio.window.centre.show_page("batch")
    return studio.window


def palette(studio: Studio) -> QWidget:
    """Ctrl+K with a few letters typed."""
    from cartocell_app.desktop.palette import Palette

    with_project(studio)
    studio.window.commands.show_palette()
    (shown,) = studio.window.findChildren(Palette)
    shown.search.setText("sa")
    return studio.window


def page(name: str) -> Scene:
    """One of the pages of help."""

    def show(studio: Studio) -> QWidget:
        studio.window.commands.show_page(name)
        return studio.window.commands._pages[name]

    return show


def new_project(studio: Studio) -> QWidget:
    """Dialog for a new project."""
    from cartocell_app.desktop.new_project import NewProjectDialog

    return _shown(NewProjectDialog(Path("/home/ada/Documents/CartoCell"), "MDCK hypoxia", parent=studio.window))


def voxel_size(studio: Studio) -> QWidget:
    """Dialog for the voxel size."""
    from cartocell_app.desktop.voxel_dialog import VoxelDialog

    with_project(studio)
    return _shown(VoxelDialog(studio.session, studio.session.project.samples()[:1], studio.window))


def importing(studio: Studio) -> QWidget:
    """What was found in a folder, among it something that cannot be used."""
    from cartocell_app.desktop.importing.import_dialog import ImportDialog

    with_project(studio)
    folder = studio.folder / "new stacks"
    folder.mkdir(exist_ok=True)
    for sample in studio.session.project.samples()[:4]:
        shutil.copy(sample.path, folder)
    (folder / "broken.tif").write_bytes(b"II*\0 nothing")
    dialog = ImportDialog(sorted(folder.iterdir()), studio.window, studio.session)
    dialog.open()
    studio.settle(lambda: dialog.model.rowCount() == len(list(folder.iterdir())))
    return dialog


def segmenting(studio: Studio) -> QWidget:
    """The one confirmation before segmenting."""
    from cartocell_app.desktop.importing.segment_dialog import SegmentDialog

    with_project(studio)
    samples = [sample for sample in studio.session.project.samples() if sample.state == "to do"]
    queue = studio.window.load_panels().queue
    dialog = SegmentDialog(samples, studio.window, studio.session, queue)
    studio.settle(lambda: dialog.form.expected() is not None)
    return _shown(dialog)


def mistake(studio: Studio) -> QWidget:
    """A file that cannot be used."""
    from cartocell_app.desktop.messages import show_user_error
    from cartocell_app.errors import UserError

    error = UserError("7d.4C.8_2.tif is 2D.", "CartoCell needs a stack with several slices.")
    return show_user_error(error, studio.window)


def _shown(dialog: QDialog) -> QDialog:
    dialog.open()
    return dialog


SCENES: dict[str, Scene] = {
    "welcome": welcome,
    "samples": samples,
    "layers": layers,
    "phase": phase,
    "phase-1": phase_1,
    "phase-1-remedy": phase_1_remedy,
    "correcting": correcting,
    "versions": versions,
    "phase-2": training(2, ended=False, scrolled=0.5),
    "phase-2-paused": training(2, ended=False, stopped="paused"),
    "phase-2-ran-away": training(2, ended=False, stopped="ran away"),
    "phase-2-trained": training(2, scrolled=0.2),
    "phase-4-compared": training(4, scrolled=0.35),
    "field": field,
    "gallery": gallery,
    "phase-5-empty": phase_5_empty,
    "phase-5": phase_5,
    "phase-3-failed": phase_3_failed,
    "phase-3-full-disk": phase_3_full_disk,
    "phase-5-failed": phase_5_failed,
    "phase-5-wrong-model": phase_5_wrong_model,
    "batch": batch,
    "palette": palette,
    "keys": page("keys"),
    "device": page("device"),
    "about": page("about"),
    "new-project": new_project,
    "voxel-size": voxel_size,
    "import": importing,
    "segment": segmenting,
    "mistake": mistake,
}
WHOLE_WINDOW = (
    "welcome",
    "samples",
    "layers",
    "phase",
    "phase-1",
    "phase-1-remedy",
    "correcting",
    "phase-2",
    "phase-2-paused",
    "phase-2-ran-away",
    "phase-2-trained",
    "phase-4-compared",
    "field",
    "gallery",
    "phase-5-empty",
    "phase-5",
    "phase-3-failed",
    "phase-3-full-disk",
    "phase-5-failed",
    "phase-5-wrong-model",
    "batch",
    "palette",
)
"""Scenes that fill the window, and so are taken in both sizes."""


def take_all(wanted: list[str]) -> None:
    """Take the pictures of the scenes `wanted`, of all if none is named."""
    from cartocell_app.desktop.theme import apply_theme
    from cartocell_app.desktop.workers import wait_for_workers

    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CARTOCELL_SETTINGS"] = str(Path(folder) / "settings")
        studio = Studio(Path(folder))
        studio.project.close()
        for theme in THEMES:
            apply_theme(studio.app, theme)
            for name in wanted or SCENES:
                for width, height in SIZES if name in WHOLE_WINDOW else SIZES[:1]:
                    studio.window.resize(width, height)
                    shown = SCENES[name](studio)
                    studio.settle(lambda: name != "device" or bool(shown.text))  # noqa: B023 - used at once
                    suffix = f"-{width}" if name in WHOLE_WINDOW else ""
                    studio.take(f"{name}-{theme}{suffix}", shown)
                    for dialog in studio.window.findChildren(QDialog):
                        dialog.close()
                    panels = studio.window.panels
                    if panels is not None and panels.corrector.is_changed:
                        # Nobody is there to be asked whether to save them.
                        panels.corrector.throw_away()
                    # No event loop runs here that would do it.
                    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        studio.window.close()
        wait_for_workers()
        # Before the screen goes: Qt ends the program with a fault when it loses its screen.
        studio.app.shutdown()


if __name__ == "__main__":
    with Display(visible=False, size=SIZES[0]):
        take_all(sys.argv[1:])
    put_into_guide(FOLDER)
