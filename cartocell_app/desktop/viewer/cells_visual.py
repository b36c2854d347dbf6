"""All cells of a stack as one thing that vispy draws in one call; the graphics card moves, cuts and hides them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from vispy.gloo import IndexBuffer, VertexBuffer
from vispy.scene.visuals import create_visual_node
from vispy.visuals import Visual

VERTEX_SHADER = """
attribute vec3 a_place;
attribute vec3 a_normal;
attribute vec3 a_away;
attribute vec4 a_colour;
attribute float a_number;
uniform float u_apart;
varying vec3 v_place;
varying vec3 v_normal;
varying vec4 v_colour;
varying float v_number;

void main() {
    v_place = a_place + u_apart * a_away;
    v_normal = a_normal;
    v_colour = a_colour;
    v_number = a_number;
    // Hidden cells go where nobody looks.
    gl_Position = a_colour.a > 0.5 ? $transform(vec4(v_place, 1.0)) : vec4(2.0, 2.0, 2.0, 1.0);
}
"""

FRAGMENT_SHADER = """
uniform vec4 u_cut;
uniform vec3 u_eye;
uniform vec3 u_light;
uniform float u_behind;
uniform float u_numbers;
varying vec3 v_place;
varying vec3 v_normal;
varying vec4 v_colour;
varying float v_number;

void main() {
    if (dot(u_cut.xyz, v_place) < u_cut.w) discard;
    // What is seen through the cut is the inside of a cell's far wall. Drawn flat it looks like the cell's flesh, cut
    // straight; its neighbour's wall lies at the same place and must stay behind it.
    gl_FragDepth = gl_FragCoord.z + (gl_FrontFacing ? u_behind : 0.0);
    if (u_numbers > 0.5) {
        float number = floor(v_number + 0.5);
        gl_FragColor = vec4(mod(floor(number / vec3(1.0, 256.0, 65536.0)), 256.0) / 255.0, 1.0);
        return;
    }
    vec3 normal = normalize(v_normal);
    float lit = 0.36 + 0.30 * max(dot(normal, u_eye), 0.0) + 0.42 * max(dot(normal, u_light), 0.0);
    gl_FragColor = vec4(v_colour.rgb * (gl_FrontFacing ? lit : 0.80), 1.0);
}
"""

LIGHT_FROM = np.array([-0.5, 0.6, 0.7])
"""Over her left shoulder: to the right, up, towards her."""

NO_CUT = (0.0, 0.0, 0.0, -1.0)


class CellsVisual(Visual):
    """Closed surfaces of cells.

    Parameters
    ----------
    places, normals : (N, 3) ndarray of float32
        Vertices (x, y, z), and which way is outward.
    faces : (M, 3) ndarray of uint32
        Rows of them, anticlockwise seen from outside.
    away : (N, 3) ndarray of float32
        Which way each goes when cells are moved apart.
    numbers : (N,) ndarray of int
        Which cell each belongs to, 1 to 2²⁴ - 1: what `draw_numbers` draws in place of colours.
    behind : float
        How much farther fronts count than backs at the same place, as a share of the depth that is drawn.
    """

    def __init__(
        self,
        places: NDArray[np.float32],
        normals: NDArray[np.float32],
        faces: NDArray[np.uint32],
        away: NDArray[np.float32],
        numbers: NDArray[np.int32],
        behind: float,
    ) -> None:
        super().__init__(VERTEX_SHADER, FRAGMENT_SHADER)
        self._draw_mode = "triangles"
        self._index_buffer = IndexBuffer(np.ascontiguousarray(faces, np.uint32))
        program = self.shared_program
        for name, values in (("a_place", places), ("a_normal", normals), ("a_away", away)):
            program[name] = VertexBuffer(np.ascontiguousarray(values, np.float32))
        program["a_number"] = VertexBuffer(numbers.astype(np.float32))
        self._colours = VertexBuffer(np.zeros((len(places), 4), np.float32))
        program["a_colour"] = self._colours
        program["u_behind"] = behind
        program["u_numbers"] = 0.0
        program["u_eye"] = program["u_light"] = (0.0, 0.0, 1.0)
        self.set_apart(0.0)
        self.set_cut(None)
        self.set_gl_state("opaque", depth_test=True, cull_face=False)
        self.freeze()

    def set_colours(self, colours: NDArray[np.float32]) -> None:
        """Colour of each vertex (N, 4), RGBA from 0 to 1; opacity 0 hides, anything else shows."""
        self._colours.set_data(np.ascontiguousarray(colours, np.float32))
        self.update()

    def set_apart(self, amount: float) -> None:
        """Move cells apart by this share of `away`."""
        self.shared_program["u_apart"] = amount
        self.update()

    def set_cut(self, cut: tuple[int, float, float] | None) -> None:
        """Show only places that are at least a value along an axis (0 = x) times a sign: (axis, value, sign)."""
        plane = list(NO_CUT)
        if cut is not None:
            axis, least, sign = cut
            plane = [0.0, 0.0, 0.0, least]
            plane[axis] = sign
        self.shared_program["u_cut"] = tuple(plane)
        self.update()

    def draw_numbers(self, on: bool) -> None:
        """Draw which cell it is, as `numbers_of` reads it, in place of its colour."""
        self.shared_program["u_numbers"] = float(on)

    def _prepare_transforms(self, view: Any) -> None:
        view.view_program.vert["transform"] = view.transforms.get_transform()

    def _prepare_draw(self, view: Any) -> None:
        # The view is parallel: the way to the eye is the same from everywhere.
        back = view.transforms.get_transform("visual", "render").imap
        origin, *ends = (back(point)[:3] for point in ((0, 0, 0, 1), (1, 0, 0, 1), (0, 1, 0, 1), (0, 0, -1, 1)))
        right, up, eye = ((end - origin) / np.linalg.norm(end - origin) for end in ends)
        light = LIGHT_FROM @ np.stack([right, up, eye])
        view.view_program["u_eye"] = eye
        view.view_program["u_light"] = light / np.linalg.norm(light)


def numbers_of(pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Numbers (…) of pixels (…, 3 or 4)."""
    return (pixels[..., :3].astype(np.int64) << np.array([0, 8, 16])).sum(axis=-1)


Cells = create_visual_node(CellsVisual)
"""`CellsVisual` as a part of a scene."""
