"""Segmenting, for menus, keys and the palette."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from cartocell_app.desktop.actions import ActionInfo, needs_changeable_project
from cartocell_app.desktop.jobs.queue import JobQueue
from cartocell_app.desktop.session import Session

if TYPE_CHECKING:
    from cartocell_app.project.values import Sample


def to_segment(session: Session) -> list[Sample]:
    """Samples that a segmentation is for: the selected ones, else all that are to do, else the current one."""
    if session.project is None:
        return []
    samples = session.project.samples()
    chosen = set(session.selection) if len(session.selection) > 1 else set()
    if not chosen and session.current is not None and session.selection:
        chosen = {session.current.id}
    found = [sample for sample in samples if sample.id in chosen]
    return found or [sample for sample in samples if sample.state in ("to do", "failed")]


def needs_stacks(session: Session) -> str:
    """There must be something to segment."""
    reason = needs_changeable_project(session)
    if reason:
        return reason
    samples = to_segment(session)
    if not samples:
        return "All cysts are segmented. Select those that are to be segmented again."
    return "" if any(sample.state != "running" for sample in samples) else "They are being segmented."


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

        samples = [sample for sample in to_segment(session) if sample.state != "running"]
        dialog = SegmentDialog(samples, parent, session, queue)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    return [
        ActionInfo(
            "segment.samples", "&Segment cysts…", segment, "mdi6.hexagon-multiple-outline", "Ctrl+Return",
            "Find the cells of the selected cysts, or of all that are to do.", needs_stacks,
        ),
    ]  # fmt: skip
