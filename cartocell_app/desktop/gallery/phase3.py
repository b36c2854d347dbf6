"""Phase 3 in the window: its panel, the page of fields and the gallery, connected with each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from cartocell_app.desktop.actions import ActionInfo, needs_project
from cartocell_app.desktop.fields import keys as fields_keys
from cartocell_app.desktop.fields.keeper import CystKeeper
from cartocell_app.desktop.fields.page import FieldsPage
from cartocell_app.desktop.gallery import bar as gallery_bar
from cartocell_app.desktop.gallery.page import Gallery
from cartocell_app.desktop.gallery.phase_panel import LabellingPanel
from cartocell_app.desktop.importing.segmenting import cysts_in_words
from cartocell_app.desktop.jobs.queue import JobQueue

if TYPE_CHECKING:
    from cartocell_app.desktop.main_window import MainWindow

PHASE = 3

WIDE_PAGES = ("phase", "fields", "gallery")
"""Pages that need the room of the panels that belong to one sample."""


class Phase3(QObject):
    """Makes the parts of phase 3 and puts them into the window.

    Parameters
    ----------
    window : MainWindow
        Whose places they fill.
    queue : JobQueue
        Gets the cutting and the labelling.
    """

    def __init__(self, window: MainWindow, queue: JobQueue) -> None:
        super().__init__(window)
        self._window = window
        session, centre = window.session, window.centre
        self.panel = LabellingPanel(session, queue)
        self.fields, self.gallery = FieldsPage(session, queue), Gallery(session, window.samples.edits)
        self.keeper = CystKeeper(session, self)
        centre.fill("fields", self.fields)
        centre.fill("gallery", self.gallery)
        centre.page_changed.connect(
            lambda page: window.docks.make_room() if page in WIDE_PAGES else window.docks.give_back()
        )
        self.panel.fields.field_wanted.connect(self.show_field)
        self.panel.gallery_wanted.connect(self.show_gallery)
        for page in (self.fields, self.gallery):
            page.closed.connect(lambda: window.show_phase(PHASE))
        self.gallery.opened.connect(self._open)
        self.keeper.cysts_taken.connect(
            lambda count: window.status.say(f"{cysts_in_words(count)} cut out; M1 can label them.")
        )
        window.actions_.add(self._actions())
        window.actions_.add([*fields_keys.help_on_keys(self.fields), *gallery_bar.help_on_keys()])

    def show_field(self, sample_id: int) -> None:
        """Show a field, to have its cysts found and cut out."""
        self._window.centre.show_page("fields")
        self._window.stepper.show_open(PHASE)
        self.fields.show_field(sample_id)

    def show_gallery(self) -> None:
        """Show the labelled cysts."""
        self._window.centre.show_page("gallery")
        self._window.stepper.show_open(PHASE)

    def _toggle_gallery(self) -> None:
        if self._window.page == "gallery":
            self._window.show_samples()
        else:
            self.show_gallery()

    def _actions(self) -> list[ActionInfo]:
        return [
            ActionInfo(
                "view.gallery", "&Gallery of labelled cysts", lambda _: self._toggle_gallery(),
                "mdi6.view-grid-outline", "Ctrl+6",
                "Look through the labelled low-resolution cysts, the most doubtful first.", needs_project,
                checked=lambda: self._window.page == "gallery",
            ),
        ]  # fmt: skip

    def _open(self, sample_id: int) -> None:
        self._window.session.set_current(sample_id)
        self._window.show_samples()
