// What the book's scripts make of many digits and drawings: the tests call this in Node and in a browser.

/** data: {lenet5, judge, digits, drawings}, as they are packed; side: the pixels of a drawing's. */
async function readAll(data, side) {
  const [lenet5, judge] = [weightsOf(data.lenet5), weightsOf(data.judge)];
  const rows = (bytes, length) => Array.from({ length: bytes.length / length }, (_, n) => bytes.subarray(n * length, (n + 1) * length));
  const digits = rows(await digitsFrom(data.digits), 784).map((bytes) => new Float32Array(bytes).map((each) => each / 255));
  const drawings = rows(await digitsFrom(data.drawings), side * side).map((grey) => {
    const found = prepare(grey, side, side);
    if (!found) return { image: null };
    const [probabilities, said] = [forward(lenet5, found.image).output, forward(judge, found.image).output];
    return { image: [...found.image], probabilities: [...probabilities], said: [...said], doubts: doubtsAbout(found, judge), warnings: warningsAbout(found) };
  });
  const layers = Object.values(forward(lenet5, digits[0])).map((values) => [...values]);
  return { probabilities: digits.map((image) => [...forward(lenet5, image).output]), layers, drawings };
}
