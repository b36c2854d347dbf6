import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from cartocell_app.desktop.icons import icon
from cartocell_app.desktop.theme import apply_theme, colour, is_dark, set_role, themes


def contrast(first: QColor, second: QColor) -> float:
    """Contrast of two colours as WCAG 2 defines it: 1 to 21."""

    def luminance(of: QColor) -> float:
        parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in of.getRgbF()[:3]]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("choice", ["light", "dark"])
def test_words_are_readable_on_every_ground(qapp: QApplication, choice: str) -> None:
    apply_theme(qapp, choice)
    roles = ("text", "muted", "accent", "doubt", "failed", "accepted", "link")
    pairs = {(role, ground): contrast(colour(role), colour(ground)) for role in roles for ground in ("window", "base")}
    assert min(pairs.values()) >= 4.5, pairs


@pytest.mark.parametrize("choice", ["light", "dark"])
def test_words_on_the_accent_and_on_selections_are_readable(qapp: QApplication, choice: str) -> None:
    apply_theme(qapp, choice)
    assert contrast(colour("on-accent"), colour("accent")) >= 4.5
    assert contrast(colour("text"), colour("selection")) >= 4.5
    assert contrast(colour("tooltip-text"), colour("tooltip")) >= 4.5


def test_a_forced_theme_is_told_and_sets_the_palette(qapp: QApplication, qtbot: QtBot) -> None:
    with qtbot.waitSignal(themes.changed) as told:
        apply_theme(qapp, "dark")
    assert told.args == [True]
    assert is_dark()
    assert qapp.palette().color(QPalette.ColorRole.Window) == colour("window")


def test_an_icon_made_in_the_light_theme_is_right_in_the_dark_one(qapp: QApplication) -> None:
    check = icon("mdi6.check-bold", "accepted")

    def ink() -> QColor:
        image = check.pixmap(QSize(48, 48)).toImage()
        solid = [image.pixelColor(x, y) for x in range(48) for y in range(48) if image.pixelColor(x, y).alpha() == 255]
        assert solid
        return solid[0]

    assert ink() == colour("accepted")
    apply_theme(qapp, "dark")
    assert ink() == colour("accepted")


def test_a_role_can_change_while_a_label_is_shown(qtbot: QtBot) -> None:
    label = QLabel("3 doubts")
    qtbot.addWidget(label)
    label.show()
    set_role(label, "doubt")
    assert label.palette().color(QPalette.ColorRole.WindowText) == colour("doubt")
    set_role(label, "accepted")
    assert label.palette().color(QPalette.ColorRole.WindowText) == colour("accepted")
