"""Segmenting, for menus, keys and the palette."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from cartocell_app.desktop.actions import ActionInfo, needs_changeable_project
from cartocell_app.desktop.jobs.queue import JobQueue
from cartocell_app.desktop.session import Session

if TYPE_CHECKING:
    from cartocell_app.project.values import Sample


def selected_samples(session: Session) -> list[Sample]:
    """Samples that are selected in the list and are not being segmented."""
    samples = () if session.project is None else session.project.samples()
    chosen = set(session.selection)
    return [sample for sample in samples if sample.id in chosen and sample.state != "running"]


def samples_to_do(session: Session) -> list[Sample]:
    """Samples that have no cells yet; not fields, whose cysts are cut out first."""
    samples = () if session.project is None else session.project.samples()
    return [sample for sample in samples if sample.state in ("to do", "failed") and sample.role != "field"]


def needs_stacks(session: Session) -> str:
    """There must be something to segment."""
    reason = needs_changeable_project(session)
    if reason:
        return reason
    if selected_samples(session) or samples_to_do(session):
        return ""
    return "All cysts are segmented. Select those that are to be segmented again."


def actions(session: Session, queue: JobQueue, parent: QWidget) -> list[ActionInfo]:
    """Actions of segmenting.

    Parameters
    ----------
    session : Session
        Holds the project.
    queue : JobQueue
        Gets the segmentations.
    parent : QWidget
        Over which questions are asked.
    """

    def segment() -> None:
        from cartocell_app.desktop.importing.segment_dialog import SegmentDialog

        dialog = SegmentDialog(selected_samples(session), parent, session, queue, to_do=samples_to_do(session))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    return [
        ActionInfo(
            "segment.samples", "&Segment cysts…", segment, "mdi6.hexagon-multiple-outline", "Ctrl+Return",
            "Find the cells of the selected cysts, or of all that are to do.", needs_stacks,
        ),
    ]  # fmt: skip
