import logging
import sys
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication, QMainWindow
from pytestqt.qtbot import QtBot

from cartocell_app.desktop.errors import ErrorReporter, log_path, start_log
from cartocell_app.desktop.log_page import LogPage
from cartocell_app.desktop.messages import Message
from cartocell_app.errors import UserError


@pytest.fixture
def window(qtbot: QtBot) -> QMainWindow:
    window = QMainWindow()
    qtbot.addWidget(window)
    window.show()
    return window


@pytest.fixture
def reporter(window: QMainWindow) -> ErrorReporter:
    return ErrorReporter(window)


@pytest.fixture
def log_file() -> Iterator[None]:
    handler = start_log()
    yield
    logging.getLogger().removeHandler(handler)
    handler.close()


def messages(window: QMainWindow) -> list[Message]:
    return window.findChildren(Message)


def report(reporter: ErrorReporter, error: Exception) -> None:
    try:
        raise error
    except type(error):
        reporter.report(*sys.exc_info())


def test_a_bug_is_shown_in_words_with_details_behind_a_button_and_the_window_lives_on(
    reporter: ErrorReporter, window: QMainWindow, qtbot: QtBot
) -> None:
    report(reporter, ZeroDivisionError("a slip of ours"))
    qtbot.waitUntil(lambda: len(messages(window)) == 1)
    (message,) = messages(window)
    assert message.details.isHidden()
    message.show_details.click()
    assert "ZeroDivisionError: a slip of ours" in message.details.toPlainText()
    assert "test_errors.py" in message.details.toPlainText()
    message.accept()
    qtbot.waitUntil(lambda: not messages(window))
    assert window.isVisible()


def test_a_mistake_of_the_user_is_shown_in_its_own_words_without_details(
    reporter: ErrorReporter, window: QMainWindow, qtbot: QtBot
) -> None:
    report(reporter, UserError("a.tif is 2D.", "CartoCell needs a stack with several slices."))
    qtbot.waitUntil(lambda: len(messages(window)) == 1)
    (message,) = messages(window)
    assert message.details.toPlainText() == ""
    assert not hasattr(message, "show_details")
    message.accept()


def test_a_storm_of_errors_shows_one_message(reporter: ErrorReporter, window: QMainWindow, qtbot: QtBot) -> None:
    for number in range(20):
        report(reporter, ValueError(str(number)))
    qtbot.waitUntil(lambda: len(messages(window)) > 0)
    qtbot.wait(20)
    (message,) = messages(window)
    message.accept()


def test_errors_of_other_threads_are_shown_on_the_windows(
    reporter: ErrorReporter, window: QMainWindow, qtbot: QtBot
) -> None:
    worker = threading.Thread(target=lambda: report(reporter, ValueError("elsewhere")))
    worker.start()
    worker.join()
    qtbot.waitUntil(lambda: len(messages(window)) == 1)
    messages(window)[0].accept()


def test_details_can_be_copied(reporter: ErrorReporter, window: QMainWindow, qtbot: QtBot) -> None:
    report(reporter, ValueError("to be copied"))
    qtbot.waitUntil(lambda: len(messages(window)) == 1)
    (message,) = messages(window)
    copy = next(button for button in message.buttons.buttons() if "Copy" in button.text())
    copy.click()
    assert "ValueError: to be copied" in QApplication.clipboard().text()
    message.accept()


@pytest.mark.usefixtures("log_file")
def test_bugs_go_to_the_log_and_the_log_can_be_read(reporter: ErrorReporter, window: QMainWindow, qtbot: QtBot) -> None:
    report(reporter, ValueError("for the log"))
    qtbot.waitUntil(lambda: len(messages(window)) == 1)
    messages(window)[0].accept()
    assert "ValueError: for the log" in log_path().read_text()
    page = LogPage(window)
    assert "ValueError: for the log" in page.text.toPlainText()
    page.close()


def test_an_empty_log_says_so(window: QMainWindow, qtbot: QtBot) -> None:
    page = LogPage()
    qtbot.addWidget(page)
    assert page.text.toPlainText() == ""
    assert page.text.placeholderText() == "Nothing went wrong so far."
