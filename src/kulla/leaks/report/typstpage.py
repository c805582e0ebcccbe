"""The PDF's layout, in Typst's language. It is fixed: all that varies comes as data, and data is never markup."""

from __future__ import annotations

from typing import Final

LAYOUT: Final = r"""
#let doc = json(bytes(sys.inputs.document))
#let ink = rgb("#1b1f24")
#let soft = rgb("#57606a")
#let rule = rgb("#d5d2c8")
#let deep = rgb("#16436f")
#let warn = rgb("#8a3b12")
#let fill-in = rgb("#fffbe6")
// FIRST, TLP 2.0, table 3: a label stands in the head of each page, to the right, its colour on black.
#let tlp = (RED: rgb("#ff2b2b"), AMBER: rgb("#ffc000"), GREEN: rgb("#33ff00"), CLEAR: white)
#let labelled(t) = align(right, box(fill: black, inset: (x: 4pt, y: 3pt), text(12pt, weight: "bold",
  font: "DejaVu Sans Mono", fill: tlp.at(t.split(":").last().split("+").first(), default: white), t)))
#set document(title: doc.title, author: "Kulla", date: datetime(..doc.made))
#set page(
  paper: "a4", margin: (x: 20mm, top: if doc.header == "" { 15mm } else { 22mm }, bottom: 17mm),
  header: if doc.header != "" { labelled(doc.header) },
  footer: context {
    set text(7.5pt, fill: soft)
    grid(columns: (1fr, auto), column-gutter: 8mm, doc.footer,
      [#doc.page #counter(page).display() / #counter(page).final().first()])
  },
)
#set text(font: ("Libertinus Serif", "DejaVu Sans Mono"), size: 10pt, lang: doc.language, fill: ink)
#set par(leading: 0.58em, spacing: 0.8em)
#set list(indent: 2pt, body-indent: 5pt, spacing: 0.58em)
#set enum(indent: 2pt, body-indent: 5pt, spacing: 0.5em)
#show heading: set block(breakable: false, sticky: true)
#show heading.where(level: 1): it => block(below: 9pt, par(leading: 0.5em, text(18pt, weight: "bold", it.body)))
#show heading.where(level: 2): it => block(above: 16pt, below: 7pt, sticky: true, width: 100%,
  stroke: (top: 1.2pt + deep), inset: (top: 6pt), text(14pt, weight: "bold", it.body))
#show heading.where(level: 3): it => block(above: 12pt, below: 6pt, sticky: true, text(1.08em, weight: "bold", it.body))
#let code(t) = text(font: "DejaVu Sans Mono", size: 0.8em, hyphenate: false, t)
#let run(r) = if r.code == none { r.text } else if r.code == "inline" { box(code(r.text)) } else {
  r.parts.map(p => box(code(p))).join()
}
#let txt(rs) = rs.map(run).join()
#show regex("\\[(to be completed|për t'u plotësuar): [^\\]]*\\]"): it => highlight(fill: fill-in, it)
#let tones = (
  lead: it => text(1.14em, it),
  plain: it => it,
  quiet: it => text(0.86em, fill: soft, it),
  blank: it => box(fill: fill-in, stroke: (bottom: 0.5pt + warn), outset: (y: 2pt), inset: (x: 3pt), it),
)
#let looks = (
  result: (fill: rgb("#f6f4ee"), stroke: (left: 2.4pt + deep)),
  warning: (fill: rgb("#fdf5ef"), stroke: (left: 2.4pt + warn)),
  note: (fill: rgb("#f6f4ee"), stroke: (left: 2.4pt + rule)),
)
#let tabled(b) = {
  set text(0.87em)
  set par(leading: 0.45em, justify: false)
  block(above: 6pt, below: 9pt, width: 100%, table(
    columns: b.widths.map(w => w * 1fr), stroke: (_, y) => (bottom: 0.4pt + rule),
    inset: (left: 0pt, right: 7pt, y: 3.2pt),
    align: (x, _) => if x in b.numbers { right } else { left },
    ..if b.head.any(t => t != "") { (table.header(..b.head.map(t => text(fill: soft, weight: "bold", t))),) },
    ..b.rows.flatten().map(c => txt(c.runs)),
  ))
}
#let show-block(b) = {
  if b.kind == "heading" { heading(level: b.level, txt(b.text)) }
  else if b.kind == "para" { block((tones.at(b.tone))(txt(b.text))) }
  else if b.kind == "items" { if b.ordered { enum(..b.texts.map(txt)) } else { list(..b.texts.map(txt)) } }
  else if b.kind == "facts" {
    block(above: 6pt, below: 8pt, grid(columns: (36mm, 1fr), column-gutter: 4mm, row-gutter: 4.5pt,
      ..b.pairs.map(p => (text(fill: soft, p.name), txt(p.text))).flatten()))
  }
  else if b.kind == "table" { tabled(b) }
  else if b.kind == "box" {
    block(width: 100%, inset: (x: 8pt, y: 6pt), above: 8pt, below: 8pt, breakable: false, ..looks.at(b.look), {
      if b.title != "" { block(below: 5pt, text(weight: "bold", b.title)) }
      for inner in b.blocks { show-block(inner) }
    })
  }
  else if b.kind == "figure" {
    block(breakable: false, above: 8pt, below: 8pt, {
      image(bytes(b.svg), format: "svg", width: 100%, alt: b.alt)
      v(-2pt)
      text(8.5pt, fill: soft, b.caption)
    })
  }
  else if b.kind == "newpage" { pagebreak(weak: true) }
}
#let first = doc.blocks.position(b => b.kind == "newpage")
#let front = if first == none { () } else { doc.blocks.slice(0, first) }
// The first page stays one page: its text is as large as lets it fit.
#let sized(s) = { set text(s); for b in front { show-block(b) } }
#layout(room => {
  let sizes = (11pt, 10.5pt, 10pt, 9.5pt, 9pt, 8.5pt, 8pt, 7.5pt, 7pt, 6.5pt)
  let fits = sizes.find(s => measure(block(width: room.width, sized(s))).height <= room.height)
  sized(if fits == none { sizes.last() } else { fits })
})
#for b in doc.blocks.slice(front.len()) { show-block(b) }
"""
