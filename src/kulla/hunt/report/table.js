// Paged tables of hits: the one of all, and the one inside each opened group.
const PAGE = 100;

class HitTable {
  constructor(place, size, whole) {
    this.place = place; this.size = size; this.whole = whole; this.page = 0; this.hits = []; this.order = null; this.down = false;
  }

  show(hits) { this.hits = hits; this.page = 0; this.sort(); }

  sort() {
    this.sorted = this.hits;
    if (this.order) {
      const value = this.order, sign = this.down ? -1 : 1;
      this.sorted = [...this.hits].sort((a, b) => { const x = value(a), y = value(b); return x < y ? -sign : x > y ? sign : a - b; });
    } else if (this.down) this.sorted = [...this.hits].reverse();
    this.draw();
  }

  reveal(hit) {
    const at = this.sorted.indexOf(hit);
    if (at < 0) return null;
    this.page = Math.floor(at / this.size);
    this.draw();
    return this.place.querySelector(`tr[data-hit="${hit}"]`);
  }

  columns() {
    const group = (i) => GROUPS[HITS.g[i]];
    return [["Time (UTC)", "205px", null], ...(this.whole ? [
      ["Level", "130px", (i) => LEVELS.indexOf(group(i).level)], ["Rule", "30%", (i) => group(i).title],
      ["Host", "11%", (i) => group(i).host], ["By", "13%", (i) => group(i).entity]] : []),
    ["File and record", "", (i) => DATA.files[HITS.f[i]] + "\n" + String(HITS.r[i]).padStart(20, "0")]];
  }

  draw() {
    const table = document.createElement("table"), head = document.createElement("thead"), body = document.createElement("tbody");
    const heads = document.createElement("tr");
    this.columns().forEach(([title, width, value], number) => {
      const cell = document.createElement("th"), button = element("button", title + (this.at === number ? (this.down ? " ▾" : " ▴") : ""));
      cell.style.width = width;
      cell.setAttribute("aria-sort", this.at === number ? (this.down ? "descending" : "ascending") : "none");
      button.addEventListener("click", () => {
        this.down = this.at === number ? !this.down : false;
        this.at = number; this.order = value; this.sort();
      });
      cell.append(button);
      heads.append(cell);
    });
    head.append(heads);
    for (const hit of this.sorted.slice(this.page * this.size, (this.page + 1) * this.size)) body.append(this.line(hit));
    table.append(head, body);
    this.place.replaceChildren(table, this.pager());
  }

  line(hit) {
    const group = GROUPS[HITS.g[hit]], level = document.createElement("td"), time = element("td", null, "time");
    const open = element("a", moment(HITS.t[hit]));
    open.href = "#hit-" + hit;
    open.setAttribute("aria-expanded", "false");
    time.append(open);
    level.append(levelMark(group.level));
    const file = DATA.files[HITS.f[hit]] + " : " + HITS.r[hit];
    const made = row(this.whole ? [time, level, group.title, group.host || "–", group.entity.replace(":", " ") || "–", file] : [time, file]);
    made.className = "hit";
    made.dataset.hit = hit;
    made.addEventListener("click", (event) => {
      if (window.getSelection().toString()) return;
      event.preventDefault();
      toggleHit(made);
    });
    return made;
  }

  pager() {
    const pages = Math.ceil(this.sorted.length / this.size), bar = element("div", null, "pager");
    if (pages < 2) return bar;
    const turn = (text, to) => {
      const button = element("button", text);
      button.disabled = to < 0 || to >= pages;
      button.addEventListener("click", () => { this.page = to; this.draw(); });
      return button;
    };
    bar.append(turn("‹ Previous", this.page - 1), `Page ${(this.page + 1).toLocaleString("en")} of ${pages.toLocaleString("en")}`, turn("Next ›", this.page + 1));
    return bar;
  }
}

function toggleHit(line, open) {
  const next = line.nextElementSibling, shown = next !== null && next.classList.contains("detail");
  if (open === true && shown) return;
  line.querySelector("a").setAttribute("aria-expanded", String(!shown));
  if (shown) { next.remove(); return; }
  const detail = element("tr", null, "detail"), cell = document.createElement("td");
  cell.colSpan = line.children.length;
  cell.append(eventBox(Number(line.dataset.hit)));
  detail.append(cell);
  line.after(detail);
}
