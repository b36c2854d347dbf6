"""A training while it runs, and after it was stopped: its curves, the time that is left, and what can be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from cartocell_app.desktop.jobs.queue import JobQueue
from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.theme import SPACING, set_role
from cartocell_app.desktop.training.chart import TrainingCharts
from cartocell_app.desktop.training.proposing import MODEL_OF
from cartocell_app.desktop.training.slices_view import SlicesView
from cartocell_app.desktop.training.starting import go_on, keep_best, option_of, was_ended_early
from cartocell_app.jobs.cost_words import time_in_words
from cartocell_app.presets import TRAINING_PRESETS

if TYPE_CHECKING:
    from cartocell_app.desktop.jobs.view import JobView
    from cartocell_app.project.values import Run

BUSY = ("queued", "running")
STOPPED = ("cancelled", "failed", "interrupted")
LAST_ROUNDS = 5
"""Whose time tells how long the others will take."""

DIVERGED_WORDS = (
    "The training ran away: its steps were too large, so each made it worse, and nothing of it is of use. Train again "
    "with smaller steps. If that happens again, look whether raw stacks and labels of your cysts belong together."
)
NO_ROUND = "The first round is not finished yet, so there is nothing to keep."


class TrainingProgress(QWidget):
    """One training.

    Parameters
    ----------
    queue : JobQueue
        Where it runs.
    parent : QWidget, optional
        Owner.
    """

    careful_wanted = Signal(object)
    """The training that diverged, to be tried again with smaller steps."""

    def __init__(self, queue: JobQueue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._queue = queue
        self.run: Run | None = None
        self.heading, self.words = paragraph("", "title"), paragraph("")
        self.bar = QProgressBar()
        self.bar.setAccessibleName("Rounds done")
        self.bar.setTextVisible(False)
        self.charts = TrainingCharts()
        self.slices = SlicesView()
        self.keep = QPushButton("&Stop and keep the best")
        self.pause = QPushButton("&Pause")
        self.resume = QPushButton("&Go on with the training")
        self.careful = QPushButton("Train again with smaller s&teps")
        self.keep.clicked.connect(self._keep)
        self.pause.clicked.connect(self._pause)
        self.resume.clicked.connect(self._resume)
        self.careful.clicked.connect(lambda: self.careful_wanted.emit(self.run))
        self.pause.setToolTip(
            "It ends after the step that it is at and frees the computer. It goes on from its last finished round, to "
            "the same model, whenever you like: also tomorrow, or after a restart."
        )
        self.resume.setToolTip("It goes on from its last finished round, with the cysts and settings that it had.")
        self.careful.setToolTip("It begins anew and learns more slowly, with the cysts that are ticked below.")
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACING)
        for button in (self.resume, self.pause, self.keep, self.careful):
            buttons.addWidget(button)
        buttons.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        for widget in (self.heading, self.words, self.bar, self.charts, self.slices):
            layout.addWidget(widget)
        layout.addLayout(buttons)

    def show_run(self, run: Run) -> None:
        """Show a training as it is now."""
        from cartocell_app.jobs.model_training import read_rounds, round_pictures

        self.run = run
        rounds, view = read_rounds(run.folder), self._queue.job(run.id)
        is_busy, ended_early = view.state in BUSY, was_ended_early(run)
        diverged = has_diverged(view)
        done, total = (rounds[-1]["epoch"], rounds[-1]["epochs"]) if rounds else (0, 0)
        self.heading.setText(_heading(MODEL_OF[run.phase or 2], view.state, len(rounds)))
        words = _words(view, rounds, ended_early)
        if view.state == "done" and not ended_early and done < total:
            words = f"{words} {_why_early(run, done, total)}"
        self.words.setText(words)
        set_role(self.words, "failed" if view.state == "failed" else "")
        self.bar.setVisible(is_busy)
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        self.charts.setVisible(bool(rounds))
        self.charts.show_rounds(rounds)
        self.slices.show_pictures(round_pictures(run.folder))
        self.pause.setVisible(is_busy)
        self.pause.setEnabled(not view.is_stopping)
        self.careful.setVisible(diverged)
        self.keep.setVisible(is_busy or (view.state in STOPPED and bool(rounds)))
        self.keep.setText("&Stop and keep the best" if is_busy else "&Keep the best so far")
        self.keep.setEnabled(bool(rounds) and not (is_busy and ended_early))
        self.keep.setToolTip(_why_keep(bool(rounds), is_busy and ended_early))
        can_go_on = view.state in STOPPED and not diverged
        self.resume.setVisible(can_go_on or (view.state == "done" and ended_early))

    def _keep(self) -> None:
        if self.run is not None:
            keep_best(self._queue, self.run)
            self.show_run(self.run)

    def _pause(self) -> None:
        if self.run is not None:
            self._queue.cancel(self.run.id)

    def _resume(self) -> None:
        if self.run is not None:
            go_on(self._queue, self.run)


def _heading(name: str, state: str, rounds: int) -> str:
    if state == "queued":
        return f"{name} waits until the job before it is done"
    if state == "running":
        return f"{name} is learning" if rounds else f"{name}: getting ready"
    if state in ("cancelled", "interrupted"):
        return f"The training of {name} is paused"
    return f"{name} is trained" if state == "done" else f"The training of {name} broke off"


def has_diverged(view: JobView) -> bool:
    """Whether a training ended because what it learnt made it worse and worse."""
    from cartocell_app.jobs.model_training import DIVERGED

    return view.state == "failed" and view.message.startswith(DIVERGED)


def _why_early(run: Run, done: int, total: int) -> str:
    """Why a training ended by itself before its last round."""
    (key,) = option_of(run, "--preset") or ("",)
    patience = next((preset.patience for preset in TRAINING_PRESETS if preset.key == key), None)
    rounds = "for long" if patience is None else f"for {patience} rounds"
    return (
        f"It ended by itself after {done} of {total} rounds: {rounds} it had seen the cysts that watch no better, and "
        "from then on it would only have learnt its examples by heart."
    )


def _words(view: JobView, rounds: Sequence[Mapping[str, Any]], ended_early: bool) -> str:
    """How far it is, in a sentence or two."""
    if view.state == "running" and view.is_stopping:
        return "Pausing after the step that it is at…"
    if view.state == "running" and ended_early:
        return "Ending the training and keeping its best round…"
    if view.state in BUSY and not rounds:
        stage = view.progress.stage
        return (
            f"{stage}. The curves begin after the first round." if stage else "The curves begin after the first round."
        )
    best = "" if not rounds else _best(rounds)
    if view.state in BUSY:
        last = rounds[-1]
        left_s = (last["epochs"] - last["epoch"]) * mean(row["seconds"] for row in rounds[-LAST_ROUNDS:])
        return f"Round {last['epoch']} of {last['epochs']}; {time_in_words(left_s)} left. {best}"
    if view.state == "done":
        return f"{best} It can be chosen wherever cysts are segmented."
    if has_diverged(view):
        return DIVERGED_WORDS
    if view.state == "failed":
        return f"{view.message} What was learnt until then is kept. {best}".strip()
    after = f"after round {rounds[-1]['epoch']} of {rounds[-1]['epochs']}" if rounds else "before its first round ended"
    said = "It was paused" if view.state == "cancelled" else f"{view.message} It stopped"
    place = "Going on begins with the round after that." if rounds else "Going on begins anew."
    return f"{said} {after}. {place} {best}".strip()


def _best(rounds: Sequence[Mapping[str, Any]]) -> str:
    best = min(rounds, key=lambda row: row["validation_loss"])
    return f"The best round is number {best['epoch']}: borders overlap by {best['iou_C']:.2f} of 1."


def _why_keep(has_rounds: bool, is_ending: bool) -> str:
    if is_ending:
        return "It is being ended already."
    return "End now; the best round so far becomes the model." if has_rounds else NO_ROUND
