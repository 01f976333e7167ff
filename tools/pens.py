"""Pens: from the glyph of a typeface to the strokes of a pen, and from strokes to ink.

The typefaces were digitised from people's handwriting and are free to use (OFL-1.1 or Apache-2.0). They are not in
this repository: `fetch_font` takes each from npm once, into a folder outside it. A glyph is thinned to the path that
the tip of the pen took, because a filled outline always has the width of its own pen; a path can be drawn with any.

A stroke is an array of points (n, 2), x to the right and y downwards. The strokes of one digit are a list of them,
scaled so that the digit is 1 high and its box has its centre at (0, 0).
"""

import functools
import hashlib
import itertools
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import ImageFont

FONTS = Path.home() / ".cache" / "reading-handwriting" / "fonts"
PACKAGE_VERSION = "5.3.0"
GLYPH_HEIGHT = 200  # pixels of a glyph before thinning: large enough that counters stay open

# Three groups that share no typeface: (licence, SHA-256 of the font file).
# SAMPLES: the pictures that are shipped. TRAINING: what a network may learn from. HELD_OUT: only ever for judging.
SAMPLES = {
    "caveat": ("OFL-1.1", "38b98dbeb922a14a74dfb41f83fc24e0e645e2eed9ce72145fefbdae8828cbfb"),
    "covered-by-your-grace": ("OFL-1.1", "876d8371eedf1f9add237910aea034ca42cd5bdc8f7d722c7a04819ab3f711b8"),
    "gochi-hand": ("OFL-1.1", "82a4149218f2edccef96d2b0ed5bf92adc6ea290222bac4dcfa3de91afb6b3a3"),
    "indie-flower": ("OFL-1.1", "2cf7154e899ad16246196238d6d13f0135c5feba2d8ccde5d97a22664d012660"),
    "kalam": ("OFL-1.1", "70ab8c1d2c10a28f213c6f1c359888624d5e650ffcd64f93a8194c3e14403746"),
    "nanum-pen-script": ("OFL-1.1", "08cdd640e142c977071b4c3d5c33fd9ec322990e540f5511ca2fccff4568d0ec"),
    "patrick-hand": ("OFL-1.1", "0f7031f6665437e04d6f354c5f64d6ae6777b498afbe804638c45b957a7ce8aa"),
    "reenie-beanie": ("OFL-1.1", "1b86681155e125625f01839b2e6688dde2b2a7766a8eb49645b3a8707c2bee9f"),
    "rock-salt": ("Apache-2.0", "358d065405a805204d48cc51cc48a8447f8d86369aa05d44c70e0111d7ee7e29"),
    "schoolbell": ("Apache-2.0", "a448b8f4209a8ca16adc48753170f40a57e17f70675963e092501ed48842e4c8"),
    "shadows-into-light": ("OFL-1.1", "93cff8110a18bb3e1fb0179c95f706ed1e8037e2e527c4cb425b46deaddbd975"),
}
TRAINING = {
    "annie-use-your-telescope": ("OFL-1.1", "555a3ba045673dfa29aa1b2ed52f17772212380d2da9a79dc813ef51e26b0147"),
    "bad-script": ("OFL-1.1", "07202e03862cf10af6c0a9f5cfce39ef10e1923b64b965c3185b5ddef61b91f1"),
    "coming-soon": ("Apache-2.0", "d0a25ae9b9ffb2a2c235687f1698af2bbe18a84f47f1b099077a50382b812858"),
    "crafty-girls": ("Apache-2.0", "5d7392f508057ab8c20fa7e92989e679a9efd058b9d7736d688a614df9a79dfa"),
    "dawning-of-a-new-day": ("OFL-1.1", "db6b4ace05ee8134f67c89150c387961d9c4f3e8ecc3efecfe8510738c3158fd"),
    "delius": ("OFL-1.1", "eabc55870044215231d9f905b1b898926bcf588dc78e53523ea6590281b606f1"),
    "grape-nuts": ("OFL-1.1", "058c99599408dd60de19ebb1abbf764b9a18eebb553fee1670f0b2d2a4fd5235"),
    "handlee": ("OFL-1.1", "9a8af5254df769bbdc196fd998231daec67c81dc3d6fd6f294ed80c2c4343551"),
    "hi-melody": ("OFL-1.1", "346d604a1b9cbe55b43837112ce70dd6d30909898d82c3014c1f37f8e40f27a3"),
    "kristi": ("OFL-1.1", "baf2b649c525e4b3d6516c77c88c1533b4c0e7a8376e88f63c13ed4dd5e4be6a"),
    "loved-by-the-king": ("OFL-1.1", "c865f5db8c24e82e05b74065da789d1df28b12d66d2977e884af4a444ff46cb5"),
    "marck-script": ("OFL-1.1", "c26db9210c0b2823550e11baaeb2b6d234e5e5a14e8e6497029f29844859610d"),
    "neucha": ("OFL-1.1", "b0c09e2ecd7d760fb997f926f2d15e53c57561802fb071a317832942536ca82a"),
    "over-the-rainbow": ("OFL-1.1", "e721f12763490802b576b3c1511cf4a0c6a33221772bf846885a295e5b758e3e"),
    "pangolin": ("OFL-1.1", "d51be35cd652ff73e3d174e01cd978942cf67bcea08ab3043f711814fab162ce"),
    "short-stack": ("OFL-1.1", "db596e8545afc95f708ad2d5ac878771998f7378da84c56759527fbdb02f5836"),
    "the-girl-next-door": ("OFL-1.1", "301aabf8a983d1231988eea6e125338a3933bd69de8b14137df80840c8d8c5e8"),
    "waiting-for-the-sunrise": ("OFL-1.1", "8a2cf921d4129a7d447370c559d0687579e842196c9e80a774fb428b1755911b"),
    "yomogi": ("OFL-1.1", "889ffc6f4e2587b8bd94d0b2c7ddd2f7bb3d89b25be1b6f3290775620a204210"),
    "zeyada": ("OFL-1.1", "91d3613bd2d6ca6d14bfba2a7c3918ee4ced380d570d1b29a6ebfbcf56e7a6ff"),
}
HELD_OUT = {
    "architects-daughter": ("OFL-1.1", "0249dd5f81431dbf8a8406996c43f8018bf707221cf261d75145f083bb7091cf"),
    "cedarville-cursive": ("OFL-1.1", "8d8360a98492b42d02c17e94c38bcd2a3cce6db6b9b430f3a110e71f81d7149c"),
    "gaegu": ("OFL-1.1", "6d4c9dac093fce05bcf214b7b1e9d60de7ecae8a22aa940d63e586bcf32cab29"),
    "give-you-glory": ("OFL-1.1", "84c8bec3e54403b756b60f5fa44aeb89ceb5a31c7296211a0d7717611bb73f8c"),
    "gloria-hallelujah": ("OFL-1.1", "31e7def8cf155d4dcc98216517ad509923a8a197bc9c8937668d04767c52040e"),
    "just-another-hand": ("Apache-2.0", "996689005263a02315843bd1eff3f67b71ec1ca25be7fa9ee4523e4d282b7b89"),
    "la-belle-aurore": ("OFL-1.1", "d5ec94f05c2cb9ab9dd5bba03faede9a6d767803e36b6b5df36f64ada8546ce0"),
    "mansalva": ("OFL-1.1", "956720ae5632b40a4f79e92b27b936e174a038aa41b8638d30965c61ab465aff"),
    "mynerve": ("OFL-1.1", "5d9deb86c7caed58b6c2624cc2ff1e4cd76bd389e99cf5d62f6342b0242d1d29"),
    "nothing-you-could-do": ("OFL-1.1", "454bff123de1c8224aff670f12797ca91cf54becf6f8359391bd37a6dd68a60e"),
    "sue-ellen-francisco": ("OFL-1.1", "e2c988155c07d4a26b81216397fa1841af0916c9737a61e05ea38bd1bd5361b1"),
    "swanky-and-moo-moo": ("OFL-1.1", "f4f292b60677133249ab543ca178fa6786d3dd9681899ef7ccde255bf956aced"),
}

TYPEFACES = SAMPLES | TRAINING | HELD_OUT

# Digits that a person could take for another, or that come out of the thinning bent.
UNFIT = {"gochi-hand": "4", "kristi": "4", "loved-by-the-king": "4", "zeyada": "4"}
UNFIT |= {"caveat": "1", "indie-flower": "1", "reenie-beanie": "1", "rock-salt": "0"}

Lines = list[np.ndarray]


def a_hand(group: dict, digits: str, rng: np.random.Generator) -> str:
    """Choose a typeface of a group in which a person can read all of these digits."""
    hands = [hand for hand in group if not set(UNFIT.get(hand, "")) & set(digits)]
    return hands[rng.integers(len(hands))]


# --- From the typeface to the strokes ---------------------------------------------------------------------------


def fetch_font(typeface: str, folder: Path = FONTS) -> Path:
    """Return the path of a typeface's font file, taken from npm if the folder does not hold it yet, and checked."""
    path = folder / f"{typeface}-latin-400-normal.woff"
    if not path.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError(f"{path} is missing: install Node.js (its npm fetches the typefaces) and run again.")
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as temporary:
            package = f"@fontsource/{typeface}@{PACKAGE_VERSION}"
            subprocess.run([npm, "pack", "--silent", package], cwd=temporary, check=True, capture_output=True)
            with tarfile.open(next(Path(temporary).glob("*.tgz"))) as archive:
                path.write_bytes(archive.extractfile(f"package/files/{path.name}").read())
    if hashlib.sha256(path.read_bytes()).hexdigest() != TYPEFACES[typeface][1]:
        raise ValueError(f"{path} is not the file that these pictures are made from: delete it and run again.")
    return path


def glyph(digit: int, font: Path) -> np.ndarray:
    """Return the filled glyph of a digit as a boolean array about GLYPH_HEIGHT pixels high, with a margin."""
    height = ImageFont.truetype(str(font), 100).getmask(str(digit)).size[1]
    mask = ImageFont.truetype(str(font), round(100 * GLYPH_HEIGHT / height)).getmask(str(digit))
    filled = np.array(mask, dtype=np.uint8).reshape(mask.size[::-1])
    # blurring before the threshold takes off the roughness of the outline, which would grow spurs when thinned
    return cv2.GaussianBlur(np.pad(filled, 8), (0, 0), 2.0) > 127


def thin(filled: np.ndarray) -> np.ndarray:
    """Return the skeleton of a boolean picture, one pixel wide (Zhang and Suen 1984)."""
    skeleton = np.pad(filled, 1).astype(np.uint8)
    changed = True
    while changed:
        changed = False
        for first_pass in (True, False):
            n, s = skeleton[:-2, 1:-1], skeleton[2:, 1:-1]
            w, e = skeleton[1:-1, :-2], skeleton[1:-1, 2:]
            nw, ne, sw, se = skeleton[:-2, :-2], skeleton[:-2, 2:], skeleton[2:, :-2], skeleton[2:, 2:]
            ring = [n, ne, e, se, s, sw, w, nw, n]
            neighbours = sum(ring[:-1])
            starts = sum((1 - a) & b for a, b in itertools.pairwise(ring))
            keeps = (n * e * s | e * s * w) if first_pass else (n * e * w | n * s * w)
            peel = (skeleton[1:-1, 1:-1] == 1) & (neighbours >= 2) & (neighbours <= 6) & (starts == 1) & (keeps == 0)
            skeleton[1:-1, 1:-1][peel] = 0
            changed |= bool(peel.any())
    return skeleton[1:-1, 1:-1].astype(bool)


@dataclass(eq=False)
class Branch:
    """A piece of a skeleton between two junctions or free ends: points (n, 2) of x, y in pixels."""

    points: np.ndarray
    ends: list[int | None]  # the junctions at its first and its last point


def branches(skeleton: np.ndarray) -> tuple[list[Branch], dict[int, np.ndarray]]:
    """Cut a skeleton at its junctions; return the branches and the place (x, y) of each junction."""
    neighbours = cv2.filter2D(skeleton.astype(np.uint8), -1, np.ones((3, 3)), borderType=cv2.BORDER_CONSTANT) - 1
    crossing = skeleton & (neighbours > 2)
    _, junction_of, _, centres = cv2.connectedComponentsWithStats(crossing.astype(np.uint8), connectivity=8)
    count, branch_of = cv2.connectedComponents((skeleton & ~crossing).astype(np.uint8), connectivity=8)
    found = []
    for label in range(1, count):
        points = walk(np.argwhere(branch_of == label)[:, ::-1])
        first, last = (junction_of[y - 1 : y + 2, x - 1 : x + 2] for x, y in (points[0], points[-1]))
        first, last = sorted({*first.flat} - {0}), sorted({*last.flat} - {0})
        if len(points) == 1:  # its one pixel is both ends
            last = first[1:]
        ends = [int(touching[0]) if touching else None for touching in (first, last)]
        if ends == [None, None] and len(points) > 8 and np.abs(points[0] - points[-1]).max() <= 1:
            points = np.vstack([points, points[:1]])  # a ring
        found.append(Branch(points.astype(float), ends))
    return found, {label: centres[label] for label in range(1, len(centres))}


def walk(pixels: np.ndarray) -> np.ndarray:
    """Put the pixels (n, 2) of a branch in the order in which a pen passes them."""
    left = {tuple(pixel) for pixel in pixels.tolist()}

    def around(x: int, y: int) -> list[tuple[int, int]]:
        steps = [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1)]  # straight before diagonal
        return [(x + right, y + down) for right, down in steps if (x + right, y + down) in left]

    path = [min(left, key=lambda pixel: (len(around(*pixel)), pixel))]  # from an end, if there is one
    left.remove(path[0])
    while onward := around(*path[-1]):
        path.append(onward[0])
        left.remove(onward[0])
    return np.array(path)


def clean(found: list[Branch], places: dict[int, np.ndarray], radius: np.ndarray) -> list[Branch]:
    """Return the branches without spurs, and without the short bridges that thinning makes where strokes cross.

    radius holds, for each pixel, the distance to the edge of the filled glyph: half the width of its pen.
    """

    def reach(junction: int) -> float:
        x, y = places[junction].round().astype(int)
        return radius[y, x]

    kept = sorted(found, key=lambda branch: len(branch.points))
    for branch in list(kept):
        a, b = branch.ends
        if (a is None) != (b is None):
            junction = b if a is None else a
            arms = sum(other.ends.count(junction) for other in kept)
            if arms > 2 and len(branch.points) < 1.3 * reach(junction):
                kept.remove(branch)
        elif a is not None and a != b and len(branch.points) < 1.5 * max(reach(a), reach(b)):
            kept.remove(branch)
            places[a] = places[b] = (places[a] + places[b]) / 2
            for other in kept:
                other.ends = [a if end == b else end for end in other.ends]
    return kept


def join_branches(found: list[Branch], places: dict[int, np.ndarray], look: float) -> Lines:
    """Lead the strokes straight on through the junctions; look is how far (pixels) to look for a direction."""
    for branch in found:
        before, after = ([] if end is None else [places[end]] for end in branch.ends)
        branch.points = np.array([*before, *branch.points, *after])
    for junction in places:
        arms = [(branch, side) for branch in found for side in (0, 1) if branch.ends[side] == junction]
        only_two = len(arms) == 2  # then there is nothing to choose, however sharp the corner
        while len(arms) > 1:
            pairs = list(itertools.combinations(arms, 2))
            cosines = [heading(*one, look) @ heading(*two, look) for one, two in pairs]
            (one, side), (two, other) = pairs[int(np.argmin(cosines))]
            if min(cosines) > -0.5 and not only_two:
                break
            if one is two:  # a loop that closes here
                one.ends = [None, None]
            else:
                points = [one.points[:: 1 if side else -1], two.points[:: -1 if other else 1]]
                found = [branch for branch in found if branch not in (one, two)]
                found.append(Branch(np.vstack(points), [one.ends[1 - side], two.ends[1 - other]]))
            arms = [(branch, side) for branch in found for side in (0, 1) if branch.ends[side] == junction]
    return [branch.points for branch in found]


def heading(branch: Branch, side: int, look: float) -> np.ndarray:
    """Return the unit vector in which a branch leaves its first (side 0) or last (side 1) point."""
    points = branch.points[:: -1 if side else 1]
    away = points[min(len(points) - 1, max(2, round(look)))] - points[0]
    return away / max(float(np.hypot(*away)), 1e-6)


def even(points: np.ndarray, step: float) -> np.ndarray:
    """Return points spaced evenly, about one step apart, along a stroke."""
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    at = np.linspace(0, along[-1], max(2, round(along[-1] / step) + 1))
    return np.column_stack([np.interp(at, along, points[:, axis]) for axis in (0, 1)])


def smooth(points: np.ndarray, reach: float) -> np.ndarray:
    """Return evenly spaced points (4 for each reach), averaged over reach; the ends stay where they are."""
    closed = len(points) > 3 and np.hypot(*(points[0] - points[-1])) < 1e-6
    points = even(points, reach / 4)
    pad = min(12, len(points) - 1)
    if closed:
        longer = np.vstack([points[-1 - pad : -1], points, points[1 : 1 + pad]])
    else:  # mirrored through the end point, so that the end neither moves nor bends
        longer = np.vstack([2 * points[0] - points[pad:0:-1], points, 2 * points[-1] - points[-2 : -2 - pad : -1]])
    weights = np.exp(-0.5 * (np.arange(-pad, pad + 1) / 4) ** 2)
    return np.column_stack([np.convolve(longer[:, axis], weights / weights.sum(), "valid") for axis in (0, 1)])


def trace(filled: np.ndarray) -> Lines:
    """Return the strokes of a filled digit: a boolean array with ink on True and at least a pixel of margin."""
    radius = cv2.distanceTransform(filled.astype(np.uint8), cv2.DIST_L2, 5)
    skeleton = thin(filled)
    found, places = branches(skeleton)
    lines = join_branches(clean(found, places, radius), places, look=2 * float(np.median(radius[skeleton])))
    height = np.ptp(np.nonzero(filled)[0])
    lengths = [np.hypot(*np.diff(line, axis=0).T).sum() for line in lines]
    return upright(
        [smooth(line, 0.03 * height) for line, long in zip(lines, lengths, strict=True) if long > 0.06 * height]
    )


@functools.cache
def strokes(digit: int, typeface: str, fonts: Path = FONTS) -> Lines:
    """Return the strokes of a digit in a typeface. Do not change the arrays: they are kept for the next call."""
    return trace(glyph(digit, fetch_font(typeface, fonts)))


def upright(lines: Lines) -> Lines:
    """Scale strokes to height 1 and put the centre of their box at (0, 0)."""
    low, high = np.vstack(lines).min(axis=0), np.vstack(lines).max(axis=0)
    return [(line - (low + high) / 2) / max(high[1] - low[1], 1e-6) for line in lines]


# --- The shapes that people make and these typefaces lack -------------------------------------------------------


def extra_form(digit: int, lines: Lines, rng: np.random.Generator, longest_flag: float = 0.6) -> Lines:
    """Return the digit as some people write it: crossed 7, flagged 1, open 4, curled 9, 0 with a gap, looped 2.

    longest_flag: of a 1, over its height.
    """
    if digit == 1:
        return upright(flag(lines, rng, longest_flag))
    change = {0: gap, 2: loop, 4: open_top, 7: cross, 9: curl}.get(digit)
    return upright(change(lines, rng)) if change else lines


def gap(lines: Lines, rng: np.random.Generator) -> Lines:
    """Open a 0 near its top, or let its end run past its start."""
    oval = max(lines, key=len)
    oval = np.roll(oval[:-1], -int(oval[:-1, 1].argmin()) + int(rng.integers(-3, 8)), axis=0)
    cut = round(rng.uniform(0.03, 0.1) * len(oval))
    if rng.random() < 0.5:
        return [oval[cut:]]
    over = oval[:cut] + np.linspace(0, 1, max(cut, 1))[: len(oval[:cut]), None] * rng.uniform(-0.12, 0.12, 2)
    return [np.vstack([oval, over])]


def flag(lines: Lines, rng: np.random.Generator, longest: float) -> Lines:
    """Give a 1 that is a bare line a flag of 0.2 to `longest` of its height, and sometimes a foot."""
    points = np.vstack(lines)
    if np.ptp(points[:, 0]) > 0.3:  # it has one already
        return lines
    top, bottom = points[points[:, 1].argmin()], points[points[:, 1].argmax()]
    angle, length = np.radians(rng.uniform(25, 65)), rng.uniform(0.2, longest)
    start = top + length * np.array([-np.sin(angle), np.cos(angle)])
    bent = (start + top) / 2 + rng.uniform(-0.06, 0.06, 2) * length
    stem = points if len(lines) == 1 and points[0, 1] < points[-1, 1] else np.linspace(top, bottom, 30)
    changed = [np.vstack([smooth(np.array([start, bent, top]), 0.04), stem])]
    if rng.random() < 0.35:
        half = np.array([rng.uniform(0.12, 0.3), rng.uniform(-0.04, 0.04)])
        changed.append(np.linspace(bottom - half, bottom + half, 12))
    return changed


def loop(lines: Lines, rng: np.random.Generator) -> Lines:
    """Put a loop into the lower left corner of a 2 that is one stroke and not narrow."""
    if len(lines) != 1 or np.ptp(lines[0][:, 0]) < 0.45:
        return lines
    line = lines[0] if lines[0][0, 1] < lines[0][-1, 1] else lines[0][::-1]
    corner = int((line[:, 0] - line[:, 1])[len(line) // 2 :].argmin()) + len(line) // 2
    wide, high = rng.uniform(0.09, 0.16), rng.uniform(0.07, 0.11)
    turn = np.radians(np.linspace(40, 320, 24))  # down into the corner, to the left, over the top, off to the right
    circle = line[corner] + [0.5 * wide, -high] + np.column_stack([wide * np.cos(turn), high * np.sin(turn)])
    down = line[:corner][line[:corner, 1] < circle[0, 1] - 0.05]
    base = line[corner:][line[corner:, 0] > circle[-1, 0] + 0.05]
    return [smooth(np.vstack([down, circle, base]), 0.05)]


def open_top(lines: Lines, rng: np.random.Generator) -> Lines:
    """Write a 4 in two strokes that do not meet at the top."""
    low, left, right = rng.uniform(0.0, 0.2), rng.uniform(-0.4, -0.22), rng.uniform(0.2, 0.45)
    stem, lean = rng.uniform(0.02, 0.16), rng.uniform(-0.06, 0.12)
    angle = np.array(
        [[left + lean + 0.05, -0.5], [left, low - 0.05], [left + 0.1, low], [right, low + rng.uniform(-0.06, 0.04)]]
    )
    return [smooth(angle, 0.04), np.linspace([stem + lean, rng.uniform(-0.5, -0.25)], [stem - lean / 2, 0.5], 25)]


def cross(lines: Lines, rng: np.random.Generator) -> Lines:
    """Draw a short bar through the stem of a 7 that has none."""
    points = np.vstack([even(line, 0.02) for line in lines])
    middle = points[np.abs(points[:, 1]) < 0.12]
    if len(middle) == 0 or np.ptp(middle[:, 0]) > 0.25:
        return lines
    centre = middle[np.abs(middle[:, 1] - rng.uniform(-0.1, 0.1)).argmin()]
    half = np.array([rng.uniform(0.14, 0.26), rng.uniform(-0.09, 0.04)])
    return [*lines, np.linspace(centre - half, centre + half, 14)]


def curl(lines: Lines, rng: np.random.Generator) -> Lines:
    """Bend the tail of a 9 to the left and up."""
    which, line = max(enumerate(lines), key=lambda item: max(item[1][0, 1], item[1][-1, 1]))
    line = line if line[-1, 1] > line[0, 1] else line[::-1]
    if line[-1, 1] < 0.45:  # the tail is curled already
        return lines
    radius, turn = rng.uniform(0.12, 0.28), np.radians(np.linspace(0, rng.uniform(80, 170), 20))
    tail = line[-1] + radius * np.column_stack([np.cos(turn) - 1, np.sin(turn)])
    changed = smooth(np.vstack([line, tail[1:]]), 0.04)
    return [*lines[:which], changed, *lines[which + 1 :]]


# --- The hand and the pen ---------------------------------------------------------------------------------------


def written(lines: Lines, slant: float, turn: float, aspect: float, warp: float, rng: np.random.Generator) -> Lines:
    """Return the strokes as one hand writes them once; the result is again 1 high, with its centre at (0, 0).

    slant: shear to the right per unit of height (-0.5 to 0.5); turn: degrees clockwise (-15 to 15); aspect: factor on
    the width (0.6 to 1.4); warp: how far (0 to 0.05 of the height) the shape wanders from the typeface's.
    """
    cosine, sine = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    matrix = np.array([[cosine, -sine], [sine, cosine]]) @ np.array([[aspect, -slant], [0, 1]])
    wave, phase = rng.uniform(-6, 6, (3, 2, 2)), rng.uniform(0, 2 * np.pi, (3, 2))  # three slow waves over the plane
    moved = [line + warp * np.sin(line @ wave + phase[:, None]).sum(axis=0) for line in lines]
    return upright([line @ matrix.T for line in moved])


def open_width(lines: Lines, width: float) -> float:
    """Return the width of a pen, made small enough that it does not fill the loops of a narrow digit."""
    wide = np.ptp(np.vstack(lines)[:, 0])
    return width if wide < 0.2 else min(width, 0.22 * wide)  # below 0.2 it is a 1, which has no loops


def ink_cover(
    lines: Lines,
    shape: tuple[int, int],
    width: float,
    rng: np.random.Generator,
    pressure: float = 0.15,
    flatness: float = 1.0,
    tremor: float = 0.0,
) -> np.ndarray:
    """Draw strokes (in pixels) with a pen and return how much of each pixel is ink: float32 0..1, (height, width).

    width: of the tip, in pixels; pressure: how much the width varies along a stroke (0 to 0.5); flatness: the tip's
    short side over its long side (1 round, 0.3 chisel); tremor: sideways unsteadiness in pixels.
    """
    scale = int(np.clip(np.ceil(12 / max(width, 0.5)), 2, 8)) if max(shape) < 600 else 2
    cover = np.zeros((shape[0] * scale, shape[1] * scale), np.uint8)
    around, slope = np.linspace(0, 2 * np.pi, 16, endpoint=False), np.radians(40)  # a chisel is held at 40 degrees
    tip = np.column_stack([np.cos(around), flatness * np.sin(around)]) / 2
    tip = tip @ np.array([[np.cos(slope), -np.sin(slope)], [np.sin(slope), np.cos(slope)]])
    for line in lines:
        points = even(line, max(width / 3, 0.6))
        count = len(points)
        slow = np.interp(np.arange(count), np.linspace(0, count - 1, 8), rng.standard_normal(8))
        points = points + tremor * np.column_stack([wobble(count, rng), wobble(count, rng)])
        lift = np.minimum(np.arange(count), np.arange(count)[::-1]) * max(width / 3, 0.6) / width  # in pen widths
        size = width * np.clip(1 + pressure * slow, 0.4, 1.8) * (0.7 + 0.3 * np.clip(lift, 0, 1))
        outline = points[:, None] + size[:, None, None] * tip
        fixed = np.round((outline + 0.5) * scale * 16 - 8).astype(np.int32)  # 4 binary places for OpenCV's `shift`
        for one, two in itertools.pairwise(fixed):
            cv2.fillConvexPoly(cover, cv2.convexHull(np.vstack([one, two])), 255, cv2.LINE_8, 4)
    return cv2.resize(cover, shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def wobble(count: int, rng: np.random.Generator) -> np.ndarray:
    """Return count numbers of unit size that change slowly, one new direction about every five points."""
    knots = max(2, count // 5)
    return np.interp(np.arange(count), np.linspace(0, count - 1, knots), rng.standard_normal(knots))
