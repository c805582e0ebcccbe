// The page comes to life: filter, groups, keys, fragments.
const form = byId("filter"), cards = [...document.querySelectorAll(".group")], all = new HitTable(byId("hits"), PAGE, true);
const ROWS = { text: "f-text", level: "f-level", host: "f-host", tactic: "f-tactic", rule: "f-rule", since: "f-since", until: "f-until" };
let selected = select(), current = null, waiting = 0;

function apply() {
  selected = select();
  const narrowed = Object.values(FILTER).some(Boolean);
  let shown = 0;
  for (const card of cards) {
    const passes = !narrowed || selected.counts.has(Number(card.dataset.group));
    card.hidden = !passes;
    if (passes) shown++;
    if (passes && card.open) fill(card);
  }
  byId("groups-none").hidden = shown > 0 || !cards.length;
  all.show(selected.hits);
  const technique = FILTER.technique ? `technique ${FILTER.technique}: ` : "";
  byId("f-count").textContent = narrowed
    ? `${technique}${shown.toLocaleString("en")} of ${cards.length.toLocaleString("en")} listed groups, ${selected.hits.length.toLocaleString("en")} of ${COUNT.toLocaleString("en")} hits in the page pass the filter` : "";
}

function fill(card) {
  const g = Number(card.dataset.group), place = card.querySelector(".more");
  const hits = selected.hits.filter((i) => HITS.g[i] === g), table = new HitTable(place, 20, false);
  card.querySelector(".first")?.remove();
  table.show(hits);
  const line = place.querySelector("tr.hit");
  if (line) toggleHit(line, true);
  if (GROUPS[g].n > DATA.perGroup) place.append(element("p", `The first ${DATA.perGroup.toLocaleString("en")} of ${GROUPS[g].n.toLocaleString("en")} hits are in the page; all are in the .jsonl and .parquet outputs.`, "quiet"));
}

function toForm() {
  for (const [name, id] of Object.entries(ROWS)) byId(id).value = FILTER[name];
}

function fromForm() {
  for (const [name, id] of Object.entries(ROWS)) FILTER[name] = byId(id).value;
  const pairs = Object.entries(FILTER).filter(([, value]) => value);
  history.replaceState(null, "", pairs.length ? "#f?" + new URLSearchParams(pairs) : location.pathname + location.search);
  apply();
}

// #f?level=high&host=… filters, #g-… opens a group, #hit-… a hit, #r-… a rule, #incident-A an incident.
function follow() {
  const hash = location.hash;
  if (hash.startsWith("#f?")) {
    const wanted = new URLSearchParams(hash.slice(3));
    for (const name of Object.keys(FILTER)) FILTER[name] = wanted.get(name) || "";
    toForm();
    apply();
    if (FILTER.since || FILTER.until) byId("hits-title").scrollIntoView();
    else byId("groups-title").scrollIntoView();
    return;
  }
  const hit = /^#hit-(\d+)$/.exec(hash);
  if (hit) { showHit(Number(hit[1])); return; }
  let target = null;
  try { target = byId(decodeURIComponent(hash.slice(1))); } catch { return; }
  if (target instanceof HTMLDetailsElement) {
    if (target.hidden) { form.reset(); clear(); }
    target.open = true;
    point(target.classList.contains("group") ? target : null);
    target.scrollIntoView();
  }
}

function showHit(hit) {
  let line = all.reveal(hit);
  if (!line && hit < COUNT) { clear(); line = all.reveal(hit); }
  if (!line) return;
  toggleHit(line, true);
  point(line);
  line.scrollIntoView({ block: "center" });
}

function clear() {
  for (const name of Object.keys(FILTER)) FILTER[name] = "";
  toForm();
  apply();
}

const stops = () => [...cards.filter((card) => !card.hidden), ...document.querySelectorAll("#hits tr.hit")];
function point(stop) {
  current?.classList.remove("at");
  current = stop;
  if (!stop) return;
  stop.classList.add("at");
  (stop.querySelector("summary") || stop.querySelector("a"))?.focus({ preventScroll: true });
}
function step(by) {
  const list = stops(), at = list.indexOf(current);
  const next = list[at < 0 ? 0 : Math.min(list.length - 1, Math.max(0, at + by))];
  if (next) { point(next); next.scrollIntoView({ block: "nearest" }); }
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
  if (event.key === "Escape" && typing) event.target.blur();
  if (typing) return;
  if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "/") { event.preventDefault(); byId("f-text").focus(); byId("f-text").select(); }
});
form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(fromForm, 120); });
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(() => { FILTER.technique = ""; fromForm(); }));
for (const card of cards) card.addEventListener("toggle", () => { if (card.open) fill(card); });
window.addEventListener("hashchange", follow);
// A link to the fragment already shown fires no hashchange: the filter may have moved on since.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href^='#']");
  if (link && link.hash === location.hash && !event.defaultPrevented) follow();
});
form.hidden = false;
document.documentElement.dataset.ready = "yes";
apply();
follow();
