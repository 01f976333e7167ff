// KernelLab: slide a kernel over a digit, and read the arithmetic under the window.

const SCALE = 8; // screen pixels for one pixel of the digit

function render({ model, el }) {
  const at = { row: 10, column: 10 }; // of the result
  const input = make("canvas", { tabIndex: 0, role: "img" });
  const output = make("canvas", { tabIndex: 0, role: "img" });
  const formula = make("p", { "aria-live": "polite" });
  const sum = make("div", { "aria-live": "polite", className: "sum", tabIndex: 0, role: "group", "aria-label": "the sum under the window" });
  const cells = make("div", { className: "kernel" });
  const field = (name, min, max) => {
    const box = make("input", { type: "number", min, max, value: model.get(name) });
    box.addEventListener("change", () => {
      set(name, Math.min(max, Math.max(min, Math.round(Number(box.value)) || min)));
    });
    return box;
  };
  const boxes = { digit: field("digit", 0, 4999), stride: field("stride", 1, 4), padding: field("padding", 0, 4) };
  const size = make("select", {}, ...[3, 5].map((side) => make("option", { value: `${side}`, textContent: `${side} x ${side}` })));
  const preset = make("select", {}, make("option", { textContent: "your own" }));
  for (const name of Object.keys(model.get("presets"))) preset.append(make("option", { textContent: name }));

  function set(name, value) {
    model.set(name, value);
    model.save_changes();
    if (name !== "digit") update(); // a new digit comes back from Python
  }

  size.addEventListener("change", () => {
    const side = Number(size.value);
    set("kernel", Array.from({ length: side }, (_, r) => Array.from({ length: side }, (_, c) => Number(r === c && 2 * r + 1 === side))));
  });
  preset.addEventListener("change", () => {
    const kernel = model.get("presets")[preset.value];
    if (kernel) set("kernel", kernel);
  });

  /** The digit with its border of zeros, and the result; both are lists of rows. */
  function calculate() {
    const pixels = numbers(model.get("image"), Uint8Array);
    const kernel = model.get("kernel");
    const [stride, padding, side] = [model.get("stride"), model.get("padding"), kernel.length];
    const wide = 28 + 2 * padding;
    const padded = Array.from({ length: wide }, (_, r) =>
      Array.from({ length: wide }, (_, c) => {
        const [row, column] = [r - padding, c - padding];
        return row >= 0 && row < 28 && column >= 0 && column < 28 ? pixels[28 * row + column] / 255 : 0;
      }),
    );
    const count = Math.floor((wide - side) / stride) + 1;
    const result = Array.from({ length: count }, (_, r) =>
      Array.from({ length: count }, (_, c) => {
        let total = 0;
        for (let i = 0; i < side; i++) for (let j = 0; j < side; j++) total += kernel[i][j] * padded[stride * r + i][stride * c + j];
        return total;
      }),
    );
    return { padded, result, kernel, stride, padding, side };
  }

  function update() {
    const { padded, result, kernel, stride, padding, side } = calculate();
    at.row = Math.min(at.row, result.length - 1);
    at.column = Math.min(at.column, result.length - 1);
    draw(input, padded, 0, 1, at.row * stride, at.column * stride, side);
    const far = Math.max(1e-9, ...result.flat().map(Math.abs));
    const negative = Math.min(...result.flat()) < 0;
    draw(output, result, negative ? -far : 0, far, at.row, at.column, 1);
    input.setAttribute("aria-label", `the digit, ${padded.length} by ${padded.length}, the window at ${at.row}, ${at.column}`);
    output.setAttribute("aria-label", `the result, ${result.length} by ${result.length}; the arrow keys move the window`);
    formula.textContent =
      `Size of the result: (28 + 2 · ${padding} − ${side}) / ${stride} + 1 = ` +
      `${((28 + 2 * padding - side) / stride + 1).toFixed(2).replace(/\.00$/, "")}` +
      (result.length === (28 + 2 * padding - side) / stride + 1 ? "" : `, rounded down: ${result.length}`) +
      (negative ? ". In the result grey is 0, white negative, black positive." : ".");
    const terms = kernel.map((row, i) =>
      row.map((weight, j) => `${weight.toFixed(2)} · ${padded[at.row * stride + i][at.column * stride + j].toFixed(2)}`),
    );
    sum.replaceChildren(
      `Row ${at.row}, column ${at.column}: weight · pixel`,
      make("table", {}, ...terms.map((row) => make("tr", {}, ...row.map((text) => make("td", { textContent: text }))))),
      make("b", { textContent: `sum = ${result[at.row][at.column].toFixed(3)}` }),
    );
    fill(kernel);
  }

  /** Write the kernel into its boxes, which are made anew when their number changes. */
  function fill(kernel) {
    size.value = `${kernel.length}`;
    const known = Object.entries(model.get("presets")).find(([, each]) => JSON.stringify(each) === JSON.stringify(kernel));
    preset.value = known ? known[0] : "your own";
    if (cells.childElementCount !== kernel.length ** 2) {
      cells.style.gridTemplateColumns = `repeat(${kernel.length}, auto)`;
      cells.replaceChildren(
        ...kernel.flatMap((row, i) =>
          row.map((_, j) => {
            const box = make("input", { type: "number", step: 0.1, "aria-label": `weight in row ${i}, column ${j}` });
            box.addEventListener("change", () => {
              const changed = model.get("kernel").map((each) => [...each]);
              changed[i][j] = Number.isFinite(box.valueAsNumber) ? box.valueAsNumber : 0;
              set("kernel", changed);
            });
            return box;
          }),
        ),
      );
    }
    kernel.flat().forEach((weight, place) => {
      const box = cells.children[place];
      if (box !== document.activeElement || box.valueAsNumber !== weight) box.value = Number(weight.toFixed(3));
    });
  }

  function draw(canvas, rows, low, high, row, column, side) {
    const small = document.createElement("canvas");
    paint(small, rows.flat(), rows.length, low, high);
    canvas.width = canvas.height = SCALE * rows.length;
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0, canvas.width, canvas.height);
    context.strokeStyle = "#d55e00";
    context.lineWidth = 2;
    context.strokeRect(SCALE * column + 1, SCALE * row + 1, SCALE * side - 2, SCALE * side - 2);
  }

  function move(row, column) {
    const last = calculate().result.length - 1;
    at.row = Math.min(last, Math.max(0, row));
    at.column = Math.min(last, Math.max(0, column));
    update();
  }
  for (const canvas of [input, output]) {
    canvas.addEventListener("pointermove", (event) => {
      const { stride, side } = calculate();
      const scale = (canvas.width / canvas.getBoundingClientRect().width) / SCALE;
      const [x, y] = [event.offsetX * scale, event.offsetY * scale];
      if (canvas === output) move(Math.floor(y), Math.floor(x));
      else move(Math.floor((y - (side - 1) / 2) / stride), Math.floor((x - (side - 1) / 2) / stride));
    });
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      if (!step) return;
      event.preventDefault();
      move(at.row + step[0], at.column + step[1]);
    });
  }

  const refresh = () => {
    for (const [name, box] of Object.entries(boxes)) box.value = model.get(name);
    update();
  };
  const names = ["image", "kernel", "stride", "padding"].map((name) => `change:${name}`).join(" ");
  model.on(names, refresh);
  const labelled = (text, box) => make("label", {}, text, box);
  const titled = (title, canvas) => make("figure", {}, make("figcaption", { textContent: title }), canvas);
  const unframe = frame(
    el,
    make(
      "div",
      {},
      labelled("Validation digit number", boxes.digit),
      labelled("Preset", preset),
      labelled("Kernel", size),
      cells,
      labelled("Stride", boxes.stride),
      labelled("Padding", boxes.padding),
    ),
    titled("the digit, with its border of zeros; the window in orange", input),
    titled("the result", output),
    make("div", {}, formula, sum, make("p", { className: "small", textContent: "Move the window with the pointer, or with the arrow keys." })),
  );
  refresh();
  return () => {
    unframe();
    model.off(names, refresh);
  };
}

export default { render };
