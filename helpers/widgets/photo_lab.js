// PhotoLab: a picture on its way through the preparation, step by step, with sliders that show what matters.

const PIECE = 1_000_000; // bytes: a message to Python may not be much larger
const LARGEST = 60_000_000;
const SLIDERS = [
  ["ink", "Erase ink fainter than (% of the darkest)", 0, 90, 0],
  ["size", "Longer side of the digit (pixels)", 8, 28, 20],
  ["turn", "Turn (degrees)", -45, 45, 0],
  ["right", "Shift to the right (pixels)", -8, 8, 0],
  ["down", "Shift down (pixels)", -8, 8, 0],
];

function render({ model, el }) {
  const file = make("input", { type: "file", accept: "image/*,.heic,.heif", "aria-label": "choose a picture" });
  const drop = make("div", { className: "drop" }, "Choose a picture, or drop one here. ", file);
  const status = make("p", { role: "status" });
  const photo = make("div", { className: "paper" });
  const stages = make("div", { className: "stages" });
  const found = make("div", { className: "tools", role: "group", "aria-label": "the digits that were found" });
  const bars = makeBars();
  const notes = make("ul", { "aria-live": "polite" });
  let chosen = 0;
  let files = 0;
  let addresses = [];

  const sliders = Object.fromEntries(
    SLIDERS.map(([name, text, min, max, value]) => {
      const slider = make("input", { type: "range", min, max, value });
      const shown = make("span", { textContent: `${value}`, "aria-hidden": "true" }); // the slider speaks for itself
      slider.addEventListener("input", () => {
        shown.textContent = slider.value;
        show();
      });
      return [name, { slider, shown, value, row: make("label", {}, text, slider, shown) }];
    }),
  );
  const show = () => {
    const values = Object.entries(sliders).map(([name, { slider }]) => [name, Number(slider.value)]);
    ask({ kind: "show", digit: chosen, ...Object.fromEntries(values) });
  };
  const reset = () => {
    for (const { slider, shown, value } of Object.values(sliders)) shown.textContent = slider.value = `${value}`;
    show();
  };

  const ask = makeAsk(
    model,
    (content, buffers) => {
      if (content.piece !== undefined) {
        status.textContent = `Sending: ${Math.round(100 * content.piece)} %`;
        return;
      }
      status.textContent = content.error ?? "";
      if (content.stages) showStages(content, buffers);
      else clear(); // the old photograph and its reading would contradict the sentence
      el.dataset.answers = Number(el.dataset.answers ?? 0) + 1;
    },
    (silent) => (status.textContent = silent ? SILENT : ""),
  );

  function showStages(content, buffers) {
    addresses.forEach((address) => URL.revokeObjectURL(address));
    addresses = buffers.map((buffer) => URL.createObjectURL(new Blob([buffer], { type: "image/png" })));
    chosen = content.chosen;
    const pictures = content.stages.map((name, place) => {
      const image = make("img", { src: addresses[place], alt: name });
      if (name === "28 x 28") image.style.width = "140px"; // five times as large, to see the pixels
      return name === "picture" ? image : make("figure", {}, make("figcaption", { textContent: name }), image);
    });
    const boxes = content.readings.map(({ box: [x, y, width, height] }, place) => {
      const mark = make("div", { className: place === chosen ? "box chosen" : "box" });
      Object.assign(mark.style, { left: `${x}%`, top: `${y}%`, width: `${width}%`, height: `${height}%` });
      return mark;
    });
    photo.replaceChildren(pictures[0], ...boxes);
    stages.replaceChildren(...pictures.slice(1));
    const focused = found.contains(document.activeElement);
    found.replaceChildren(
      ...content.readings.map(({ digit, probability, doubted }, place) => {
        const text = `${digit} (${doubted ? "doubted" : percent(probability)})`;
        const onclick = () => {
          chosen = place;
          show();
        };
        return make("button", { type: "button", textContent: text, onclick, "aria-pressed": `${place === chosen}` });
      }),
    );
    if (focused) found.children[chosen]?.focus();
    bars.show(content.probabilities, "No digit was found.", content.doubts.length > 0);
    const sentences = [...new Set([...content.doubts, ...content.warnings])];
    notes.replaceChildren(...sentences.map((text) => make("li", { textContent: text })));
  }

  function clear() {
    for (const each of [photo, stages, found, notes]) each.replaceChildren();
    bars.show(null, "No picture.");
  }

  async function send(picture) {
    if (!picture) return;
    if (picture.size > LARGEST) {
      clear();
      status.textContent = `The file has ${Math.round(picture.size / 1e6)} million bytes: make the picture smaller.`;
      return;
    }
    const bytes = await picture.arrayBuffer();
    const pieces = Math.max(1, Math.ceil(bytes.byteLength / PIECE));
    files += 1;
    chosen = 0;
    for (let piece = 0; piece < pieces; piece++) {
      ask({ kind: "file", file: files, piece, pieces }, [bytes.slice(piece * PIECE, (piece + 1) * PIECE)]);
    }
  }
  file.addEventListener("change", () => send(file.files[0]));
  for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      event.stopPropagation(); // JupyterLab would open the file
      drop.classList.toggle("over", name === "dragenter" || name === "dragover");
      if (name === "drop") send(event.dataTransfer.files[0]);
    });
  }

  const unframe = frame(
    el,
    make(
      "div",
      {},
      drop,
      status,
      photo,
      found,
    ),
    make("div", {}, bars.element, notes, ...Object.values(sliders).map(({ row }) => row), make("button", { type: "button", textContent: "Sliders back", onclick: reset })),
    make("div", {}, stages),
  );
  show();
  return () => {
    unframe();
    ask.stop();
    addresses.forEach((address) => URL.revokeObjectURL(address));
  };
}

export default { render };
