// What the book's scripts make of many digits and drawings: the tests call this in Node and in a browser.

/** data: {lenet5, judge, digits, drawings}, as they are packed; side: the pixels of a drawing's. */
async function readAll(data, side) {
  const [lenet5, judge] = [weightsOf(data.lenet5), weightsOf(data.judge)];
  const pictures = async (packed, width, change) => {
    const pixels = await digitsFrom(packed);
    const count = pixels.length / width ** 2;
    return range(count).map((n) => rowsOf(Array.from(pixels.subarray(n * width ** 2, (n + 1) * width ** 2), change), width));
  };
  const digits = await pictures(data.digits, 28, (each) => each / 255);
  const drawings = (await pictures(data.drawings, side, (each) => 1 - each / 255)).map((drawing) => {
    const found = prepare(drawing);
    if (!found) return { image: null };
    const [probabilities, said] = [forward(lenet5, found.image).output, forward(judge, found.image).output];
    return { image: found.image.flat(), probabilities, said, doubts: doubtsAbout(found, judge), warnings: warningsAbout(found) };
  });
  const layers = Object.values(forward(lenet5, digits[0])).map((values) => values.flat(2));
  return { probabilities: digits.map((image) => forward(lenet5, image).output), layers, drawings };
}
