"""Answers to what message boxes ask."""

from PySide6.QtWidgets import QMessageBox


def answered(monkeypatch, word):
    """What the boxes that ask say from now on; their button with `word` is clicked."""
    asked = []

    def answer(box):
        asked.append((box.text(), box.informativeText()))
        return 0

    monkeypatch.setattr(QMessageBox, "exec", answer)
    monkeypatch.setattr(
        QMessageBox, "clickedButton", lambda box: next(one for one in box.buttons() if word in one.text())
    )
    return asked
