"""Make docs/reading.png, the picture in the README: `python -m tools.readme_picture`."""

import matplotlib.pyplot as plt

from helpers import ROOT
from helpers.handwriting import prepare
from helpers.lenet import load_lenet5
from helpers.plots import draw_digit

SHOWN = (3, 5, 8)  # which of data/samples/digit0.png ... digit9.png


def main() -> None:
    model = load_lenet5()
    figure, grid = plt.subplots(len(SHOWN), 3, figsize=(8, 6.4), width_ratios=[1, 1, 1.8])
    for (photo, small, bars), digit in zip(grid, SHOWN, strict=True):
        prepared = prepare(ROOT / "data" / "samples" / f"digit{digit}.png")
        photo.imshow(prepared.stages["picture"])
        photo.set_axis_off()
        draw_digit(small, prepared.image)
        bars.bar(range(10), model.predict(prepared.image[None, ..., None], verbose=0)[0])
        bars.set(xticks=range(10), ylim=(0, 1), yticks=[0, 1])
    for axes, title in zip(
        grid[0], ("a photograph\n(simulated)", "what the network sees", "its ten probabilities"), strict=True
    ):
        axes.set_title(title)
    figure.tight_layout()
    (ROOT / "docs").mkdir(exist_ok=True)
    figure.savefig(ROOT / "docs" / "reading.png", dpi=90, metadata={"Software": None})


if __name__ == "__main__":
    main()
