"""Train the judge: LeNet-5, twice as wide, with an eleventh answer, "no digit". It says what a reader should doubt.

    python -m tools.train_judge          (twenty minutes on two cores; npm fetches the typefaces the first time)

It learns from MNIST's training digits and the drawn ones, from junk (tools/junk.py), and from what the reader of pages
itself puts together, groups that are a digit and groups that are none: on scenes in the hands of the group TRAINING,
and on rows of MNIST's training digits. A group that is none but looks like a 0 or a 1 to LeNet-5, as the loop of a 6
does, is left out: it would teach to doubt what is right. All is spoiled as paper spoils it. The choice of the epochs
and of the kinds was made on validation digits and on junk in the hands of the group HELD_OUT; MNIST's test digits are
not opened.
data/models/judge.npz holds the weights, float16, and judge.json what made them and what they reach.
"""

import functools
import json
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import cv2
import numpy as np

from helpers.handwriting.doubt import JUDGE_FILE, NONE, judge_weights, judged
from helpers.handwriting.ink import Box, ink_of
from helpers.handwriting.pages import lines_of_parts, to_28
from helpers.lenet import load_lenet5, run
from helpers.mnist import load_mnist, split_validation, to_input
from helpers.quiet import keras
from helpers.samples import load_drawn_digits
from helpers.training import distort, spoil, warmup_cosine
from tools import junk, pens, render_scenes
from tools.provenance import code_hash, versions

EPOCHS, SEED, BATCH_SIZE = 16, 1, 128
JUNK, SCENES, ROWS = 65_000, 3_000, 10_000
LIKE_A_DIGIT = 0.8  # what LeNet-5 gives a 0 or a 1, from here on
DRAWN_BY = ("Writing", "KINDS", "RULES", "SIGNS", "lay_out", "draw_words", "share_out", "table_rules")
DRAWN_BY += ("rules_of_cells", "with_rules", "bent", "on_a_desk", "scene")
CODE = ("tools.train_judge", "tools.junk", *(f"tools.render_scenes:{name}" for name in DRAWN_BY))
CODE += ("helpers.training:distort", "helpers.training:spoil")


def overlap(one: Box, other: Box) -> float:
    """Return the share of two boxes' union that both cover, 0 to 1."""
    across = max(0, min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0]))
    down = max(0, min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1]))
    return across * down / max(1e-9, one[2] * one[3] + other[2] * other[3] - across * down)


def groups_of(
    ink: np.ndarray, sheet: np.ndarray | None, boxes: list[Box], digits: str, rng: np.random.Generator
) -> list[tuple[np.ndarray, int]]:
    """Return groups that the reader puts together: 28 x 28 float32, and the digit, or NONE where it is no digit.

    ink: H x W float32; sheet: where the paper is; boxes: of the true digits. A group that covers a true digit is one; a
    group that covers none is not; what lies between is left out. Of those that are none, one in three stays: most of
    what can be put together is no digit, and of much of it one cannot tell without its neighbours.
    """
    found = []
    for line in lines_of_parts(ink, sheet):
        for each in line.groups:
            covered = [overlap(each.box, box) for box in boxes]
            best = int(np.argmax(covered))
            if max(each.box[2:]) > 0.3 * line.usual and not 0.55 <= covered[best] <= 0.8:
                label = int(digits[best]) if covered[best] > 0.8 else NONE
                if label < NONE or rng.random() < 1 / 3:
                    found.append((to_28(each.ink), label))
    return found


def groups_of_scene(number: int) -> list[tuple[np.ndarray, int]]:
    """Return the groups of a scene in the hands of the group TRAINING, as `groups_of` does."""
    kinds, rng = [kind for kind in render_scenes.KINDS if kind != "many small"], np.random.default_rng([100, number])
    made = render_scenes.scene(kinds[number % len(kinds)], pens.TRAINING, rng, flat=True)
    stages, sheet = ink_of(np.ascontiguousarray(made.picture[..., ::-1]))
    scale = max(stages["ink"].shape) / max(made.picture.shape)
    boxes = [tuple(side * scale for side in box) for box in made.boxes]
    return groups_of(stages["ink"], sheet, boxes, made.truth.replace(" ", ""), rng)


def groups_of_row(number: int) -> list[tuple[np.ndarray, int]]:
    """Return the groups of a row of MNIST's training digits, as `groups_of` does."""
    rng = np.random.default_rng([200, number])
    ink, boxes, true = row_of_digits(*people(), rng)
    return groups_of(ink, None, boxes, true, rng)


@functools.cache
def people() -> tuple[np.ndarray, np.ndarray]:
    """Return MNIST's training digits, N x 28 x 28 uint8, and their labels, without those for validation."""
    return split_validation(*load_mnist()[0])[0]


def row_of_digits(
    digits: np.ndarray, labels: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, list[Box], str]:
    """Put two to six of MNIST's digits (N x 28 x 28 uint8) in a row, apart or touching: ink, boxes, and the digits.

    So the judge meets neighbours in the hands of people, not of typefaces alone.
    """
    high, gap = rng.uniform(28, 70), rng.uniform(-0.18, 0.4)  # pixels; heights of a digit
    chosen = rng.integers(0, len(labels), int(rng.integers(2, 7)))
    field, boxes, right = np.zeros((round(2 * high), round(9 * high)), np.float32), [], 10.0
    for digit in digits[chosen]:
        ink = cv2.resize(
            junk.crop(digit), None, fx=high / 20, fy=high / 20 * rng.uniform(0.85, 1.1), interpolation=cv2.INTER_CUBIC
        )
        ink = np.where(ink > 0.15, ink, 0).clip(0, 1)
        left = max(2, round(right + high * (gap + rng.normal(0, 0.06)))) if boxes else 10
        top = round((len(field) - len(ink)) / 2 + high * rng.normal(0, 0.06))
        part = field[top : top + len(ink), left : left + ink.shape[1]]
        np.maximum(part, ink, out=part)
        boxes.append((left, top, ink.shape[1], len(ink)))
        right = left + ink.shape[1]
    change = rng.choice([None, cv2.erode, cv2.dilate], p=[0.5, 0.2, 0.3])
    field = field if change is None else change(field, np.ones((max(2, round(high / 20)),) * 2))
    return field[:, : round(right) + 12], boxes, "".join(map(str, labels[chosen]))


def like_a_digit(images: np.ndarray) -> np.ndarray:
    """Tell which images (N x 28 x 28, 0 to 1) are a 0 or a 1 as far as ink can tell: a loop, a stroke. N bool."""
    return run(load_lenet5(), images[..., np.newaxis])[:, :2].max(axis=1) > LIKE_A_DIGIT


def draw_none(count: int, digits: np.ndarray, labels: np.ndarray, seed: int, group: dict) -> np.ndarray:
    """Draw junk, N x 28 x 28 x 1, without halves and scribbles that are a 0 or a 1 as far as ink can tell."""
    images, names = junk.draw_junk(count, digits, labels, np.random.default_rng(seed), group)
    alike = like_a_digit(images) & np.isin(names, ("half", "scribble", "blot", "crossed out", "shape"))
    return images[~alike & (images.sum(axis=(1, 2)) > 3), :, :, np.newaxis]


def judge_network() -> keras.Sequential:
    """Build the judge: N x 28 x 28 x 1 float32 in, eleven probabilities out."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            layers.Conv2D(12, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 5, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(120, activation="relu"),
            layers.Dense(84, activation="relu"),
            layers.Dense(NONE + 1, activation="softmax"),
        ]
    )


def train_judge() -> keras.Model:
    """Train the judge; each epoch sees everything newly distorted and spoiled."""
    x, y = (np.concatenate(both) for both in zip(people(), load_drawn_digits(), strict=True))
    none = draw_none(JUNK, x, y, SEED, pens.TRAINING)
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        found = [*pool.map(groups_of_scene, range(SCENES), chunksize=50)]
        found += pool.map(groups_of_row, range(ROWS), chunksize=50)
    groups = [group for each in found for group in each]
    grouped, of_group = np.stack([image for image, _ in groups]), np.array([label for _, label in groups])
    rest = grouped[of_group == NONE]
    rng = np.random.default_rng(SEED)
    digits = np.concatenate([to_input(x), grouped[of_group < NONE][..., np.newaxis]])
    none = np.concatenate([none, rest[~like_a_digit(rest)][..., np.newaxis]])
    labels = np.concatenate([y, of_group[of_group < NONE], np.full(len(none), NONE)])
    print(f"{len(digits):,} digits, {len(none):,} that are none", flush=True)
    keras.utils.set_random_seed(SEED)
    network = judge_network()
    rate = warmup_cosine(4e-3, EPOCHS * -(-len(labels) // BATCH_SIZE))
    network.compile(keras.optimizers.AdamW(rate, weight_decay=4e-3), loss="sparse_categorical_crossentropy")
    for epoch in range(EPOCHS):
        bent = distort(digits, rng, 1.0 if epoch % 3 < 2 else 0.3), distort(none, rng, 0.4)
        images = spoil(np.concatenate(bent), rng)
        loss = network.fit(images, labels, batch_size=BATCH_SIZE, verbose=0).history["loss"][0]
        print(f"epoch {epoch + 1} of {EPOCHS}: loss {loss:.4f}", flush=True)
    return network


def figures() -> dict:
    """Return what the stored judge reaches on validation digits, as they are and spoiled, and on others' junk."""
    (_, _), (x, y) = split_validation(*load_mnist()[0])
    plain = to_input(x)
    sets = {"validation": plain, "spoiled": spoil(plain, np.random.default_rng(7))}
    found = {}
    for name, images in sets.items():
        said = judged(images[..., 0])
        found[name] = {"digits": len(y), "read": int((said.argmax(axis=1) == y).sum())}
        found[name]["doubted"] = int((said[:, NONE] > 0.5).sum())
    none = draw_none(6000, x, y, 99, pens.HELD_OUT)[..., 0]
    return found | {"none": {"pictures": len(none), "doubted": int((judged(none)[:, NONE] > 0.5).sum())}}


def main() -> None:
    network = train_judge()
    weights = {f"{place:02d}": weight.astype(np.float16) for place, weight in enumerate(network.get_weights())}
    np.savez_compressed(JUDGE_FILE, **weights)
    judge_weights.cache_clear()
    made = {"made_by": "python -m tools.train_judge", "seed": SEED, "epochs": EPOCHS, "versions": versions()}
    made |= {"parameters": network.count_params(), "hash": made_by()} | figures()
    JUDGE_FILE.with_suffix(".json").write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8", newline="\n")
    print(json.dumps(made, indent=2))


def made_by() -> str:
    """Return the hash of the code that makes the judge (what the reader groups is a part of its data, not of it)."""
    return code_hash(CODE)


if __name__ == "__main__":
    main()
