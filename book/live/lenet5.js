// LeNet-5 reads a drawing, in JavaScript alone: first the drawing becomes 28 x 28, then the network looks at it.
// The same steps as helpers/handwriting/centre.py and helpers/forward.py take: tests hold them to the same numbers.
// Which strokes of the drawing are the digit, ink.js says before.

// --- The drawing becomes 28 x 28 -----------------------------------------------------------------------------------

/** The value at a place of a list; at a place between two values, on the straight line from one to the other. */
function between(list, place) {
  const [low, high] = [list[Math.floor(place)], list[Math.ceil(place)]];
  return low + (high - low) * (place % 1);
}

/** The value below which a share of all values lies: 0.5 gives the median. */
const quantile = (values, share) => between(Float64Array.from(values).sort(), share * (values.length - 1));

/** Make 28 numbers of a list: each the mean of its part of the list, or, where the list is shorter, between two. */
function to28(list) {
  const step = list.length / 28;
  return Array.from({ length: 28 }, (_, n) => {
    if (step <= 1) return between(list, Math.min(Math.max(0, (n + 0.5) * step - 0.5), list.length - 1));
    let sum = 0;
    for (let i = Math.floor(n * step); i < Math.min((n + 1) * step, list.length); i++) {
      sum += list[i] * (Math.min((n + 1) * step, i + 1) - Math.max(n * step, i)); // of the pixels at both ends, a part
    }
    return sum / step;
  });
}

/**
 * Give a digit MNIST's size and place: 20 pixels long, its centre of mass in the middle of 28 x 28.
 * points: [column, row, ink] of each pixel in the digit's box; size: the width and the height of the box.
 */
function centre(points, size) {
  const side = Math.round((Math.max(...size) * 28) / 20); // of the square that becomes 28 x 28
  const mass = points.reduce((sum, [, , ink]) => sum + ink, 0);
  const round = (x) => (x % 1 === 0.5 ? 2 * Math.round(x / 2) : Math.round(x)); // a half to the even one, as Python's
  const [left, top] = size.map((long, n) => {
    const middle = points.reduce((sum, point) => sum + point[n] * point[2], 0) / mass;
    return Math.min(Math.max(0, round((side * 14.5) / 28 - 0.5 - middle)), side - long); // pixel 14 of 28, from 0
  });
  const square = Array.from({ length: side }, () => new Array(side).fill(0));
  for (const [column, row, ink] of points) square[top + row][left + column] = ink;
  const turn = (rows) => rows[0].map((_, n) => rows.map((row) => row[n]));
  const small = turn(turn(square.map(to28)).map(to28)).flat();
  const bright = quantile(small.filter((each) => each > 0), 0.9); // becomes 1: full contrast
  return Float32Array.from(small, (each) => Math.min(1, each / bright));
}

/**
 * Prepare a drawing on white (bytes, row by row: 0 black, 255 white). image: 28 x 28 from 0 to 1; beside it, what is
 * to be known of the digit: its size in pixels, how dark it is, whether it touches an edge, how many there are. An
 * empty drawing gives null.
 */
function prepare(grey, width, height) {
  const dark = smooth(new Float32Array(grey).map((each) => 1 - each / 255), width, height);
  const digits = digitsOf(piecesOf(dark, width, height));
  const touches = ({ box }) => box[0] <= 0 || box[1] <= 0 || box[2] >= width || box[3] >= height;
  const digit = digits.find((each) => !touches(each)) ?? digits[0];
  if (!digit) return null;
  const [left, top, right, bottom] = digit.box;
  const size = [right - left, bottom - top];
  const usual = quantile(digit.pixels.map((i) => dark[i]), 0.5); // becomes 1, be it a pen or a pencil
  const points = digit.pixels.map((i) => [i % width, Math.floor(i / width), Math.min(1, dark[i] / usual)]);
  const image = centre(points.map(([column, row, ink]) => [column - left, row - top, ink]), size);
  return { image, size, darkness: usual, atEdge: touches(digit), count: digits.length };
}

// --- The network looks at it ---------------------------------------------------------------------------------------

const relu = (values) => values.map((each) => Math.max(0, each));

/** Each unit multiplies all that it is given with its weights, and adds its bias. */
function dense(values, weights, bias) {
  const sums = bias.slice();
  values.forEach((value, i) => {
    for (let unit = 0; unit < sums.length; unit++) sums[unit] += value * weights[i * sums.length + unit];
  });
  return sums;
}

/** A convolution is a dense layer on each window of 5 x 5. maps: side x side x their number, in a border of zeros. */
function convolve(maps, kernels, bias, border) {
  const depth = kernels.length / 25 / bias.length; // the maps that come in
  const side = Math.sqrt(maps.length / depth);
  const wide = side + 2 * border - 4; // the side of what goes out
  const result = new Float32Array(wide * wide * bias.length);
  const pixels = new Float32Array(25 * depth);
  for (let place = 0; place < wide * wide; place++) {
    for (let n = 0; n < 25; n++) {
      const row = Math.floor(place / wide) + Math.floor(n / 5) - border;
      const column = (place % wide) + (n % 5) - border;
      const there = Math.min(row, column) >= 0 && Math.max(row, column) < side;
      for (let m = 0; m < depth; m++) pixels[n * depth + m] = there ? maps[(row * side + column) * depth + m] : 0;
    }
    result.set(relu(dense(pixels, kernels, bias)), place * bias.length);
  }
  return result;
}

/** Keep the largest number of each 2 x 2: maps of half the side. (None is below zero here.) */
function pool(maps, count) {
  const side = Math.sqrt(maps.length / count);
  const result = new Float32Array(maps.length / 4);
  maps.forEach((value, i) => {
    const [row, column] = [Math.floor(i / count / side), Math.floor(i / count) % side];
    const place = (Math.floor(row / 2) * (side / 2) + Math.floor(column / 2)) * count + (i % count);
    result[place] = Math.max(result[place], value);
  });
  return result;
}

/** What each layer makes of an image (28 x 28, 0 to 1); the output has a probability for each answer. */
function forward([c1, c1Bias, c3, c3Bias, c5, c5Bias, f6, f6Bias, last, lastBias], image) {
  const C1 = convolve(image, c1, c1Bias, 2);
  const S2 = pool(C1, c1Bias.length);
  const C3 = convolve(S2, c3, c3Bias, 0);
  const S4 = pool(C3, c3Bias.length);
  const C5 = relu(dense(S4, c5, c5Bias));
  const F6 = relu(dense(C5, f6, f6Bias));
  const sums = dense(F6, last, lastBias);
  const powers = sums.map((each) => Math.exp(each - Math.max(...sums)));
  const total = powers.reduce((a, b) => a + b);
  return { C1, S2, C3, S4, C5, F6, output: powers.map((each) => each / total) };
}
