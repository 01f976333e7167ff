// What can be moved sideways can be reached with the keyboard: long lines of code, wide tables and formulas.
function reachable() {
  for (const box of document.querySelectorAll("article pre, .table-wrapper, .formula")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
reachable();
addEventListener("resize", reachable);
addEventListener("toggle", reachable, true); // what was folded had no width
