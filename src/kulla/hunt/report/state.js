"use strict";
// The page's data and the filter. Text from events reaches the page only through textContent.
const DATA = JSON.parse(document.getElementById("data").textContent);
const HITS = DATA.hits, GROUPS = DATA.groups, COUNT = HITS.g.length;
const LEVELS = ["informational", "low", "medium", "high", "critical"];
const MARKS = { critical: "!!!!", high: "!!!", medium: "!!", low: "!", informational: "·" };
const byId = (id) => document.getElementById(id);
const FILTER = { text: "", level: "", host: "", tactic: "", technique: "", rule: "", since: "", until: "" };

// Controls, bidirectional and invisible characters are shown as escapes, so that text reads as it is.
const HIDDEN = /(?![\n\t])[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|\udb40[\udc00-\udc7f]/g;
const escapeOne = (found) => found.length > 1 ? "\\U000" + found.codePointAt(0).toString(16)
  : found < "\u0100" ? "\\x" + found.charCodeAt(0).toString(16).padStart(2, "0")
  : "\\u" + found.charCodeAt(0).toString(16).padStart(4, "0");
const visible = (text) => String(text).replace(HIDDEN, escapeOne);

function element(tag, text, kind) {
  const made = document.createElement(tag);
  if (text !== undefined && text !== null) made.textContent = visible(text);
  if (kind) made.className = kind;
  return made;
}

// Times are µs since 1970; Date holds ms, so the rest is written apart.
function moment(time) {
  if (time === null) return "no time";
  const ms = Math.floor(time / 1000), rest = time - ms * 1000, date = new Date(ms);
  if (Number.isNaN(date.getTime())) return "no valid time";
  const text = date.toISOString().replace("T", " ").slice(0, -1);
  return rest ? text + String(rest).padStart(3, "0") : text.replace(/\.000$/, "");
}

function parseTime(text) {
  const found = /^\s*(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?))?Z?\s*$/.exec(text);
  const ms = found ? Date.parse(found[1] + "T" + (found[2] || "00:00") + "Z") : NaN;
  return Number.isNaN(ms) ? null : ms * 1000;
}

// What is said of a group, and of a hit with its event, in lower case, made once when first searched.
const groupText = [], eventText = [];
function textOfGroup(g) {
  const group = GROUPS[g];
  return groupText[g] ??= [group.title, group.rule, group.host, group.entity, ...group.tags].join("\n").toLowerCase();
}
function textOfEvent(e) {
  if (e < 0) return "";
  return eventText[e] ??= valuesOf(DATA.events[e][0]).join("\n").toLowerCase();
}
function valuesOf(json) {
  const event = JSON.parse(json);
  return Object.entries(event).map(([name, value]) => name + " " + (value ?? ""));
}

function groupPasses(g) {
  const group = GROUPS[g];
  return (!FILTER.level || LEVELS.indexOf(group.level) >= LEVELS.indexOf(FILTER.level))
    && (!FILTER.host || group.host === FILTER.host) && (!FILTER.rule || group.rule === FILTER.rule)
    && (!FILTER.tactic || group.tactics.includes(FILTER.tactic))
    && (!FILTER.technique || group.techniques.includes(FILTER.technique));
}

// The hits that pass, and in how many of them each group stands.
function select() {
  const since = parseTime(FILTER.since), until = parseTime(FILTER.until), text = FILTER.text.trim().toLowerCase();
  const passes = GROUPS.map((_, g) => groupPasses(g)), hits = [], counts = new Map();
  for (let i = 0; i < COUNT; i++) {
    const g = HITS.g[i], time = HITS.t[i];
    if (!passes[g]) continue;
    if (since !== null && (time === null || time < since)) continue;
    if (until !== null && (time === null || time >= until)) continue;
    if (text && !textOfGroup(g).includes(text) && !DATA.files[HITS.f[i]].toLowerCase().includes(text)
      && !textOfEvent(HITS.e[i]).includes(text)) continue;
    hits.push(i);
    counts.set(g, (counts.get(g) || 0) + 1);
  }
  return { hits, counts };
}
