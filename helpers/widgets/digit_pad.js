// DigitPad: draw a digit, and see after each stroke what the network reads.

function render({ model, el }) {
  const bars = makeBars();
  const sees = make("canvas", { width: 28, height: 28, role: "img", "aria-label": "nothing drawn yet" });
  sees.style.width = sees.style.height = "112px";
  const notes = make("ul", { className: "notes", "aria-live": "polite" });
  const status = make("p", { role: "status" });
  const label = make("select", { "aria-label": "the digit that you drew" });
  for (let digit = 0; digit < 10; digit++) label.append(make("option", { textContent: `${digit}` }));

  const say = (sentences) => notes.replaceChildren(...sentences.map((text) => make("li", { textContent: text })));
  const ask = makeAsk(
    model,
    (content, [image]) => {
      if (content.kept) {
        status.textContent = content.kept;
      } else {
        const best = bars.show(content.probabilities, content.error, content.doubts?.length > 0);
        say([...new Set([...(content.doubts ?? []), ...(content.warnings ?? [])])]);
        if (best >= 0) label.value = `${best}`;
        const values = image ? Array.from(numbers(image, Uint8Array)) : new Array(784).fill(0);
        paint(sees, values, 28, 0, 255);
        sees.setAttribute("aria-label", best < 0 ? "nothing" : "your digit, shrunk to 28 by 28 and centred");
        el.dataset.answers = Number(el.dataset.answers ?? 0) + 1;
      }
    },
    (silent) => say(silent ? [SILENT] : []),
  );

  const pad = makePad((picture) => {
    status.textContent = "";
    ask({ kind: "read" }, picture ? [picture] : []);
  });
  const keep = async () => {
    const picture = await pad.picture();
    if (picture) ask({ kind: "keep", label: label.value }, [picture]);
    else status.textContent = "Draw a digit first.";
  };
  const width = make("input", { type: "range", min: 8, max: 40, value: pad.width });
  const wide = make("span", { textContent: `${pad.width}`, "aria-hidden": "true" }); // the slider speaks for itself
  width.addEventListener("input", () => {
    pad.width = Number(width.value);
    wide.textContent = width.value;
  });
  const press = (text, onclick) => make("button", { type: "button", textContent: text, onclick });

  const unframe = frame(
    el,
    make(
      "div",
      {},
      pad.element,
      make("div", { className: "tools" }, press("Undo", pad.undo), press("Clear", pad.clear)),
      make("label", {}, "Pen width", width, wide),
      make("p", { className: "small", textContent: pad.help }),
    ),
    bars.element,
    make(
      "div",
      {},
      make("figure", {}, make("figcaption", { textContent: "what the network sees" }), sees),
      make("label", {}, "It is a", label),
      press("Keep as my digit", keep),
      status,
    ),
    notes, // last: a warning moves nothing
  );
  return () => {
    unframe();
    ask.stop();
  };
}

export default { render };
