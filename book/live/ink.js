// Which strokes of a drawing are the digit? As helpers/handwriting/ink.py finds them. What only photographs and forms
// have (shadows, grain, printed lines, a desk around the sheet) is left out: a pad has none of it.

/** Smooth a picture (its rows, one after the other) with a bell of one pixel; beyond an edge it is mirrored. */
function smooth(picture, width, height) {
  const curve = [-4, -3, -2, -1, 0, 1, 2, 3, 4].map((away) => Math.exp(-(away ** 2) / 2));
  const bell = curve.map((each) => each / curve.reduce((a, b) => a + b));
  /** Do so in one direction: `count` pixels in a row, each `step` after the one before. */
  const blur = (from, count, step) => {
    const near = Int32Array.from({ length: 9 * count }, (_, n) => { // of each of them, how far its neighbours are
      const [at, there] = [Math.floor(n / 9), Math.abs(Math.floor(n / 9) + (n % 9) - 4)];
      return ((there < count ? there : 2 * count - 2 - there) - at) * step;
    });
    return from.map((_, i) => {
      const at = 9 * (Math.floor(i / step) % count);
      let sum = 0;
      for (let n = 0; n < 9; n++) sum += bell[n] * from[i + near[at + n]];
      return sum;
    });
  };
  return blur(blur(picture, width, 1), height, width);
}

// A box is [left, top, right, bottom] in pixels; right and bottom lie beyond it.
const sizeOf = ([left, top, right, bottom]) => [right - left, bottom - top];
const join = (one, other) => one.map((side, n) => (n < 2 ? Math.min : Math.max)(side, other[n]));

/**
 * The pieces of ink, {pixels, box, ink}, the one with most ink first. Ink is a third as dark as the darkest, and
 * touches what is half as dark (0 is paper, 1 black). Source of the idea: J. Canny, 1986.
 */
function piecesOf(dark, width, height) {
  const peak = dark.reduce((most, each) => Math.max(most, each), 0);
  const isInk = dark.map((each) => Number(peak > 0.035 && each > Math.max(0.3 * peak, 0.0175)));
  const pieces = [];
  for (let start = isInk.indexOf(1); start >= 0; start = isInk.indexOf(1, start)) {
    const piece = { pixels: [start], box: [width, height, 0, 0], ink: 0 };
    isInk[start] = 0;
    for (const i of piece.pixels) { // grows while it is walked
      const [row, column] = [Math.floor(i / width), i % width];
      piece.box = join(piece.box, [column, row, column + 1, row + 1]);
      piece.ink += dark[i];
      for (let n = 0; n < 9; n++) { // its neighbours
        const [down, right] = [Math.floor(n / 3) - 1, (n % 3) - 1];
        const next = i + down * width + right;
        if (!isInk[next] || column + right < 0 || column + right >= width) continue;
        isInk[next] = 0;
        piece.pixels.push(next);
      }
    }
    if (piece.pixels.some((i) => dark[i] > 0.5 * peak)) pieces.push(piece);
  }
  return pieces.sort((one, other) => other.ink - one.ink);
}

/** Tell whether a piece is the box of a form: little ink for its size, and something large inside it. */
function isFrame({ box, pixels }, pieces) {
  const [width, height] = sizeOf(box);
  const inside = pieces.filter(({ box: b }) => b[0] > box[0] && b[1] > box[1] && b[2] < box[2] && b[3] < box[3]);
  return inside.some((each) => sizeOf(each.box)[1] > 0.3 * height) && pixels.length < 0.3 * width * height;
}

/** Tell whether a loose piece is part of a digit (two boxes): the bar of a 5 above it, or any small piece close by. */
function belongTogether(digit, piece) {
  const [[wide, high], [width, height]] = [sizeOf(digit), sizeOf(piece)];
  const [aside, above] = [0, 1].map((n) => Math.max(piece[n] - digit[n + 2], digit[n] - piece[n + 2], 0));
  const shared = Math.min(digit[2], piece[2]) - Math.max(digit[0], piece[0]);
  const size = Math.max(wide, high);
  if (shared > 0.5 * Math.min(wide, width)) return above < (height < 0.5 * high ? 0.35 : 0.15) * size;
  return Math.max(aside, above) < (Math.max(width, height) < 0.6 * size ? 0.15 : 0.08) * size;
}

/** Group pieces into digits, {pixels, box}, the one with most ink first; specks are dropped. */
function digitsOf(pieces) {
  const digits = [];
  for (const piece of pieces.filter((each) => !isFrame(each, pieces))) {
    const digit = digits.find(({ box }) => belongTogether(box, piece.box));
    if (!digit) digits.push({ pixels: piece.pixels, box: piece.box, most: piece.ink });
    else if (piece.ink > 0.02 * digit.most) {
      digit.pixels = digit.pixels.concat(piece.pixels);
      digit.box = join(digit.box, piece.box);
    }
  }
  const sizes = digits.map(({ box }) => Math.max(...sizeOf(box)));
  const usual = quantile(sizes.filter((size) => size > 0.5 * sizes[0]), 0.5);
  return digits.filter((_, n) => sizes[n] > 0.35 * usual);
}
