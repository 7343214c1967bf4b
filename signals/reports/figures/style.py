"""One look for all figures, and bytes that do not change from run to run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from PIL.Image import Image

# Okabe & Ito's colours, darkened where white paper needs it; told apart by colour-blind readers.
BLUE: Final = "#0072b2"
ORANGE: Final = "#c2500a"
GREEN: Final = "#007a5a"
PURPLE: Final = "#a3487f"
GREY: Final = "#8b949e"
INK: Final = "#1a1f26"
LINE: Final = "#d3d9e0"
SIZE: Final = (6.4, 3.3)
DPI: Final = 200  # twice a screen's hundred

STYLE: Final[Any] = {
    "font.family": "DejaVu Sans",  # ships with matplotlib: the same glyphs everywhere
    "font.size": 9.0,
    "axes.edgecolor": LINE,
    "axes.labelcolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "axes.unicode_minus": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "text.parse_math": False,  # a ticker or id with $ is text
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    "svg.hashsalt": "signals",
    "svg.fonttype": "path",
    "figure.dpi": 100.0,
}


class StudyFigure(Figure):
    """A figure that a notebook shows by itself, without pyplot."""

    def _repr_png_(self) -> bytes:
        return encoded(self, "png")


@contextmanager
def drawing(
    width: float = SIZE[0], height: float = SIZE[1], *, left: float = 0.62
) -> Iterator[tuple[StudyFigure, Axes]]:
    """A figure with one pair of axes, in the house style; ``left`` is the margin in inches.

    The margins are fixed: laying a figure out by its text would draw it twice.
    """
    with rc_context(STYLE):
        figure = StudyFigure(figsize=(width, height))
        FigureCanvasAgg(figure)
        figure.subplots_adjust(
            left=left / width, right=1 - 0.12 / width, bottom=0.5 / height, top=1 - 0.32 / height
        )
        yield figure, figure.add_subplot()


def encoded(figure: Figure, kind: str) -> bytes:
    """The figure as ``png`` (2×) or ``svg``, without a date: equal results give equal bytes."""
    return png(pixels(figure)) if kind == "png" else svg(figure)


def svg(figure: Figure) -> bytes:
    """The figure as SVG bytes, the same for the same figure."""
    stream = BytesIO()
    with rc_context(STYLE):
        figure.savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue()


def pixels(figure: Figure) -> Image:
    """The figure drawn at 200 dots per inch."""
    import numpy as np
    from PIL import Image

    canvas: Any = FigureCanvasAgg(figure)
    screen = figure.dpi
    with rc_context(STYLE):
        figure.dpi = DPI
        canvas.draw()
        shown = np.asarray(canvas.buffer_rgba())[..., :3].copy()
        figure.dpi = screen
    return Image.fromarray(shown)


def png(image: Image) -> bytes:
    """Pixels as PNG; may run beside the drawing, since compression holds no lock."""
    stream = BytesIO()
    # A stronger compression costs more time than the bytes are worth.
    image.save(stream, format="png", compress_level=2, dpi=(DPI, DPI))
    return stream.getvalue()


def zero_lines(axes: Axes, *, event: bool = True) -> None:
    """The line of no effect, and day zero."""
    axes.axhline(0.0, color=GREY, linewidth=0.8)
    if event:
        axes.axvline(0.0, color=GREY, linewidth=0.8, linestyle=":")


def clipped(text: str, most: int = 40) -> str:
    """A label that leaves room for the chart."""
    return text if len(text) <= most else text[: most - 1] + "…"
