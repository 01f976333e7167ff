"""Make data/drawn_digits.npz, the digits that widen the training of the shipped network.

    python -m tools.drawn_digits        (fetches the typefaces from the npm registry the first time)

MNIST's writers were Americans of the 1990s. These drawings add forms that they hardly used: a 1 with a flag, a 7 with
a bar, an open 4, a 9 with a curled tail, written with thin and thick pens. The strokes come from handwriting typefaces
(the group TRAINING of tools/pens.py, none of which the sample pictures use), and each drawing is brought to 28 x 28 by
the same steps as a photograph.
"""

import cv2
import numpy as np

from helpers.handwriting.centre import centre_by_mass, shrink_to_28
from helpers.samples import DRAWN_FILE
from tools.render_handwriting import training_drawings

COUNT, SEED = 12_000, 7


def ready(drawing: np.ndarray) -> np.ndarray:
    """Bring a drawing (uint8, ink bright on 0) to the 28 x 28 of a prepared picture."""
    x, y, width, height = cv2.boundingRect(drawing)
    ink = drawing[y : y + height, x : x + width].astype(np.float32) / 255
    return shrink_to_28(centre_by_mass(ink))


def main() -> None:
    drawings, labels = training_drawings(COUNT, np.random.default_rng(SEED))
    images = np.round(255 * np.stack([ready(drawing) for drawing in drawings])).astype(np.uint8)
    np.savez_compressed(DRAWN_FILE, x=images, y=labels.astype(np.uint8))
    print(f"{DRAWN_FILE.name}: {len(images):,} digits, {DRAWN_FILE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
