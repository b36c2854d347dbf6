"""One picture of a segmented stack: three orthogonal slices, raw beside cells."""

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import fastremap
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from cartocell_app.segmentation.boxes import neighbour_pairs
from cartocell_app.segmentation.colours import label_colours
from cartocell_app.stacks.files import whole_file
from cartocell_app.stacks.voxel_size import VoxelSize

BLOCK_PX = 760
"""Greatest width and height of the three slices together."""
NARROWEST_PX = 900
"""Least width of the picture: the title needs room."""
MARGIN_PX, GAP_PX, CAPTION_PX, HEADER_PX = 28, 12, 26, 92

BACKGROUND, TEXT, FAINT_TEXT, OUTLINE = (14, 15, 18), (238, 239, 242), (156, 160, 170), (10, 10, 10)
RAW_SHARE = 0.3
"""How much of the raw picture shines through the colours of the cells."""
DARKEST_PERCENTILE, BRIGHTEST_PERCENTILE = 1.0, 99.7
SAMPLED_VOXELS_PER_AXIS = 128
