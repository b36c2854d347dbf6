"""Everything that can be done, as data: menus, tool bars, shortcuts, the palette and the help page read it here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from cartocell_app.desktop.icons import icon
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.soon import soon


def always(session: Session) -> str:
    """Nothing is needed."""
    del session
    return ""


def needs_project(session: Session) -> str:
    """A project must be open."""
    return "" if session.project is not None else "Open or make a project first."


def needs_changeable_project(session: Session) -> str:
    """A project must be open, and not for reading only."""
    if session.project is None:
        return needs_project(session)
    return session.project.why_read_only


def needs_current(session: Session) -> str:
    """A sample must be looked at."""
    return "" if session.current is not None else "Choose a sample in the list first."


@dataclass(frozen=True)
class ActionInfo:
    """Something that can be done.

    Parameters
    ----------
    key : str
        Its name in `MENUS` and `TOOLBARS`: ``"sample.accept"``. What stands before the dot is its group on the
        help page.
    text : str
        What happens, with a mnemonic: ``"&Accept"``. Ends with … if it asks something first.
    run : callable
        Does it; called without arguments, or with the new state (bool) if it can be checked.
    icon : str
        Name of a Material Design icon: ``"mdi6.check"``; empty for none.
    shortcut : str or tuple of str
        Keys as Qt writes them: ``"Ctrl+O"``; several with the main one first.
    tooltip : str
        What it does in a sentence; the text by default.
    needs : callable
        Called with the session; returns why it cannot be done now in a sentence, or "" if it can.
    checked : callable or None
        For what is on or off: says whether it is on.
    page : str
        Keys of a panel are told here for the help page only, where the panel handles them itself: name of the panel.
    """

    key: str
    text: str
    run: Callable[..., object]
    icon: str = ""
    shortcut: str | tuple[str, ...] = ()
    tooltip: str = ""
    needs: Callable[[Session], str] = always
    checked: Callable[[], bool] | None = None
    page: str = ""

    @property
    def words(self) -> str:
        """The text without mnemonic and dots."""
        return self.text.replace("&&", "\0").replace("&", "").replace("\0", "&").rstrip("…")

    @property
    def shortcuts(self) -> tuple[str, ...]:
        """All its keys, the main one first."""
        return (self.shortcut,) if isinstance(self.shortcut, str) else self.shortcut


class Actions(QObject):
    """All that can be done in a window; makes one `QAction` each and keeps it enabled or not, saying why.

    Parameters
    ----------
    session : Session
        Whose changes decide what can be done.
    window : QWidget
        Where the shortcuts work.
    """

    def __init__(self, session: Session, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._window = window
        self._infos: dict[str, ActionInfo] = {}
        self._actions: dict[str, QAction] = {}
        self._soon = soon(self, self.refresh)
        for changed in (
            session.project_changed,
            session.samples_changed,
            session.runs_changed,
            session.current_changed,
            session.selection_changed,
            session.cell_changed,
            session.settings_changed,
        ):
            changed.connect(self.refresh_soon)

    def add(self, infos: Iterable[ActionInfo]) -> None:
        """Make actions out of `infos`; keys must be new."""
        for info in infos:
            if info.key in self._infos:
                raise ValueError(f"there are two actions {info.key}")
            self._infos[info.key] = info
            if not info.page:
                self._actions[info.key] = self._made(info)
        self.refresh()

    def infos(self) -> list[ActionInfo]:
        """Everything that can be done, in the order in which it was added."""
        return list(self._infos.values())

    def has(self, key: str) -> bool:
        """Whether there is an action of that key; those of panels come once the panels are loaded."""
        return key in self._actions

    def info(self, key: str) -> ActionInfo:
        """What is known of an action."""
        return self._infos[key]

    def action(self, key: str) -> QAction:
        """The Qt action of that key, for menus, tool bars and buttons."""
        return self._actions[key]

    def reason(self, key: str) -> str:
        """Why it cannot be done now; empty if it can."""
        return self._infos[key].needs(self._session)

    def refresh_soon(self) -> None:
        """Look again at what can be done, once the window has nothing else to do."""
        self._soon.start()

    def refresh(self) -> None:
        """Look at what can be done now, and say in the tooltips why other things cannot."""
        for key, action in self._actions.items():
            info = self._infos[key]
            reason = info.needs(self._session)
            action.setEnabled(not reason)
            action.setToolTip(_tooltip(info, reason))
            action.setStatusTip(reason)
            if info.checked is not None:
                action.setChecked(info.checked())

    def _made(self, info: ActionInfo) -> QAction:
        action = QAction(info.text, self._window)
        action.setObjectName(info.key)
        if info.icon:
            action.setIcon(icon(info.icon))
        action.setShortcuts([QKeySequence(keys) for keys in info.shortcuts])
        if info.checked is not None:
            action.setCheckable(True)
            # Not `toggled`: setting the tick in `refresh` is no wish of the user's.
            action.triggered.connect(lambda on: info.run(on))
        else:
            action.triggered.connect(lambda: info.run())
        self._window.addAction(action)
        return action


def keys_in_words(shortcut: str) -> str:
    """A shortcut as this system writes it: ``Ctrl+K``, or ``⌘K`` on a Mac."""
    return QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText)


def _tooltip(info: ActionInfo, reason: str) -> str:
    words = info.tooltip or info.words
    if reason:
        return f"{words.rstrip('.')}. {reason}"
    return f"{words} ({keys_in_words(info.shortcuts[0])})" if info.shortcuts else words
