// What the instruments share. Python puts this file before the instrument's own, so that nothing is built or fetched.

/** Make an element. Names with a hyphen, `role` and `for` become attributes, all others properties. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role" || name === "for") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

/**
 * Prepare the element of an instrument. JupyterLab must not take the keys pressed in it for its own shortcuts, but
 * Ctrl+S or Cmd+S, which saves. It listens as a key's event rises, Notebook 7 as it sinks, and looks for a mark
 * on the very element that has the focus: hence both. Returns what undoes this.
 */
function frame(el, ...children) {
  const saves = ({ key, ctrlKey, metaKey }) => key.toLowerCase() === "s" && (ctrlKey || metaKey);
  const guard = (event) => {
    if (el.contains(event.target)) event.target.toggleAttribute("data-lm-suppress-shortcuts", !saves(event));
  };
  window.addEventListener("keydown", guard, true);
  el.addEventListener("keydown", (event) => saves(event) || event.stopPropagation());
  el.classList.add("instrument");
  el.append(...children);
  return () => window.removeEventListener("keydown", guard, true);
}

/**
 * Ask Python one question at a time. While it works, only the newest of each kind waits: a fast scribble never queues up.
 * `answered(content, buffers)` gets each answer, `silent(true)` is called when none has come for three seconds.
 */
function makeAsk(model, answered, silent) {
  const keyOf = ({ kind, piece }) => `${kind} ${piece}`; // the pieces of a file all wait, and go in their order
  const sender = Math.random().toString(36).slice(2); // two views of one instrument each get their own answers
  let busy = false;
  const waiting = new Map(); // the newest question of each kind
  let timer;
  const send = ([content, buffers]) => {
    busy = true;
    clearTimeout(timer);
    timer = setTimeout(() => silent(true), 3000);
    try {
      model.send({ ...content, sender }, undefined, buffers);
    } catch {
      silent(true); // the kernel has gone
    }
  };
  const listen = (content, buffers) => {
    if (content.sender !== sender) return;
    clearTimeout(timer);
    silent(false);
    busy = false;
    const [next] = waiting.values();
    if (next) {
      waiting.delete(keyOf(next[0]));
      send(next);
    }
    answered(content, buffers ?? []);
  };
  model.on("msg:custom", listen);
  const ask = (content, buffers = []) => {
    if (busy) waiting.set(keyOf(content), [content, buffers]);
    else send([content, buffers]);
  };
  ask.stop = () => {
    clearTimeout(timer);
    model.off("msg:custom", listen);
  };
  return ask;
}

const SILENT = "Python does not answer. If no cell is running, run the cell of this instrument again.";

/** Turn a buffer that came from Python (a DataView) into numbers of the given type. */
function numbers(view, Type) {
  return new Type(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

/** Draw values from `low` to `high` as grey, white for `low`; below zero as orange with a dot, so that grey shows it too. */
function paint(canvas, values, columns, low = 0, high = 1) {
  const rows = values.length / columns;
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  values.forEach((value, i) => {
    const ink = Math.min(1, Math.max(0, (value - low) / (high - low || 1)));
    image.data.set([255 * (1 - ink), 255 * (1 - ink), 255 * (1 - ink), 255], 4 * i);
  });
  context.putImageData(image, 0, 0);
}

/**
 * A pad to draw on, with mouse, pen, finger or keys. `changed(picture)` is called after each stroke, undo
 * and clear. `picture()` gives the drawing as the bytes of a PNG, or null when the pad is empty.
 */
function makePad(changed, size = 280) {
  const canvas = make("canvas", { width: 280, height: 280, className: "pad", tabIndex: 0, role: "application" });
  const cursor = make("div", { className: "cursor", hidden: true });
  const spoken = make("span", { className: "spoken", "aria-live": "polite" });
  const help = "Draw here. Keys: the arrows move the pen, space puts it down and lifts it, Ctrl+Z undoes.";
  canvas.setAttribute("aria-label", help);
  canvas.style.width = `${size}px`; // and as high: see the style sheet
  const context = canvas.getContext("2d");
  const at = { x: 140, y: 60 };
  let strokes = [];
  let stroke = null; // the one that is being drawn
  let byKeys = false;
  let told = 0;

  function redraw() {
    context.fillStyle = "white";
    context.fillRect(0, 0, 280, 280);
    for (const { width, points } of strokes) line(points, width);
  }
  function line(points, width) {
    context.strokeStyle = "black";
    context.lineWidth = width;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    context.moveTo(...points[0]);
    for (const point of points) context.lineTo(...point);
    context.stroke();
  }
  function extend(x, y) {
    stroke.points.push([x, y]);
    line(stroke.points.slice(-2), stroke.width);
  }
  function begin(x, y) {
    stroke = { width: pad.width, points: [[x, y]] };
    strokes.push(stroke);
    line(stroke.points, stroke.width);
  }
  function end() {
    stroke = null;
    redraw(); // whole strokes join more smoothly than their pieces, and undo gives the same picture again
    tell();
  }
  /** A picture that is ready after a newer one is not told. */
  async function tell() {
    const mine = ++told;
    const picture = await pad.picture();
    if (mine === told) changed(picture);
  }
  function place(event) {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * 280) / box.width, ((event.clientY - box.top) * 280) / box.height];
  }
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || stroke) return;
    event.preventDefault();
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    byKeys = false;
    cursor.hidden = true;
    begin(...place(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!stroke || byKeys) return;
    const between = event.getCoalescedEvents?.() ?? []; // a fast pen moves several times between two pictures
    for (const each of between.length ? between : [event]) extend(...place(each));
  });
  for (const name of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(name, () => stroke && !byKeys && end());
  }
  function showCursor() {
    cursor.hidden = false;
    cursor.classList.toggle("down", stroke !== null);
    cursor.style.left = `${(at.x / 280) * 100}%`;
    cursor.style.top = `${(at.y / 280) * 100}%`;
  }
  canvas.addEventListener("focus", () => canvas.matches(":focus-visible") && showCursor());
  canvas.addEventListener("blur", () => (cursor.hidden = true));
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (step && !(stroke && !byKeys)) {
      const far = event.shiftKey ? 3 : 10;
      at.x = Math.min(270, Math.max(10, at.x + far * step[0]));
      at.y = Math.min(270, Math.max(10, at.y + far * step[1]));
      if (stroke) extend(at.x, at.y);
    } else if (event.key === " " && !(stroke && !byKeys)) {
      if (stroke) end();
      else begin(at.x, at.y);
      byKeys = stroke !== null;
      spoken.textContent = stroke ? "pen down" : "pen up";
    } else if (event.key === "z" && (event.ctrlKey || event.metaKey)) pad.undo();
    else return;
    event.preventDefault();
    showCursor();
  });
  const pad = {
    width: 22,
    element: make("div", { className: "paper" }, canvas, cursor, spoken),
    help,
    undo() {
      stroke = null;
      strokes.pop();
      redraw();
      tell();
    },
    clear() {
      stroke = null;
      strokes = [];
      redraw();
      tell();
    },
    async picture() {
      if (!strokes.length) return null;
      const file = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
      return file.arrayBuffer();
    },
  };
  redraw();
  return pad;
}

/** A probability in words: what is rounded never reads as certainty. */
const percent = (part) => (part > 0.99 ? "over 99 %" : part < 0.01 ? "under 1 %" : `${Math.floor(100 * part)} %`);

/** Ten bars, one for each digit, and the reading as a sentence, which a screen reader speaks. */
function makeBars() {
  const rows = Array.from({ length: 10 }, (_, digit) => {
    const bar = make("span", { className: "bar" });
    const share = make("span", { className: "share" });
    return { bar, share, row: make("div", { className: "row" }, `${digit}`, make("span", { className: "rail" }, bar), share) };
  });
  const reading = make("p", { className: "reading", "aria-live": "polite", textContent: "Nothing drawn yet." });
  return {
    element: make("div", { className: "bars" }, reading, ...rows.map(({ row }) => row)),
    /** Show ten probabilities, or the sentence when there are none; doubted: whether the reader believes no answer. */
    show(probabilities, sentence = "Nothing drawn yet.", doubted = false) {
      const best = probabilities ? probabilities.indexOf(Math.max(...probabilities)) : -1;
      rows.forEach(({ bar, share, row }, digit) => {
        const part = probabilities ? probabilities[digit] : 0;
        bar.style.width = `${100 * part}%`;
        share.textContent = probabilities ? percent(part) : "";
        row.classList.toggle("best", digit === best);
      });
      reading.textContent = probabilities
        ? `Read as ${best}, ${doubted ? "but doubted" : `with ${percent(probabilities[best])} probability`}.`
        : sentence;
      return best;
    },
  };
}
