"""Pictures of the guide and the README, made of those of the window and of the sample cyst: `make screenshots`."""

import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

FOLDER = Path(__file__).parents[2] / "resources" / "guide" / "images"
OF_THE_WINDOW = {
    "welcome": "welcome-light-1000",
    "segment": "segment-light",
    "window": "samples-light-1440",
    "import": "import-light",
    "batch": "batch-light-1440",
    "phase-1": "phase-1-light-1440",
    "correcting": "correcting-light-1440",
    "phase-2": "phase-2-light-1000",
    "phase-2-trained": "phase-2-trained-light-1000",
    "field": "field-light-1000",
    "gallery": "gallery-light-1000",
    "phase-4": "phase-4-compared-light-1000",
    "phase-5": "phase-5-light-1000",
}
"""Pictures of the window that the guide shows, by the name that it calls them."""

IN_3D = "samples-dark-1440", (724, 146, 1136, 458)
"""Picture of the window, and where in it the cyst is seen in 3D."""

SIDE_PX = 236
GAP_PX = 6
WORDS_PX = 26
GROUND = "#0b0d0f"
TITLES = ("raw", "interior, contour, tissue", "cells that touch", "in 3D")


def put_into_guide(screenshots: Path) -> None:
    """Copy the pictures that the guide shows to it, and draw ``cyst.png``."""
    for name, source in OF_THE_WINDOW.items():
        shutil.copy(screenshots / f"{source}.png", FOLDER / f"{name}.png")
    name, box = IN_3D
    draw_cyst(Image.open(screenshots / f"{name}.png").convert("RGB").crop(box), FOLDER / "cyst.png")


def draw_cyst(in_3d: Image.Image, path: Path) -> None:
    """Draw the sample cyst on its way from raw to cells; `in_3d` is a picture of its 3D view."""
    tiles = [*(_tile(Image.fromarray(one)) for one in _slices()), _as_high(in_3d)]
    width = sum(tile.width + GAP_PX for tile in tiles) - GAP_PX
    whole = Image.new("RGB", (width, SIDE_PX + WORDS_PX), GROUND)
    draw = ImageDraw.Draw(whole)
    left = 0
    for tile, title in zip(tiles, TITLES, strict=True):
        whole.paste(tile, (left, 0))
        middle = left + tile.width / 2, SIDE_PX + WORDS_PX / 2
        draw.text(middle, title, "#e6e9ec", ImageFont.load_default(13), "mm")
        left += tile.width + GAP_PX
    whole.save(path, optimize=True)


def _slices() -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    from cartocell_app.models import find_model
    from cartocell_app.progress import never, silent
    from cartocell_app.resources import SAMPLE_STACK
    from cartocell_app.segmentation.colours import label_colours
    from cartocell_app.segmentation.network import Network
    from cartocell_app.segmentation.pipeline import segment_stack
    from cartocell_app.segmentation.settings import PROFILES
    from cartocell_app.stacks.reading import read
    from cartocell_app.stacks.resampling import resample_maps

    stack = read(SAMPLE_STACK)
    network = Network.open(find_model("auto"), "cpu")
    found = segment_stack(stack, network, PROFILES[network.card.profile], silent, never)
    middle = stack.shape[0] // 2
    dark, bright = np.percentile(stack.data[middle], (50, 99.8))
    grey = np.clip(255 * (stack.data[middle] - dark) / (bright - dark), 0, 255).astype(np.uint8)
    maps = np.moveaxis(resample_maps(found.maps, stack.shape)[:, middle], 0, -1)
    cells = label_colours(found.labels)[found.labels[middle]]
    return np.stack([grey] * 3, -1), (255 * maps).astype(np.uint8), cells


def _tile(picture: Image.Image) -> Image.Image:
    """`picture` (pixels as in the stack) in a square."""
    scale = SIDE_PX / max(picture.size)
    size = (round(picture.width * scale), round(picture.height * scale))
    tile = Image.new("RGB", (SIDE_PX, SIDE_PX), GROUND)
    tile.paste(picture.resize(size, Image.Resampling.NEAREST), ((SIDE_PX - size[0]) // 2, (SIDE_PX - size[1]) // 2))
    return tile


def _as_high(picture: Image.Image) -> Image.Image:
    """`picture` as high as the others."""
    return picture.resize((round(picture.width * SIDE_PX / picture.height), SIDE_PX), Image.Resampling.LANCZOS)
