// One hit: its event and why it matched.
function levelMark(level) {
  const made = element("span", "", "level l-" + level), mark = element("b", MARKS[level]);
  mark.setAttribute("aria-hidden", "true");
  made.append(mark, " " + level);
  return made;
}

// The literal parts of a test in words, e.g. endswith '\cmd.exe', matches '*a*b*'. A regular expression is not run here:
// the page must not hang on one, so its whole value is marked.
function literals(test) {
  const found = /^(equals|contains|startswith|endswith|matches|re) '([\s\S]*)'/.exec(test || "");
  if (!found || found[1] === "re") return null;
  if (found[1] !== "matches") return found[2] ? [[found[2], found[1]]] : [];
  const parts = [""];
  for (let i = 0; i < found[2].length; i++) {
    const c = found[2][i], next = found[2][i + 1];
    if (c === "\\" && (next === "*" || next === "?" || next === "\\")) { parts[parts.length - 1] += next; i++; }
    else if (c === "*" || c === "?") parts.push("");
    else parts[parts.length - 1] += c;
  }
  return parts.filter(Boolean).map((part) => [part, "matches"]);
}

function highlighted(cell, value, test) {
  const parts = literals(test);
  if (parts === null) { cell.append(element("mark", value)); return; }
  const text = String(value), lower = text.toLowerCase(), exact = lower.length === text.length;
  let from = 0;
  for (const [part, how] of parts) {
    const wanted = part.toLowerCase();
    const at = !exact ? -1 : how === "endswith" ? text.length - part.length : lower.indexOf(wanted, from);
    if (at < from || lower.slice(at, at + wanted.length) !== wanted) continue;
    cell.append(visible(text.slice(from, at)), element("mark", text.slice(at, at + wanted.length)));
    from = at + wanted.length;
  }
  cell.append(visible(text.slice(from)));
}

function row(cells, tag) {
  const made = document.createElement("tr");
  for (const cell of cells) made.append(cell instanceof Node ? cell : element(tag || "td", cell));
  return made;
}

function whyTable(why) {
  const table = element("table", null, "why"), body = document.createElement("tbody"), head = document.createElement("thead");
  head.append(row(["Selection", "Field", "Test", "Value"], "th"));
  for (const selection of why.selections || []) {
    const tests = selection.tests || [];
    if (!tests.length) body.append(row([selection.name, "", selection.met ? "met" : "not met, as the rule asks", ""]));
    for (const test of tests) {
      const value = element("td", null, "value");
      if (test.value === null || test.value === undefined) value.textContent = "(absent)";
      else if (test.met) highlighted(value, test.value, test.test);
      else value.textContent = visible(test.value);
      body.append(row([selection.name, test.field ?? "any field", (test.met ? "" : "not ") + test.test, value]));
    }
  }
  table.append(head, body);
  return table;
}

function fieldsTable(event) {
  const table = element("table", null, "fields"), body = document.createElement("tbody");
  for (const [name, value] of Object.entries(event)) {
    const made = document.createElement("tr"), head = element("th", name);
    head.scope = "row";
    made.append(head, element("td", value === null ? "(null)" : typeof value === "object" ? JSON.stringify(value) : value));
    body.append(made);
  }
  table.append(body);
  return table;
}

function eventBox(i) {
  const box = element("div", null, "event"), e = HITS.e[i], self = element("a", "Link to this hit");
  self.href = "#hit-" + i;
  if (e < 0) {
    box.append(element("p", "The event of this hit is not in the page; it is in the .jsonl and .parquet outputs, under "
      + DATA.files[HITS.f[i]] + " record " + HITS.r[i] + ". "), self);
    return box;
  }
  const why = JSON.parse(DATA.events[e][1]);
  box.append(element("h4", "Why it matched"), whyTable(why));
  if (why.condition) box.append(element("p", "condition: " + why.condition, "quiet"));
  if (!why.selections) box.append(element("pre", JSON.stringify(why, null, 1)));
  box.append(element("h4", "Event"), fieldsTable(JSON.parse(DATA.events[e][0])), self);
  return box;
}
