"""What is marked on a page is what keys and commands of the window are for, while that page is shown."""

from __future__ import annotations

from collections.abc import Iterable

from cartocell_app.desktop.session import Session


class PageSelection:
    """Makes the samples that are marked on a page the session's selection, and gives the list's back later.

    Parameters
    ----------
    session : Session
        Whose selection it sets.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._marked: tuple[int, ...] = ()
        self._before: tuple[int, ...] = ()
        self._current_before: int | None = None

    def mark(self, sample_ids: Iterable[int]) -> None:
        """Say which samples are marked on the page; without any, what is selected in the list counts again."""
        marked = tuple(sample_ids)
        if marked == self._marked:
            return  # so that what was selected in the list since stays
        if not marked:
            self.let_go()
            return
        if not self._is_ours:
            self._before, self._current_before = self._session.selection, self._current
        self._marked = marked
        self._session.set_selection(marked)

    def let_go(self) -> None:
        """The page is left: what is selected in the list counts again."""
        if self._is_ours:
            self._session.set_selection(self._of_list())
        self._marked = ()

    @property
    def _is_ours(self) -> bool:
        return bool(self._marked) and self._session.selection == self._marked

    @property
    def _current(self) -> int | None:
        return None if self._session.current is None else self._session.current.id

    def _of_list(self) -> tuple[int, ...]:
        current, project = self._current, self._session.project
        if current is not None and current != self._current_before:
            return (current,)  # the list selects what another panel makes current
        there = set() if project is None else {sample.id for sample in project.samples()}
        return tuple(number for number in self._before if number in there)
