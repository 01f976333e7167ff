// Puts an instrument where the page has a mark for it:
// <div class="instrument" data-instrument="NetworkView" data-asked='{"digit": 9}'>. Until then, and where that fails,
// the mark shows what stands in it: a still picture.

const NEEDED = {
  DigitPad: ["lenet5", "judge"],
  NetworkView: ["lenet5", "judge", "digits", "network_view"],
  KernelLab: ["digits", "kernel_lab"],
  Quiz: [],
};
const STAYS = "It works in your browser alone: what you draw never leaves this page.";
const folder = document.currentScript.src.replace(/[^/]*$/, "");
const loading = {};

/** Load what is packed under a name, once: a classic script, which a page from a folder may load as well. */
function load(name) {
  return (loading[name] ??= new Promise((resolve, reject) => {
    const script = make("script", { src: `${folder}data-${name}.js`, onerror: () => reject(new Error(name)) });
    script.onload = () => resolve(globalThis.readingData[name]);
    document.head.append(script);
  }));
}

async function mount(mark) {
  const name = mark.dataset.instrument;
  const still = [...mark.childNodes];
  try {
    const packed = await Promise.all(NEEDED[name].map(async (each) => [each, await load(each)]));
    const model = await models[name](JSON.parse(mark.dataset.asked ?? "{}"), Object.fromEntries(packed));
    mark.replaceChildren();
    instruments[name]({ model, el: mark });
    if (mark.querySelector(".pad") && !document.querySelector(".stays")) {
      mark.after(make("p", { className: "stays", textContent: STAYS }));
    }
  } catch (error) {
    const sentence = "This picture cannot be played with here: a part of the page is missing. Load it again.";
    mark.replaceChildren(...still, make("p", { role: "status", textContent: sentence }));
    console.error(error);
  }
}

/** Each comes to life shortly before it is seen: a page with several is read at once. */
function mountAll() {
  const nearly = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        nearly.unobserve(target);
        mount(target);
      }
    },
    { rootMargin: "800px" },
  );
  const marks = [...document.querySelectorAll("[data-instrument]")];
  for (const mark of marks.filter(({ dataset }) => dataset.instrument in NEEDED)) nearly.observe(mark);
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", mountAll);
else mountAll();
