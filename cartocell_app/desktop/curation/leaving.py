"""Asks what becomes of corrections that are not saved, before another sample is shown or the window goes."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMessageBox, QPushButton, QWidget

from cartocell_app.desktop.curation.corrector import Corrector
from cartocell_app.desktop.session import Session


class Leaving(QObject):
    """Stands between unsaved corrections and whatever would take their sample away.

    Parameters
    ----------
    session : Session
        Asks it before it looks at another sample.
    corrector : Corrector
        Holds the corrections.
    window : QWidget
        Over which is asked.
    """

    def __init__(self, session: Session, corrector: Corrector, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._corrector = corrector
        self._window = window
        self._box: QMessageBox | None = None
        session.may_leave = self._may_look_at

    def may_close(self) -> bool:
        """Whether the sample may be let go for good; asks, waits for the answer and saves if that is it."""
        self._corrector.wait_until_saved()
        if not self._corrector.is_changed:
            return True
        box, save, away = self._question()
        box.exec()
        if box.clickedButton() is save:
            self._corrector.save_now()
        elif box.clickedButton() is away:
            self._corrector.throw_away()
        return not self._corrector.is_changed

    def tear_down(self) -> None:
        """Ask no more."""
        self._session.may_leave = None

    def _may_look_at(self, sample_id: int | None) -> bool:
        """Whether another sample may be shown at once; else asks, and shows it after the answer."""
        if not self._corrector.is_changed:
            return True
        if self._corrector.is_saving:
            # They were saved by word already: there is nothing to ask.
            self._corrector.save(then=lambda: self._session.set_current(sample_id))
        elif self._box is None:
            self._box, save, away = self._question()

            def answered() -> None:
                clicked, self._box = box.clickedButton(), None
                if clicked is save:
                    self._corrector.save(then=lambda: self._session.set_current(sample_id))
                elif clicked is away:
                    self._corrector.throw_away()
                    self._session.set_current(sample_id)
                box.deleteLater()

            box = self._box
            box.finished.connect(answered)
            box.open()
        return False

    def _question(self) -> tuple[QMessageBox, QPushButton, QPushButton]:
        sample = self._session.current
        name = "this sample" if sample is None else sample.name
        words = f"Save the corrected cells of {name}?"
        box = QMessageBox(QMessageBox.Icon.Question, "Corrections are not saved", words, parent=self._window)
        box.setInformativeText("Saving makes a new version; the version before is kept.")
        save = box.addButton("&Save", QMessageBox.ButtonRole.AcceptRole)
        away = box.addButton("&Throw corrections away", QMessageBox.ButtonRole.DestructiveRole)
        box.addButton("&Keep correcting", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(save)
        return box, save, away
