// LeNet-5 reads a drawing, in JavaScript alone. The steps are those of helpers/handwriting/ink.py and centre.py and of
// helpers/forward.py: tests hold them to the same numbers. What only photographs have (shadows, grain, faint ink) is
// left out. A picture is a list of rows of numbers, 0 for paper and 1 for black ink; in a layer, a number of each map.

const range = (count) => Array.from({ length: count }, (_, n) => n);
const sum = (values) => values.reduce((one, other) => one + other, 0);
const most = (values) => values.reduce((one, other) => Math.max(one, other));
const joined = (lists) => [].concat(...lists);
const grid = (side, at) => range(side).map((row) => range(side).map((column) => at(row, column)));
const turn = (rows) => rows[0].map((_, column) => rows.map((row) => row[column])); // columns become rows
const bothWays = (change, rows) => turn(turn(rows.map(change)).map(change)); // first the rows, then the columns
function dot(one, other, start = 0, step = 1) { // with every step-th number of the other, from a start on
  let product = 0;
  for (let n = 0; n < one.length; n++) product += one[n] * other[start + n * step];
  return product;
}
/** What stands in a row at a place; between two places, on the straight line from one to the other. */
const between = (row, at) => row[Math.floor(at)] + (row[Math.ceil(at)] - row[Math.floor(at)]) * (at % 1);
/** The value below which a share of all values lies: 0.5 gives the median. */
const quantile = (values, share) => between(Float64Array.from(values).sort(), share * (values.length - 1));

// --- Which strokes are the digit -----------------------------------------------------------------------------------
const BELL = range(9).map((n) => Math.exp(-((n - 4) ** 2) / 2) / Math.sqrt(2 * Math.PI));
/** Smooth a row: each pixel becomes a mean of those around it, weighed with a bell. Beyond its ends, it is mirrored. */
function smooth(row) {
  if (!row.some(Boolean)) return row; // white stays white
  const longer = [...row.slice(1, 5).reverse(), ...row, ...row.slice(-5, -1).reverse()];
  return row.map((_, place) => dot(BELL, longer, place));
}

const [AROUND, NEAR] = [1, 2].map((far) => joined(grid(2 * far + 1, (row, column) => [column - far, row - far])));
/** Take the piece of ink at a place out of a picture: its points, [column, row, ink], the box around them, its ink. */
function takePiece(picture, column, row) {
  const points = [];
  const take = (column, row) => {
    if (!picture[row]?.[column]) return;
    points.push([column, row, picture[row][column]]);
    picture[row][column] = 0;
  };
  take(column, row);
  for (const [column, row] of points) AROUND.forEach(([right, down]) => take(column + right, row + down)); // it grows
  const [columns, rows, inks] = turn(points);
  return { points, box: [-most(columns.map((each) => -each)), row, most(columns) + 1, most(rows) + 1], ink: sum(inks) };
}

/** The pieces of ink, the one with most ink first: what is a third as dark as the darkest, and the soft edge of it. */
function piecesOf(picture) {
  const peak = most(picture.map(most));
  const isNear = (column, row) => NEAR.some(([right, down]) => picture[row + down]?.[column + right] > 0.3 * peak);
  const dark = picture.map((line, row) => line.map((ink, at) => (ink > 0.2 * peak && isNear(at, row) ? ink : 0)));
  const pieces = [];
  dark.forEach((line, row) => line.forEach((ink, column) => ink && pieces.push(takePiece(dark, column, row))));
  return pieces.sort((one, other) => other.ink - one.ink);
}

// A box is [left, top, right, bottom] in pixels; right and bottom lie beyond it.
const sizeOf = ([left, top, right, bottom]) => [right - left, bottom - top];
const boxAround = (pieces) => range(4).map((n) => (n < 2 ? Math.min : Math.max)(...pieces.map(({ box }) => box[n])));
/** Tell whether a piece is a frame: little ink for its size, and something large inside it. */
function isFrame({ box: [left, top, right, bottom], points }, pieces) {
  const large = 0.3 * (bottom - top);
  const inside = ({ box: [l, t, r, b] }) => l > left && t > top && r < right && b < bottom && b - t > large;
  return points.length < large * (right - left) && pieces.some(inside);
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

/** Group pieces into digits, lists of pieces; the one with most ink is first, in each as well. Specks are dropped. */
function digitsOf(pieces) {
  const digits = [];
  for (const piece of pieces.filter((each) => !isFrame(each, pieces))) {
    const digit = digits.find((each) => belongTogether(boxAround(each), piece.box));
    if (!digit) digits.push([piece]);
    else if (piece.ink > 0.02 * digit[0].ink) digit.push(piece);
  }
  const sizes = digits.map((each) => Math.max(...sizeOf(boxAround(each))));
  const usual = quantile(sizes.filter((size) => size > 0.5 * sizes[0]), 0.5);
  return digits.filter((_, n) => sizes[n] > 0.35 * usual);
}

// --- The digit becomes 28 x 28 -------------------------------------------------------------------------------------
/** Make 28 numbers of a row: each the mean of its part of the row, or, where the row is shorter, between two. */
function to28(row) {
  const [end, place] = [row.length - 1, (n) => (n * row.length) / 28];
  if (end < 28) return range(28).map((n) => between(row, Math.min(Math.max(0, place(n + 0.5) - 0.5), end)));
  const sums = [0]; // of all that comes before a place
  for (const each of row) sums.push(sums.at(-1) + each);
  return range(28).map((n) => (between(sums, place(n + 1)) - between(sums, place(n))) / place(1));
}

/** Give a digit MNIST's size and place: 20 pixels long, its centre of mass in the middle of 28 x 28. */
function centre(pieces) {
  const box = boxAround(pieces);
  const side = Math.round((Math.max(...sizeOf(box)) * 28) / 20); // of the square that becomes 28 x 28
  const [columns, rows, inks] = turn(pieces.flatMap(({ points }) => points));
  const usual = quantile(inks, 0.5); // becomes 1, be it a pen or a pencil
  const even = inks.map((ink) => Math.min(1, ink / usual));
  const [right, down] = [columns, rows].map((places, n) => {
    const middle = dot(places, even) / sum(even);
    return Math.min(Math.max(-box[n], Math.round((side * 14.5) / 28 - 0.5 - middle)), side - box[n + 2]);
  });
  const square = grid(side, () => 0);
  even.forEach((ink, n) => (square[rows[n] + down][columns[n] + right] = ink));
  const small = bothWays(to28, square);
  const bright = quantile(joined(small).filter(Boolean), 0.9); // becomes 1: full contrast
  return small.map((row) => row.map((each) => Math.min(1, each / bright)));
}

/** Prepare a picture: the 28 x 28, and what is to be known of its digit. An empty picture gives null. */
function prepare(picture) {
  const digits = digitsOf(piecesOf(bothWays(smooth, picture)));
  const touches = (digit) => boxAround(digit).some((side, n) => side === [0, 0, picture[0].length, picture.length][n]);
  const digit = digits.find((each) => !touches(each)) ?? digits[0];
  if (!digit) return null;
  return { image: centre(digit), size: sizeOf(boxAround(digit)), atEdge: touches(digit), count: digits.length };
}

// --- The network looks at it ---------------------------------------------------------------------------------------
const relu = (values) => values.map((each) => Math.max(0, each));
const cut = (maps, top, left, side) => joined(maps.slice(top, top + side).map((row) => row.slice(left, left + side)));
/** Each unit adds up all that it is given, times its weights, and its bias. */
const dense = (values, weights, bias) => [...bias].map((each, unit) => each + dot(values, weights, unit, bias.length));
/** A convolution is a dense layer on each window of 5 x 5. */
const convolve = (maps, weights, bias) =>
  grid(maps.length - 4, (row, column) => relu(dense(joined(cut(maps, row, column, 5)), weights, bias)));
/** Keep the largest number of each map in each 2 x 2. */
const pool = (maps) =>
  grid(maps.length / 2, (row, column) => turn(cut(maps, 2 * row, 2 * column, 2)).map((four) => Math.max(...four)));

/** What each layer makes of an image (28 x 28, 0 to 1); the output has a probability for each answer. */
function forward([c1, c1Bias, c3, c3Bias, c5, c5Bias, f6, f6Bias, last, lastBias], image) {
  const C1 = convolve(grid(32, (row, column) => [image[row - 2]?.[column - 2] ?? 0]), c1, c1Bias);
  const S2 = pool(C1);
  const C3 = convolve(S2, c3, c3Bias);
  const S4 = pool(C3);
  const C5 = relu(dense(S4.flat(2), c5, c5Bias));
  const F6 = relu(dense(C5, f6, f6Bias));
  const powers = dense(F6, last, lastBias).map(Math.exp);
  return { C1, S2, C3, S4, C5, F6, output: powers.map((each) => each / sum(powers)) };
}
