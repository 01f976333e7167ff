// Answers the instruments in place of Python: the same questions, the same answers, in the reader's own browser.

const EMPTY_PAGE = "The page is empty: write a digit on it, in darker ink than this.";

// --- What is packed ------------------------------------------------------------------------------------------------

/** The bytes of a text in base64. */
const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** A number of 16 bits (a sign, 5 bits of exponent, 10 of fraction) as JavaScript's. */
function half(bits) {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction);
}

/** The weights of a network, layer by layer. packed: the sizes of its parts, and its numbers of 16 or 32 bits. */
function weightsOf({ sizes, bits, numbers }) {
  const { buffer } = bytesOf(numbers);
  const all = bits === 16 ? Float32Array.from(new Uint16Array(buffer), half) : new Float32Array(buffer);
  let start = 0;
  return sizes.map((size) => all.subarray(start, (start += size)));
}

/** A picture as lenet5.js wants it: its rows, of all its pixels one after the other. */
const rowsOf = (pixels, width) => range(pixels.length / width).map((n) => [...pixels.slice(n * width, (n + 1) * width)]);

/** The validation digits: 784 bytes each, 0 to 255. */
async function digitsFrom(packed) {
  const stream = new Blob([bytesOf(packed)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// --- What an instrument asks ---------------------------------------------------------------------------------------

/**
 * What an instrument has instead of anywidget's model: a state to get and set, and `send`, which asks a question.
 * answer(content, buffers) gives what Python would: [content, buffers].
 */
function makeModel(state, answer) {
  const listeners = {};
  const tell = (event, ...what) => (listeners[event] ?? []).forEach((listen) => listen(...what));
  return {
    get: (name) => state[name],
    set(name, value) {
      if (state[name] === value) return;
      state[name] = value;
      tell(`change:${name}`);
    },
    save_changes() {}, // nobody else has to know
    on: (events, listen) => events.split(" ").forEach((event) => (listeners[event] ??= new Set()).add(listen)),
    off: (events, listen) => events.split(" ").forEach((event) => listeners[event]?.delete(listen)),
    async send({ sender, ...content }, _, buffers = []) {
      const failed = (error) => [{ error: `This did not work (${error.name}): load the page again.` }, []];
      const [said, parts] = await answer(content, buffers).catch(failed);
      const views = parts.map(({ buffer, byteOffset, byteLength }) => new DataView(buffer, byteOffset, byteLength));
      tell("msg:custom", { ...said, sender }, views);
    },
  };
}

/** A drawing that the pad sent, prepared and judged; null if it is empty. */
async function look(png, judge) {
  const bitmap = await createImageBitmap(new Blob([png], { type: "image/png" }));
  const { width, height } = bitmap;
  const context = make("canvas", { width, height }).getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const red = context.getImageData(0, 0, width, height).data.filter((_, i) => i % 4 === 0); // of a drawing in grey
  const found = prepare(rowsOf(Array.from(red, (each) => 1 - each / 255), width));
  return found && { ...found, warnings: warningsAbout(found), doubts: doubtsAbout(found, judge) };
}

const digitOf = (digits, number) => digits.subarray(784 * number, 784 * (number + 1));

/** Maps one after the other, as they are drawn, of what `at(pixel, map)` gives. */
function mapsOf({ maps, height, width }, at) {
  const pixels = height * width;
  return Float32Array.from({ length: maps * pixels }, (_, i) => at(i % pixels, Math.floor(i / pixels)));
}

/** The model of each instrument. asked: what its cell gives, as in Python; and what is packed. */
const models = {
  async DigitPad(asked, { lenet5, judge }) {
    const [network, second] = [weightsOf(lenet5), weightsOf(judge)];
    return makeModel({}, async ({ kind, label }, [png]) => {
      if (kind === "keep") return [{ kept: save(png, `${label}_drawn.png`) }, []];
      if (!png) return [{ probabilities: null }, []];
      const found = await look(png, second);
      if (!found) return [{ probabilities: null, warnings: [EMPTY_PAGE], doubts: [EMPTY_PAGE] }, []];
      const { image, warnings, doubts } = found;
      const bytes = Uint8Array.from(image.flat(), (each) => Math.round(255 * each));
      return [{ probabilities: forward(network, image).output, warnings, doubts }, [bytes]];
    });
  },

  async NetworkView({ digit = 0 }, { lenet5, judge, digits, network_view: { layers, units } }) {
    const [network, second, all] = [weightsOf(lenet5), weightsOf(judge), await digitsFrom(digits)];
    /** What the network makes of a drawing, of a validation digit, or of nothing. */
    async function maps(png, number) {
      const found = png ? await look(png, second) : null;
      const pixels = number === undefined ? new Uint8Array(784) : digitOf(all, number);
      const image = found?.image ?? rowsOf(Array.from(pixels, (each) => each / 255), 28);
      const values = Object.values(forward(network, image)).map((each) => each.flat(2)); // of all maps at a pixel, ...
      const drawn = layers.map((each, n) => mapsOf(each, (pixel, map) => values[n][pixel * each.maps + map]));
      const probabilities = image.flat().some(Boolean) ? values.at(-1) : null;
      const doubted = Boolean(found?.doubts.length);
      const sent = [image.flat(), drawn.flatMap((each) => [...each])].map((each) => Float32Array.from(each));
      return [{ layers, probabilities, doubted }, sent];
    }
    /** The weights of a unit, and the part of a digit that excites it most. */
    function describe(layer, unit) {
      const { digit: exciting, top, left, ...said } = units[layer][unit];
      const pixels = digitOf(all, exciting);
      const patch = Float32Array.from({ length: said.patch ** 2 }, (_, i) => {
        const [row, column] = [top + Math.floor(i / said.patch), left + (i % said.patch)];
        return Math.min(row, column) < 0 || Math.max(row, column) > 27 ? 0 : pixels[28 * row + column] / 255;
      });
      if (!said.kernel) return [said, [new Float32Array(), patch]];
      const weights = network[2 * units.slice(0, layer).filter(([each]) => each.kernel).length];
      const at = (pixel, map) => weights[(pixel * said.kernel.maps + map) * layers[layer].maps + unit];
      return [said, [mapsOf(said.kernel, at), patch]];
    }
    const answer = async ({ kind, digit: number, layer, unit }, [png]) =>
      kind === "unit" ? describe(layer, unit) : maps(png, number);
    return makeModel({ digit }, answer);
  },

  async KernelLab({ kernel, ...asked }, { kernel_lab: state, digits }) {
    const all = await digitsFrom(digits);
    const model = makeModel({ ...state, ...asked, kernel: state.presets[kernel] ?? kernel ?? state.kernel });
    const choose = () => model.set("image", new DataView(digitOf(all, model.get("digit")).slice().buffer));
    model.on("change:digit", choose);
    choose();
    return model;
  },

  async Quiz(asked) {
    return makeModel({ answers: {}, ...asked });
  },
};

/** Let the browser save a file where its reader keeps such; return a sentence about it. */
function save(content, name) {
  const address = URL.createObjectURL(new Blob([content], { type: "image/png" }));
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
  return `Your browser saves it as ${name}.`;
}
