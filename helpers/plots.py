"""Every kind of figure that appears more than once, and the one look that all figures share."""

import base64
import html
import io
from collections.abc import Sequence

import cv2
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.figure import Figure

# Colours that people with any kind of colour vision can tell apart, and that differ in grey as well:
# Okabe and Ito, "Color Universal Design" (2008), without the yellow that is hard to see on white.
BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7"

#: Dots an inch at which figures are laid out and shown; they are stored with twice as many, to be sharp on a projector.
DPI = 72

plt.rcParams.update(
    {
        "figure.dpi": DPI,
        "figure.facecolor": "white",  # also on a dark page, where the black labels would vanish otherwise
        "font.size": 11,
        "axes.prop_cycle": plt.cycler(color=[BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY]),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": False,
        "image.cmap": "gray_r",  # ink is dark: 0 is drawn white, as on paper
        "image.interpolation": "none",
        "legend.frameon": False,
    }
)


def percent(probability: float) -> str:
    """Return a probability as the pad shows it, in words that never say 100 %."""
    return "over 99 %" if probability > 0.99 else "under 1 %" if probability < 0.01 else f"{int(100 * probability)} %"


def figure_bundle(figure: Figure, text: str, caption: bool = False) -> dict[str, str]:
    """Return a figure as Jupyter's data: a PNG in HTML, with `text` as its text alternative, and below it if asked for.

    In HTML, because JupyterLab and the pages that nbconvert makes drop the alternative of a bare PNG.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=2 * DPI, bbox_inches="tight", metadata={"Software": None})
    png = buffer.getvalue()
    width = int.from_bytes(png[16:20], "big") // 2  # where a PNG says how wide it is
    code = base64.b64encode(png).decode("ascii")
    page = f'<img src="data:image/png;base64,{code}" alt="{html.escape(text)}" width="{width}">'
    if caption:  # a screen reader has read the sentence already
        page = f'<div>{page}</div><p aria-hidden="true"><em>Figure: {html.escape(text)}</em></p>'
    return {"text/html": page, "text/plain": f"Figure: {text}"}


def show(text: str) -> None:
    """Show the current Matplotlib figure, and below it a sentence that says what is in it.

    The sentence serves as a caption, and readers who cannot see the figure get it from their screen reader.
    """
    figure = plt.gcf()
    data = figure_bundle(figure, text, caption=True)
    plt.close(figure)
    display(data, raw=True)


def draw_digit(axes: plt.Axes, image: np.ndarray, title: str = "") -> None:
    """Draw one digit (28 x 28, or N x N) without interpolation; dark means ink. uint8 0 to 255 or float 0 to 1."""
    highest = 255 if np.asarray(image).dtype == np.uint8 else 1.0
    axes.imshow(np.squeeze(image), vmin=0, vmax=highest)
    axes.set_title(title, fontsize=10)
    axes.set_axis_off()


def draw_readings(axes: plt.Axes, picture: np.ndarray, readings: Sequence) -> None:
    """Draw a picture with a box around each digit that was found, and above it what was read."""
    axes.imshow(picture)
    axes.set_axis_off()
    rim = 0.012 * max(picture.shape)  # so that the box hides no ink
    for reading in readings:
        x, y, width, height = reading.box
        corner, size = (x - rim, y - rim), (width + 2 * rim, height + 2 * rim)
        axes.add_patch(plt.Rectangle(corner, *size, fill=False, edgecolor=VERMILION, linewidth=1.5))
        label = {"facecolor": VERMILION, "edgecolor": "none", "pad": 1}
        axes.text(*corner, f"{reading.digit}", color="white", fontsize=10, va="bottom", bbox=label)


def marked(true: int, read: int) -> str:
    """Return a title that says what a digit is, what it was read as (–: as nothing, -1), and whether that is right."""
    return f"{true} as {'–' if read < 0 else read} {'✓' if read == true else '✗'}"


def show_pictures(pictures: Sequence[np.ndarray], titles: Sequence[str] = (), columns: int = 5, *, text: str) -> None:
    """Show pictures of any shape in rows of `columns`, each with its title; of one number a pixel, dark is much."""
    columns = max(1, min(columns, len(pictures)))
    rows = max(1, -(-len(pictures) // columns))
    side = min(2.0, 9 / columns)
    height = side + 0.2 * max((title.count("\n") + 1 for title in titles), default=0)
    _, grid = plt.subplots(rows, columns, figsize=(side * columns, height * rows), squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, picture, title in zip(grid.flat, pictures, [*titles, *[""] * len(pictures)], strict=False):
        numbers = picture.astype(np.float32) if picture.dtype == bool else picture
        # no more pixels than are stored, and fewer of a photograph: its grain would fill the file
        scale = min(1, (120 if picture.ndim == 3 else 2 * DPI * side) / max(picture.shape))
        axes.imshow(cv2.resize(numbers, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), vmin=0)
        axes.set_title(title, fontsize=10)
    plt.tight_layout(h_pad=1.2)
    show(text)


def show_digits(images: Sequence[np.ndarray], titles: Sequence[object] = (), columns: int = 10, *, text: str) -> None:
    """Show many digits in rows of `columns`, each with its title; `text` says what the figure shows."""
    columns = max(1, min(columns, len(images)))
    rows = max(1, -(-len(images) // columns))
    side = min(1.5, 9 / columns)  # inches: few digits are drawn larger, many still fit the page
    lines = max((str(title).count("\n") + 1 for title in titles), default=0)
    height = side + (0.1 + 0.2 * lines if lines else 0)
    _, grid = plt.subplots(rows, columns, figsize=(side * columns, height * rows), squeeze=False)
    for place, axes in enumerate(grid.flat):
        axes.set_axis_off()
        if place < len(images):
            draw_digit(axes, images[place], str(titles[place]) if place < len(titles) else "")
    plt.subplots_adjust(wspace=0.1, hspace=max(0.35, 0.2 * lines) if lines else 0.1)
    show(text)


def show_maps(maps: Sequence[np.ndarray], titles: Sequence[object] = (), columns: int = 8, *, text: str) -> None:
    """Show feature maps, each in a frame, all in one scale: 0 is white and the largest number black.

    Where numbers are negative, 0 is grey and the largest negative one white: `text` should say so.
    """
    far, negative = max(1e-9, *(np.abs(each).max() for each in maps)), any(np.min(each) < 0 for each in maps)
    columns = min(columns, len(maps))
    rows = -(-len(maps) // columns)
    side = min(1.5, 9 / columns)
    _, grid = plt.subplots(rows, columns, figsize=(side * columns, (side + 0.3) * rows), squeeze=False)
    for axes in grid.flat[len(maps) :]:
        axes.set_axis_off()
    for axes, each, title in zip(grid.flat, maps, [*titles, *[""] * len(maps)], strict=False):
        axes.imshow(each, vmin=-far if negative else 0, vmax=far)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(visible=True, color="0.6")
        axes.set_title(str(title), fontsize=10)
    plt.subplots_adjust(wspace=0.15, hspace=0.35)
    show(text)


def show_answers(
    images: Sequence[np.ndarray], probabilities: np.ndarray, titles: Sequence[object], *, text: str
) -> None:
    """Show digits side by side, and below each the ten probabilities that a network gives it."""
    _, (digits, bars) = plt.subplots(2, len(images), figsize=(1.55 * len(images), 3.4), squeeze=False)
    for number, (digit, bar) in enumerate(zip(digits, bars, strict=True)):
        draw_digit(digit, images[number], str(titles[number]))
        bar.barh(range(10), probabilities[number])
        bar.set(yticks=range(10), ylim=(9.6, -0.6), xlim=(0, 1), xticks=[0, 0.5, 1], xlabel="probability")
        bar.tick_params(labelsize=9)
    bars[0].set_ylabel("digit")
    plt.subplots_adjust(wspace=0.35, hspace=0.1)
    show(text)


def show_architecture(model, *, text: str) -> None:
    """Draw the layers of a network like LeNet-5 to scale: one number is as large as one pixel of the input.

    model: a Keras model of convolutions, poolings and dense layers. In orange: what one unit of the next layer sees.
    """
    layers = [layer for layer in model.layers if layer.name != "flatten"]
    shapes = [
        ("input", tuple(model.input_shape[1:])),
        *[(layer.name, tuple(layer.output.shape[1:])) for layer in layers],
    ]
    _, axes = plt.subplots(figsize=(10, 3.6))
    left, corners = 0, []  # of each layer: the upper left corner of each of its maps
    for name, shape in shapes:
        side, maps = (shape[0], shape[-1]) if len(shape) == 3 else (1, shape[0])
        columns = int(maps**0.5) if len(shape) == 3 else max(1, maps // 12)
        step = side + 2 * (side > 1)
        rows = -(-maps // columns)
        places = [(left + number % columns * step, (number // columns - rows / 2) * step) for number in range(maps)]
        for place in places:
            axes.add_patch(plt.Rectangle(place, side, side, facecolor="0.92", edgecolor="0.45", linewidth=0.6))
        middle = left + columns * step / 2
        axes.text(middle, -50, name, ha="center", fontsize=11, weight="bold")
        axes.text(middle, 58, " x ".join(map(str, shape)), ha="center", fontsize=9)
        corners.append((places, side))
        left += columns * step + (20 if side > 1 else 30)
    for layer, (sources, side), (targets, target) in zip(layers, corners, corners[1:], strict=False):
        size, stride, pad = side, 1, 0
        if hasattr(layer, "strides"):
            size, stride = (getattr(layer, "kernel_size", None) or layer.pool_size)[0], layer.strides[0]
            pad = (size - 1) // 2 if layer.padding == "same" and stride == 1 else 0
        unit = target // 2
        x, y = targets[0][0] + unit, targets[0][1] + unit
        axes.add_patch(plt.Rectangle((x, y), 1, 1, color=VERMILION, linewidth=0))
        if side == 1:  # dense: each unit sees all units before it
            (u, v), (far_u, far_v) = sources[0], np.max(sources, axis=0) + 1
            axes.add_patch(plt.Rectangle((u, v), far_u - u, far_v - v, fill=False, edgecolor=VERMILION, linewidth=1))
            axes.plot([far_u, x, far_u], [v, y + 0.5, far_v], color=VERMILION, linewidth=0.5)
            continue
        for u, v in sources if layer.weights else sources[:1]:  # a pooling sees one map
            u, v = u + unit * stride - pad, v + unit * stride - pad
            axes.add_patch(plt.Rectangle((u, v), size, size, fill=False, edgecolor=VERMILION, linewidth=1))
            axes.plot([u + size, x], [v + size / 2, y + 0.5], color=VERMILION, linewidth=0.5)
    axes.set(xlim=(-4, left - 8), ylim=(64, -60), aspect="equal")
    axes.set_axis_off()
    show(text)


def show_turned(
    steps: dict[str, tuple[np.ndarray, np.ndarray]], truth: np.ndarray, most: int = 8, *, text: str
) -> None:
    """Show digits that turned from wrong to right between two steps, above before and below after, at most so many;
    at the end of the row two that turned wrong.

    steps: for each of the two its N images and what was read of them; truth: what they are.
    """
    before, after = (read == truth for _, read in steps.values())
    better, worse = np.flatnonzero(after & ~before), np.flatnonzero(before & ~after)
    places = [*better[:: max(1, -(-len(better) // most))], *worse[:2]]
    titles = [marked(truth[place], read[place]) for _, read in steps.values() for place in places]
    show_digits([images[place] for images, _ in steps.values() for place in places], titles, len(places), text=text)


def show_bars(values: Sequence[float], xlabel: str, ylabel: str, *, text: str) -> None:
    """Show one bar for each of the ten digits, with its value on top."""
    _, axes = plt.subplots(figsize=(7, 2.6))
    bars = axes.bar(range(len(values)), values)
    largest = max(values)
    style = "{:,.0f}" if largest >= 100 else "{:.1f}" if largest >= 10 else "{:.2f}"
    axes.bar_label(bars, [style.format(value) for value in values], fontsize=9)
    axes.set(xticks=range(len(values)), xlabel=xlabel, ylabel=ylabel, ylim=(0, 1.1 * largest if largest > 0 else 1))
    show(text)


def show_confusion(matrix: np.ndarray, *, text: str) -> None:
    """Show a 10 x 10 table of counts, rows the true digit, columns the predicted one; the diagonal is not coloured."""
    mistakes = matrix - np.diag(np.diag(matrix))
    _, axes = plt.subplots(figsize=(6, 5.2))
    axes.imshow(mistakes, cmap="Blues")
    for (row, column), count in np.ndenumerate(matrix):
        dark = mistakes[row, column] > 0.6 * max(1, mistakes.max())
        axes.text(column, row, f"{count}", ha="center", va="center", fontsize=9, color="white" if dark else "black")
    axes.set(xticks=range(10), yticks=range(10), xlabel="predicted digit", ylabel="true digit")
    show(text)


def show_seeds(values: dict[str, Sequence[float]], xlabel: str, *, text: str) -> None:
    """Show one row for each name: a dot for each seed, a bar for their mean; the names from top to bottom."""
    _, axes = plt.subplots(figsize=(7.5, 0.38 * len(values) + 0.9))
    for row, each in enumerate(values.values()):
        axes.barh(row, np.mean(each), height=0.6, color=SKY)
        beside = row + 0.12 * (np.arange(len(each)) % 3 - 1)  # so that equal seeds do not hide each other
        axes.plot(each, beside, "o", color="black", markersize=5, clip_on=False)
        axes.text(max(each), row, f"  mean {np.mean(each):.1f}", va="center", fontsize=10)
    axes.set(yticks=range(len(values)), yticklabels=list(values), xlabel=xlabel)
    axes.invert_yaxis()
    show(text)


def show_against_work(points: dict[str, Sequence[float]], ylabel: str, *, left: Sequence[str] = (), text: str) -> None:
    """Show networks by their work and their errors, both in equal factors.

    points: for each name its multiply-adds, its errors and, if they are known, the ends of their interval.
    left: the names that stand left of their point.
    """
    _, axes = plt.subplots(figsize=(7.5, 3.8))
    markers = "osD^vP*X<>"  # so that no two are told apart by their colour alone
    for number, (name, (work, errors, *ends)) in enumerate(points.items()):
        reach = np.abs(np.array(ends) - errors)[:, np.newaxis] if ends else None
        colour = (BLUE, VERMILION)[number % 2]  # intervals of neighbours may overlap
        axes.errorbar(work, errors, reach, fmt=markers[number % len(markers)], color=colour, capsize=4, markersize=7)
        side = {"ha": "right", "xytext": (-9, -4)} if name in left else {"ha": "left", "xytext": (9, -4)}
        axes.annotate(f"{name}: {errors:.3g}", (work, errors), textcoords="offset points", fontsize=9, **side)
    axes.set(xscale="log", yscale="log", xlabel="multiply-adds for one digit", ylabel=ylabel)
    axes.margins(y=0.1)
    low, high = axes.get_ylim()
    ticks = [tick for tick in (0.5, 1, 2, 3, 5, 10, 20, 30, 50, 70, 100, 200) if low <= tick <= high]
    axes.set(yticks=ticks, yticklabels=[f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    works = [work for work, *_ in points.values()]
    axes.set_xlim(min(works) / 4, max(works) * 30)  # room for the names
    show(text)


def show_over_ink(images: Sequence[np.ndarray], maps: dict[str, Sequence[np.ndarray]], *, text: str) -> None:
    """Show digits, a row each, and beside each its maps (28 x 28), with a red line around the ink.

    Each map has a scale of its own: white is 0 and less, black its largest number. `text` should say so.
    """
    _, grid = plt.subplots(
        len(images), 1 + len(maps), figsize=(1.6 * (1 + len(maps)), 1.6 * len(images) + 0.3), squeeze=False
    )
    for number, (row, image) in enumerate(zip(grid, images, strict=True)):
        row[0].imshow(np.squeeze(image), vmin=0, vmax=1)
        for axes, of_digit in zip(row[1:], maps.values(), strict=True):
            axes.imshow(of_digit[number], vmin=0, vmax=max(1e-9, np.max(of_digit[number])))
            axes.contour(np.squeeze(image), [0.4], colors=VERMILION, linewidths=1)
        for axes in row:
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set(visible=True, color="0.6")
    for axes, name in zip(grid[0], ["digit", *maps], strict=True):
        axes.set_title(name, fontsize=10)
    plt.subplots_adjust(wspace=0.06, hspace=0.06)
    show(text)


def show_clouds(
    panels: dict[str, np.ndarray], labels: np.ndarray, circled: np.ndarray, xlabel: str, ylabel: str, *, text: str
) -> None:
    """Draw digits where their points (N x 2) lie, a panel for each set; the large ones stand near the middle of a kind.

    labels: N. circled: N bool. 50 of each kind are drawn, and all that are circled. Large digits that would collide
    are moved apart, each tied to its middle by a line.
    """
    _, grid = plt.subplots(1, len(panels), figsize=(5.5 * len(panels), 5.2), squeeze=False)
    for axes, (title, points) in zip(grid[0], panels.items(), strict=True):
        low, span = points.min(axis=0), np.ptp(points, axis=0)
        points = (points - low) / span
        for digit in range(10):
            own = np.concatenate([points[labels == digit][:50], points[(labels == digit) & circled]])
            axes.scatter(*own.T, marker=f"${digit}$", s=44, linewidth=0.2, color=plt.cm.viridis(digit / 11))
        axes.scatter(*points[circled].T, s=110, facecolors="none", edgecolors=VERMILION, linewidth=1.4)
        middles = np.stack([points[labels == digit].mean(axis=0) for digit in range(10)])
        places = middles.copy()
        for _ in range(200):  # push those apart that are closer than a tenth of the panel
            ways = places[:, np.newaxis] - places
            far = np.linalg.norm(ways, axis=2, keepdims=True)
            places += (0.1 * ways / np.maximum(far, 1e-9) * np.maximum(0, 0.1 - far)).sum(axis=1)
        for digit, (middle, place) in enumerate(zip(middles, places, strict=True)):
            axes.plot(*np.stack([middle, place]).T, color="black", linewidth=1)
            box = {"facecolor": "white", "edgecolor": "black", "pad": 2, "alpha": 0.9}
            axes.text(*place, digit, fontsize=14, weight="bold", ha="center", va="center", bbox=box)
        axes.set(title=title, xlabel=xlabel, ylabel=ylabel, xticks=[], yticks=[])
    plt.tight_layout()
    show(text)


def show_flow(boxes: dict[str, tuple[float, float]], arrows: Sequence[tuple[str, str, str]], *, text: str) -> None:
    """Show who gave what to whom. boxes: a place, x and y, for each name; arrows: from, to, and what is said on it."""
    _, axes = plt.subplots(figsize=(9, 2.8))
    for start, end, says in arrows:
        (x0, y0), (x1, y1) = boxes[start], boxes[end]
        axes.annotate("", (x1 - 0.36, y1), (x0 + 0.36, y0), arrowprops={"arrowstyle": "->"})
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1} if says else None
        middle = (x0 + x1) / 2, (y0 + y1) / 2 + 0.2 * (y0 == y1)  # above a level arrow
        axes.text(*middle, says, ha="center", va="center", fontsize=9, bbox=box)
    for name, (x, y) in boxes.items():
        axes.text(x, y, name, ha="center", va="center", bbox={"facecolor": "white", "pad": 6})
    across, down = zip(*boxes.values(), strict=True)
    axes.set(xlim=(min(across) - 0.6, max(across) + 0.6), ylim=(min(down) - 0.5, max(down) + 0.5))
    axes.set_axis_off()
    show(text)
