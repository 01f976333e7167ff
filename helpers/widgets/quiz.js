// Quiz: choose an answer, and read at once what is right or wrong about it. The page remembers the answers.

function render({ model, el }) {
  const questions = model.get("questions"); // {text, options: {text, name, said}}; text and said are HTML of ours
  const remembered = `quiz ${model.get("name")}`;
  const view = Math.random().toString(36).slice(2); // two views of one quiz have radio buttons of their own

  /** Take these answers ({question: option}), show what is to be said of them, and keep them. */
  function answer(answers) {
    model.set("answers", answers);
    model.save_changes();
    keep(() => localStorage.setItem(remembered, JSON.stringify(answers)));
  }
  function keep(action) {
    try {
      return action();
    } catch {
      return null; // a page that may not remember anything
    }
  }
  const parts = questions.map(({ name, text, options }, number) => {
    const said = make("p", { className: "said", "aria-live": "polite" });
    let spoken = ""; // what has been said is not said again
    const radios = options.map((option) => {
      const radio = make("input", { type: "radio", name: `${view}-${number}`, value: option.name });
      radio.addEventListener("change", () => answer({ ...model.get("answers"), [name]: option.name }));
      return radio;
    });
    const legend = make("legend", { id: `${view}-${number}`, innerHTML: `${number + 1}. ${text}` });
    const lines = options.map((option, place) => make("label", {}, radios[place], make("span", { innerHTML: option.text })));
    return {
      element: make("fieldset", { role: "radiogroup", "aria-labelledby": legend.id }, legend, ...lines, said),
      show(chosen) {
        radios.forEach((radio) => (radio.checked = radio.value === chosen));
        const html = options.find((option) => option.name === chosen)?.said ?? "";
        if (spoken !== html) said.innerHTML = spoken = html;
      },
    };
  });
  const show = () => {
    parts.forEach((part, place) => part.show(model.get("answers")[questions[place].name]));
    again.hidden = !Object.keys(model.get("answers")).length;
  };
  const again = make("button", { type: "button", textContent: "Clear my answers", onclick: () => answer({}) });
  const unframe = frame(el, make("div", { className: "quiz" }, ...parts.map(({ element }) => element), again));
  model.on("change:answers", show);
  const before = keep(() => JSON.parse(localStorage.getItem(remembered)));
  if (before && !Object.keys(model.get("answers")).length) answer(before);
  show();
  return () => {
    unframe();
    model.off("change:answers", show);
  };
}

export default { render };
