"""What is shown of a stack and how: picture, cells, 3D."""

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from cartocell_app.desktop.theme import MARGIN, SPACING
from cartocell_app.desktop.viewer.histogram import Histogram
from cartocell_app.desktop.viewer.view import (
    COLOUR_MAPS,
    RAW,
    VOLUME_METHODS,
    Array,
    Display,
    VolumeView,
    automatic_levels,
)

STYLES = {"fill": "Filled", "outlines": "Outlines"}
AXES = {0: "from above (z)", 1: "from the front (y)", 2: "from the left (x)"}
PERCENT = 100
MOST_CUT = 95
COMBO_LETTERS = 10


class LayersPanel(QWidget):
    """Controls of a `Display`; it holds no state of its own.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    display_changed = Signal(object)
    """She wants this `Display`."""

    picture_wanted = Signal()
    """Save what is seen as a picture."""

    film_wanted = Signal()
    """Save a film of the stack turning."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._display = Display()
        self._sample: Array | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        layout.setSpacing(MARGIN)
        for title, part in (("Picture", self._picture()), ("Cells", self._cells()), ("3D", self._volume())):
            heading = QLabel(title)
            heading.setProperty("role", "title")
            layout.addWidget(heading)
            layout.addLayout(part)
        layout.addLayout(self._saving())
        layout.addStretch(1)
        self.show_view(None, Display(), None)

    def show_view(self, view: VolumeView | None, display: Display, sample: Array | None) -> None:
        """Take another stack: its layers, its brightness (`sample`: some voxels of the layer shown)."""
        self._sample = sample
        with QSignalBlocker(self.layer):
            self.layer.clear()
            if view is not None:
                self.layer.addItems([*([RAW] if view.raw is not None else []), *view.extras])
        has_labels = view is not None and view.labels is not None
        for part in (
            self.show_cells,
            self.style_of_cells,
            self.opacity,
            self.surfaces,
            self.explode,
        ):
            part.setEnabled(has_labels)
        self.show_cells.setToolTip("" if has_labels else "This stack has no cells yet: segment it first.")
        self.setEnabled(view is not None)
        if sample is not None:
            self.histogram.show_picture(sample, display.levels)
        self.set_display(display)

    def set_display(self, display: Display) -> None:
        """Set all controls, without telling."""
        self._display = display
        values: list[tuple[QWidget, Any]] = [
            (self.layer, display.layer),
            (self.show_image, display.show_image),
            (self.colour_map, COLOUR_MAPS.index(display.colour_map)),
            (self.show_cells, display.show_cells),
            (self.style_of_cells, list(STYLES).index(display.cell_style)),
            (self.opacity, round(display.opacity * PERCENT)),
            (self.only_selected, display.only is not None),
            (self.volume, display.show_volume),
            (self.surfaces, display.show_surfaces),
            (self.method, list(VOLUME_METHODS).index(display.method)),
            (self.cut_axis, display.cut_axis),
            (self.cut, round(display.cut * PERCENT)),
            (self.explode, round(display.explode * PERCENT)),
        ]
        for widget, value in values:
            with QSignalBlocker(widget):
                _set(widget, value)
        self.histogram.set_levels(display.levels)
        self.method.setEnabled(display.show_volume)
        self.method.setToolTip("" if display.show_volume else "For the picture as a volume, which is not shown.")
        some_left_out = display.only is not None or bool(display.hidden)
        _enable(self.only_selected, display.cell > 0 or display.only is not None, "Click a cell first.")
        _enable(self.hide_selected, display.cell > 0, "Click a cell first.")
        _enable(self.show_all, some_left_out, "All cells are shown.")

    def _picture(self) -> QFormLayout:
        self.show_image = QCheckBox("Show the picture")
        self.layer = _combo([])
        self.layer.setToolTip("The raw stack, the network's maps, seeds: whatever there is of this sample.")
        self.colour_map = _combo([name.capitalize() for name in COLOUR_MAPS])
        self.histogram = Histogram()
        self.automatic = QPushButton("&Automatic brightness")
        self.automatic.setToolTip("Nearly all of the picture between black and white; a few hot pixels are left out.")
        self.show_image.toggled.connect(lambda on: self._want(show_image=on))
        self.layer.currentTextChanged.connect(lambda text: self._want(layer=text))
        self.colour_map.currentIndexChanged.connect(lambda place: self._want(colour_map=COLOUR_MAPS[place]))
        self.histogram.levels_changed.connect(lambda low, high: self._want(levels=(low, high)))
        self.automatic.clicked.connect(self._adjust)
        form = _form()
        form.addRow(self.show_image)
        form.addRow("&Layer", self.layer)
        form.addRow("C&olours", self.colour_map)
        form.addRow(self.histogram)
        form.addRow(self.automatic)
        return form

    def _cells(self) -> QFormLayout:
        self.show_cells = QCheckBox("Show the cells")
        self.style_of_cells = _combo(list(STYLES.values()))
        self.opacity = _slider(PERCENT, "Opacity of the cells")
        self.only_selected = QCheckBox("Only the selected cell")
        self.show_cells.toggled.connect(lambda on: self._want(show_cells=on))
        self.style_of_cells.currentIndexChanged.connect(lambda place: self._want(cell_style=list(STYLES)[place]))
        self.opacity.valueChanged.connect(lambda value: self._want(opacity=value / PERCENT))
        self.only_selected.toggled.connect(
            lambda on: self._want(only=frozenset({self._display.cell}) if on and self._display.cell else None)
        )
        self.hide_selected = QPushButton("&Hide cell")
        self.hide_selected.clicked.connect(
            lambda: self._want(hidden=self._display.hidden | frozenset({self._display.cell}))
        )
        self.show_all = QPushButton("Sho&w all cells")
        self.show_all.clicked.connect(lambda: self._want(only=None, hidden=frozenset()))
        form = _form()
        form.addRow(self.show_cells)
        form.addRow("&Drawn", self.style_of_cells)
        form.addRow("O&pacity", self.opacity)
        form.addRow(self.only_selected)
        form.addRow(_row(self.hide_selected, self.show_all))
        return form

    def _volume(self) -> QFormLayout:
        self.surfaces = QCheckBox("Cells as surfaces")
        self.volume = QCheckBox("Picture as a volume")
        self.method = _combo(list(VOLUME_METHODS.values()))
        self.cut_axis = _combo(list(AXES.values()))
        self.cut = _slider(MOST_CUT, "How much is cut away, to look inside")
        self.explode = _slider(PERCENT, "How far the cells are moved apart")
        self.note = QLabel()
        self.note.setProperty("role", "small")
        self.note.setWordWrap(True)
        self.note.hide()
        self.surfaces.toggled.connect(lambda on: self._want(show_surfaces=on))
        self.volume.toggled.connect(lambda on: self._want(show_volume=on))
        self.method.currentIndexChanged.connect(lambda place: self._want(method=list(VOLUME_METHODS)[place]))
        self.cut_axis.currentIndexChanged.connect(lambda place: self._want(cut_axis=place))
        self.cut.valueChanged.connect(lambda value: self._want(cut=value / PERCENT))
        self.explode.valueChanged.connect(lambda value: self._want(explode=value / PERCENT))
        form = _form()
        form.addRow(self.surfaces)
        form.addRow(self.volume)
        form.addRow("Volu&me", self.method)
        form.addRow("&Cut open", self.cut_axis)
        form.addRow("", self.cut)
        form.addRow("Move &apart", self.explode)
        form.addRow(self.note)
        return form

    def _saving(self) -> QHBoxLayout:
        picture = QPushButton("Save &picture…")
        picture.setToolTip("What is seen now, with scale bars (PNG).")
        picture.clicked.connect(self.picture_wanted)
        film = QPushButton("Save &film…")
        film.setToolTip("The 3D view turning once around (MP4 or GIF).")
        film.clicked.connect(self.film_wanted)
        return _row(picture, film)

    def say(self, note: str) -> None:
        """Say something about how 3D is drawn; empty for nothing."""
        self.note.setText(note)
        self.note.setVisible(bool(note))

    def _adjust(self) -> None:
        if self._sample is not None:
            self._want(levels=automatic_levels(self._sample))

    def _want(self, **values: Any) -> None:
        wanted = replace(self._display, **values)
        if wanted != self._display:
            self._display = wanted
            self.display_changed.emit(wanted)


def _form() -> QFormLayout:
    form = QFormLayout()
    form.setSpacing(SPACING)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
    return form


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(SPACING)
    for widget in widgets:
        row.addWidget(widget)
    return row


def _combo(words: list[str]) -> QComboBox:
    """A list of choices that may be narrower than its longest one."""
    combo = QComboBox()
    combo.addItems(words)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(COMBO_LETTERS)
    return combo


def _enable(widget: QWidget, on: bool, otherwise: str) -> None:
    """Let her use a control, or say why not."""
    widget.setEnabled(on)
    widget.setToolTip("" if on else otherwise)


def _slider(most: int, words: str) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(0, most)
    slider.setAccessibleName(words)
    slider.setToolTip(f"{words}.")
    return slider


def _set(widget: QWidget, value: Any) -> None:
    if isinstance(widget, QCheckBox):
        widget.setChecked(value)
    elif isinstance(widget, QSlider):
        widget.setValue(value)
    elif isinstance(widget, QComboBox) and isinstance(value, str):
        widget.setCurrentText(value)
    elif isinstance(widget, QComboBox):
        widget.setCurrentIndex(value)
