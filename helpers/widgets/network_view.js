// NetworkView: a digit on its way through the network, layer by layer, and any unit of it under the magnifying glass.

function render({ model, el }) {
  let layers = []; // of the last answer: {name, shape, maps, columns, values}
  let chosen = { layer: 0, unit: 0 };
  const panels = make("div", { className: "layers" });
  const bars = makeBars();
  const detail = make("p", { "aria-live": "polite" });
  const about = make("p");
  const weights = make("canvas", { role: "img" });
  const patch = make("canvas", { role: "img" });
  const status = make("p", { role: "status" });
  const layer = make("select", { "aria-label": "layer" });
  const unit = make("input", { type: "number", min: 1, value: 1, "aria-label": "number of the unit" });
  const number = make("input", { type: "number", min: 0, max: 4999, value: model.get("digit") });
  const input = make("canvas", { role: "img", "aria-label": "the digit that the network sees" });
  input.style.width = input.style.height = "84px";

  const ask = makeAsk(
    model,
    (content, buffers) => {
      status.textContent = content.error ?? "";
      if (content.layers) showMaps(content, buffers);
      if (content.detail) showUnit(content, buffers);
    },
    (silent) => (status.textContent = silent ? SILENT : ""),
  );
  const pad = makePad((picture) => {
    ask({ kind: "maps" }, picture ? [picture] : []);
  }, 168);
  const askNumber = () => ask({ kind: "maps", digit: Math.min(4999, Math.max(0, Number(number.value) || 0)) });
  number.addEventListener("change", askNumber);

  /** Put the maps of a layer side by side into one picture; those of more than one pixel stand a pixel apart. */
  function arrange({ values, maps, height, width, columns, highest }) {
    const gap = Number(width > 1);
    const across = columns * (width + gap) - gap;
    const down = Math.ceil(maps / columns) * (height + gap) - gap;
    const picture = new Array(across * down).fill(highest / 4);
    for (let map = 0; map < maps; map++) {
      const left = (map % columns) * (width + gap);
      const top = Math.floor(map / columns) * (height + gap);
      for (let i = 0; i < height * width; i++) {
        picture[(top + Math.floor(i / width)) * across + left + (i % width)] = values[map * height * width + i];
      }
    }
    return [picture, across];
  }

  function showMaps(content, [image, activations]) {
    paint(input, Array.from(numbers(image, Float32Array)), 28);
    const all = Array.from(numbers(activations, Float32Array));
    let start = 0;
    layers = content.layers.map((each) => {
      const values = all.slice(start, (start += each.maps * each.height * each.width));
      return { ...each, values, highest: Math.max(1e-9, ...values) };
    });
    if (!panels.childElementCount) build();
    layers.forEach((each, place) => {
      const [picture, across] = arrange(each);
      const canvas = panels.children[place].querySelector("canvas");
      paint(canvas, picture, across, 0, each.highest);
      canvas.style.width = `${across * each.scale}px`;
      canvas.setAttribute("aria-label", `${each.name}, ${each.text}, largest value ${each.highest.toFixed(2)}`);
    });
    bars.show(content.probabilities, "No digit.", content.doubted);
    el.dataset.answers = Number(el.dataset.answers ?? 0) + 1;
    magnify();
  }

  /** One frame for each layer; a click on a map or a unit puts it under the magnifying glass. */
  function build() {
    layers.forEach(({ name, text }, place) => {
      const canvas = make("canvas", { role: "img" });
      canvas.addEventListener("click", (event) => {
        const { width, height, columns, maps } = layers[place];
        const box = canvas.getBoundingClientRect();
        const gap = Number(width > 1);
        const column = Math.floor((((event.clientX - box.left) / box.width) * canvas.width) / (width + gap));
        const row = Math.floor((((event.clientY - box.top) / box.height) * canvas.height) / (height + gap));
        chosen = { layer: place, unit: Math.min(maps - 1, row * columns + column) };
        magnify();
      });
      const mark = make("div", { className: "box chosen", hidden: true });
      const paper = make("div", { className: "paper" }, canvas, mark);
      panels.append(make("fieldset", {}, make("legend", { textContent: `${name}: ${text}` }), paper));
      layer.append(make("option", { value: `${place}`, textContent: name }));
    });
  }

  /** Frame the chosen map, and no other. */
  function mark() {
    layers.forEach(({ columns, maps, height, width }, place) => {
      const frame = panels.children[place].querySelector(".box");
      frame.hidden = place !== chosen.layer;
      const gap = Number(width > 1);
      const across = columns * (width + gap) - gap;
      const down = Math.ceil(maps / columns) * (height + gap) - gap;
      const part = (pixels, all) => `${(100 * pixels) / all}%`;
      frame.style.left = part((chosen.unit % columns) * (width + gap), across);
      frame.style.top = part(Math.floor(chosen.unit / columns) * (height + gap), down);
      frame.style.width = part(width, across);
      frame.style.height = part(height, down);
    });
  }

  function magnify() {
    const { maps, height, width, name, values } = layers[chosen.layer];
    mark();
    layer.value = `${chosen.layer}`;
    unit.max = maps;
    unit.value = chosen.unit + 1;
    const size = height * width;
    const now = Math.max(...values.slice(chosen.unit * size, (chosen.unit + 1) * size));
    detail.textContent = `Unit ${chosen.unit + 1} of ${maps} in ${name}. Its largest value now: ${now.toFixed(2)}.`;
    ask({ kind: "unit", ...chosen });
  }
  layer.addEventListener("change", () => {
    chosen = { layer: Number(layer.value), unit: 0 };
    magnify();
  });
  unit.addEventListener("change", () => {
    const { maps } = layers[chosen.layer];
    chosen.unit = Math.min(maps, Math.max(1, Math.round(Number(unit.value)) || 1)) - 1;
    magnify();
  });

  function showUnit({ detail: text, kernel, patch: size }, [values, pixels]) {
    about.textContent = text;
    weights.hidden = !kernel;
    if (kernel) {
      const list = Array.from(numbers(values, Float32Array));
      const [picture, across] = arrange({ ...kernel, values: list, highest: 0 });
      const far = Math.max(...list.map(Math.abs), 1e-9);
      paint(weights, picture, across, -far, far);
      weights.style.width = `${across * kernel.scale}px`;
      weights.setAttribute("aria-label", `the weights, from ${-far.toFixed(2)} (white) to ${far.toFixed(2)} (black)`);
    }
    paint(patch, Array.from(numbers(pixels, Float32Array)), size);
    patch.style.width = "72px";
    patch.setAttribute("aria-label", "the part of a digit that excites this unit most");
  }

  const titled = (title, canvas) => make("figure", {}, make("figcaption", { textContent: title }), canvas);
  const unframe = frame(
    el,
    make(
      "div",
      { className: "study" }, // what a click on a map changes stands beside the maps, in view
      make(
        "div",
        { className: "tools" },
        pad.element,
        make(
          "div",
          {},
          titled("what the network sees", input),
          make("button", { type: "button", textContent: "Clear", onclick: pad.clear }),
        ),
      ),
      make("label", {}, "or validation digit number", number),
      make(
        "fieldset",
        { className: "unit" },
        make("legend", { textContent: "One unit (click on a map, or choose)" }),
        make("div", { className: "tools" }, layer, unit),
        detail,
        about,
        make(
          "div",
          { className: "tools" },
          titled("its weights: black positive, grey 0, white negative", weights),
          titled("what excites it most", patch),
        ),
      ),
      status,
      bars.element,
      make("p", { className: "small", textContent: pad.help }),
    ),
    panels,
  );
  askNumber();
  return () => {
    unframe();
    ask.stop();
  };
}

export default { render };
