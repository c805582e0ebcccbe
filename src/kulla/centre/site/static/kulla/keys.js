// The keyboard of the console. Keys act on the page's own links, rows and buttons: whatever they do, a click does too.
// g + letter: a page of the menu; j k: rows; Enter or o: open; x: choose; /: search; ?: help; other letters: what bears data-key.
(() => {
  "use strict";
  let going = 0;
  const typing = (e) => e.target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
  const rows = () => [...document.querySelectorAll("[data-row]")];
  const here = () => rows().findIndex((row) => row.classList.contains("here"));

  function move(step) {
    const all = rows();
    if (!all.length) return;
    const old = here();
    const next = Math.min(all.length - 1, Math.max(0, old < 0 ? 0 : old + step));
    all.forEach((row, i) => row.classList.toggle("here", i === next));
    const target = all[next].querySelector("a[href]") || all[next];
    target.focus({ preventScroll: true });
    all[next].scrollIntoView({ block: "nearest" });
  }

  function press(key) {
    const all = rows(), at = here();
    if (key === "j") return move(1), true;
    if (key === "k") return move(-1), true;
    if (key === "/") return document.querySelector("[data-search]")?.focus(), true;
    if (key === "x" && at >= 0) {
      const box = all[at].querySelector("input[type=checkbox]");
      if (box) box.click();
      return Boolean(box);
    }
    if (key === "o" && at >= 0) return all[at].querySelector("a[href]")?.click(), true;
    const found = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (!found) return false;
    // An act of a list needs something chosen: the row under the cursor is, when nothing else is.
    if (found.hasAttribute("data-bulk") && at >= 0 && !document.querySelector("[data-row] input[type=checkbox]:checked")) {
      all[at].querySelector("input[type=checkbox]")?.click();
    }
    found.click();
    return true;
  }

  // What scrolls sideways and holds nothing to stop at is a stop itself: else the keyboard cannot scroll it.
  function scrollable() {
    for (const each of document.querySelectorAll(".wide, main pre")) {
      const needs = each.scrollWidth > each.clientWidth && !each.querySelector("a[href], button, input, select, summary");
      if (!needs || each.hasAttribute("tabindex")) continue;
      each.tabIndex = 0;
      each.setAttribute("role", "region");
      const title = each.querySelector("caption") || each.closest("section, main").querySelector("h2, h1");
      each.setAttribute("aria-label", title ? title.textContent.trim() : document.title);
    }
  }
  document.addEventListener("htmx:afterSettle", scrollable);
  window.addEventListener("resize", scrollable);
  scrollable();

  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    if (e.key === "Escape" && typing(e)) return e.target.blur();
    if (typing(e)) return;
    if (Date.now() - going < 1500) {
      going = 0;
      const page = document.querySelector(`[data-go="${CSS.escape(e.key)}"]`);
      if (page) { e.preventDefault(); page.click(); }
      return;
    }
    if (e.key === "g") { going = Date.now(); return; }
    if (press(e.key)) e.preventDefault();
  });

  document.addEventListener("click", (e) => {
    const all = e.target.closest("[data-choose-all]");
    if (all) document.querySelectorAll("[data-row] input[type=checkbox]").forEach((box) => { box.checked = all.checked; });
    if (e.target.closest("[data-print]")) window.print();
  });
})();
