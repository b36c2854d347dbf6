"""The question whether files that are there already may be replaced."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtWidgets import QMessageBox, QWidget


def may_replace(paths: Iterable[Path], parent: QWidget) -> bool:
    """Whether files may be written; asks if some of them are there already.

    Parameters
    ----------
    paths : iterable of Path
        What is about to be written.
    parent : QWidget
        Over which the question is asked.
    """
    there = [path for path in paths if path.exists()]
    if not there:
        return True
    files = "1 file" if len(there) == 1 else f"{len(there)} files"
    box = QMessageBox(QMessageBox.Icon.Question, "Replace", f"{files} of that name will be replaced.", parent=parent)
    names = ", ".join(path.name for path in there)
    box.setInformativeText(f"In {there[0].parent}: {names}. What is in there now would be lost.")
    replace = box.addButton(f"&Replace {files}", QMessageBox.ButtonRole.DestructiveRole)
    keep = box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(keep)
    box.exec()
    return box.clickedButton() is replace
