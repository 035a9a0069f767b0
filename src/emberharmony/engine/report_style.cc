#include "emberharmony/engine/report_html_internal.h"

namespace emberharmony::engine::internal {

namespace {

// Colours meet WCAG AA against their backgrounds (4.5 for text, 3 for bars) in both schemes.
constexpr std::string_view kStyle = R"css(
:root {
  color-scheme: light dark;
  --page: #faf7f2; --card: #ffffff; --text: #221d18; --muted: #655b50; --line: #e3dacd;
  --accent: #b8430c; --train: #c8541a; --validation: #1d7f86; --test: #6a5cb8;
  --good: #3b7d3f; --warn: #a86200; --alert: #fff4e0; --alert-line: #e0a84a;
  --chip: #f1ebe1; --track: #ece4d8; --band: #f0b48f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #161311; --card: #201c19; --text: #f1eae1; --muted: #b6aa9b; --line: #3a332c;
    --accent: #ff9a5c; --train: #f0793a; --validation: #42b3ba; --test: #9d90ea;
    --good: #6cbf70; --warn: #e5a445; --alert: #2e2414; --alert-line: #8a6420;
    --chip: #2f2924; --track: #37302a; --band: #8a4a26;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 72rem; padding: 1.5rem 1.25rem 3rem; background: var(--page);
  color: var(--text); font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
h1, h2, h3, h4, h5, p, dl, dd, ol, ul { margin: 0; }
h1 { font-size: 1.7rem; line-height: 1.2; }
h2 { font-size: 1.2rem; margin: 2.25rem 0 .6rem; }
h3 { font-size: 1rem; }
h4, .plain h3 { font-size: .78rem; color: var(--muted); margin-bottom: .5rem; letter-spacing: .02em; }
h5 { font-size: .9rem; margin: .75rem 0 .25rem; }
h4 + h5 { margin-top: 0; }
code, .name, .chip, .checksum {
  font-family: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace;
  font-size: .875em; unicode-bidi: isolate; overflow-wrap: anywhere;
}
.muted, .lead { color: var(--muted); }
.lead { margin-bottom: .75rem; }
.small { font-size: .85rem; }
.hidden {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); margin: 0;
}
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .5rem 1rem; }
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.banner { display: flex; gap: 1rem; align-items: flex-start; margin-bottom: 1.5rem; }
.banner > div { min-width: 0; }
.logo { width: 3rem; height: 3rem; flex: none; }
.logo .outer { fill: var(--train); }
.logo .inner { fill: var(--page); }
.brand { color: var(--accent); font-weight: 600; }
.route { margin-top: .25rem; }
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem;
}
.tiles { display: grid; gap: .75rem; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); }
.tile dt { font-size: .85rem; color: var(--muted); }
.tile .value { font-size: 1.5rem; font-weight: 650; line-height: 1.3; white-space: nowrap; }
.tile .detail { font-size: .85rem; color: var(--muted); }
.tile .bar { margin: .3rem 0; width: 100%; }
.alert { background: var(--alert); border-color: var(--alert-line); margin-top: 1.25rem; }
.alert h2 { margin: 0 0 .4rem; font-size: 1.05rem; }
.alert ul { padding-left: 1.2rem; overflow-wrap: anywhere; }
.bar {
  display: inline-block; vertical-align: middle; width: 6rem; height: .5rem; border-radius: .25rem;
  background: var(--track); overflow: hidden;
}
.bar > .fill { display: block; height: 100%; background: var(--accent); border-radius: .25rem; }
.bar > .good { background: var(--good); }
.bar > .warn { background: var(--warn); }
.stack { display: flex; gap: 3px; height: 1.5rem; margin-bottom: .75rem; }
.stack > span { min-width: 3px; border-radius: .3rem; }
.swatch {
  display: inline-block; width: .75rem; height: .75rem; border-radius: .2rem; margin-right: .5rem;
}
.train, .all { background: var(--train); }
.validation { background: var(--validation); }
.test { background: var(--test); }
.scroll { overflow-x: auto; }
.scroll.tall { max-height: 32rem; overflow-y: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; overflow-wrap: normal; }
#splits table { max-width: 40rem; }
td code, th code { display: inline-block; min-width: 8rem; }
caption { text-align: left; color: var(--muted); font-size: .85rem; padding-bottom: .4rem; }
th, td {
  padding: .4rem 1rem .4rem 0; text-align: left; border-bottom: 1px solid var(--line);
  vertical-align: top;
}
tbody tr:last-child > * { border-bottom: 0; }
thead th { color: var(--muted); font-weight: 500; font-size: .85rem; white-space: nowrap; }
tbody th { font-weight: 500; }
.tall thead th { position: sticky; top: 0; background: var(--card); }
.prose { min-width: 14rem; }
#phases tbody th { white-space: nowrap; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.wide { min-width: 8rem; width: 40%; }
.wide .bar { width: 100%; }
.checksum { font-size: .8em; color: var(--muted); overflow-wrap: normal; }
summary { cursor: pointer; }
.column { margin-bottom: .6rem; padding: 0; }
.column > summary {
  display: flex; flex-wrap: wrap; gap: .25rem .6rem; align-items: baseline; padding: .7rem 1rem;
  list-style: none;
}
.column > summary::-webkit-details-marker { display: none; }
.column > summary::before {
  content: ""; width: .45rem; height: .45rem; border: solid var(--muted); border-width: 0 2px 2px 0;
  transform: rotate(-45deg) translate(-2px, -2px); flex: none;
}
.column[open] > summary::before { transform: rotate(45deg) translate(-2px, -2px); }
.column .steps { flex: 1 1 14rem; color: var(--muted); font-size: .9rem; min-width: 0; }
.column .yield { margin-left: auto; color: var(--muted); font-size: .9rem; white-space: nowrap; }
.tag {
  background: var(--chip); border-radius: .3rem; padding: .05rem .4rem; font-size: .8rem;
  overflow-wrap: anywhere;
}
.tag.target { background: var(--accent); color: var(--card); font-weight: 600; }
.body {
  display: grid; gap: 1.25rem 2rem; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr));
  padding: .25rem 1rem 1rem; border-top: 1px solid var(--line); padding-top: .9rem;
}
.body > section { min-width: 0; }
.body dl, .settings {
  display: grid; grid-template-columns: auto 1fr; gap: .15rem .9rem; font-size: .9rem;
}
.body dt, .settings dt { color: var(--muted); }
.body dd { font-variant-numeric: tabular-nums; min-width: 0; }
.settings dd { overflow-wrap: anywhere; min-width: 0; }
.body dd .bar { margin-left: .6rem; width: 5rem; }
.num { text-decoration: underline dotted var(--muted); text-underline-offset: .2em; cursor: help; }
.chip { background: var(--chip); border-radius: .3rem; padding: .05rem .35rem; }
.chips { line-height: 1.9; font-size: .9rem; }
.chips .chip { display: inline-block; line-height: 1.5; max-width: 100%; }
.label { font-size: .85rem; color: var(--muted); margin: .6rem 0 .25rem; }
.body p .bar { margin-right: .6rem; }
.coverage { margin-top: .3rem; }
.ranks { list-style: none; padding: 0; font-size: .9rem; }
.ranks li {
  display: grid; grid-template-columns: minmax(0, 6rem) 1fr 8.5rem; gap: .6rem; align-items: center;
  padding: .1rem 0;
}
.ranks .chip { justify-self: start; max-width: 100%; }
.ranks .bar { width: 100%; }
.ranks .count { font-variant-numeric: tabular-nums; color: var(--muted); text-align: right; }
.outputs { list-style: none; padding: 0; font-size: .9rem; }
.spread { display: block; width: 100%; height: 24px; overflow: visible; }
.spread .axis { fill: var(--muted); opacity: .5; }
.spread .band { fill: var(--band); }
.spread .median { stroke: var(--text); stroke-width: 2; }
.spread .mean { fill: var(--accent); stroke: var(--card); stroke-width: 1.5; }
.ends {
  display: flex; justify-content: space-between; font-size: .85rem;
  font-variant-numeric: tabular-nums;
}
.ends + p, .ends + dl, .ends + p + dl { margin-top: .3rem; }
.body > .charts { grid-column: 1 / -1; display: grid; gap: 1rem; }
.body.plain {
  border-top: 1px solid var(--line); padding: 1rem; grid-template-columns: minmax(0, 1fr);
}
.plain table { max-width: 40rem; }
.chart { margin: 0; min-width: 0; }
.chart figcaption {
  display: flex; flex-wrap: wrap; gap: .25rem 1rem; justify-content: space-between;
  margin-bottom: .4rem; font-size: .85rem; color: var(--muted);
}
.legend { display: inline-flex; flex-wrap: wrap; gap: .1rem .9rem; }
.key::before {
  content: ""; display: inline-block; width: 1.1rem; height: .7rem; margin-right: .35rem;
  vertical-align: -1px; border-radius: 2px;
}
.key-train::before, .key-all::before { background: var(--train); }
.key-validation::before {
  height: 0; border-top: 3px solid var(--validation); border-radius: 0; vertical-align: middle;
}
.key-test::before {
  height: 0; border-top: 3px dashed var(--test); border-radius: 0; vertical-align: middle;
}
.points .key-validation::before, .points .key-test::before {
  width: .6rem; height: .6rem; vertical-align: -1px; border: 2px solid var(--validation);
  border-radius: 50%;
}
.points .key-test::before {
  border-color: var(--test); border-radius: 0; transform: rotate(45deg) scale(.8);
}
.plot { min-width: 0; }
.vega { overflow: hidden; }
.vega svg { display: block; max-width: 100%; }
.histogram { display: block; width: 100%; height: 8rem; border-bottom: 1px solid var(--line); }
.histogram .area {
  fill: var(--train); fill-opacity: .4; stroke: var(--train); stroke-width: 1.5;
  vector-effect: non-scaling-stroke;
}
.histogram .line { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke; }
.histogram .line.validation { stroke: var(--validation); background: none; }
.histogram .line.test { stroke: var(--test); stroke-dasharray: 5 3; background: none; }
.note { margin-top: .3rem; }
.numbers { margin-top: .3rem; font-size: .9rem; }
.numbers summary { color: var(--accent); width: fit-content; }
.compact { font-size: .85rem; }
.compact th, .compact td { padding: .2rem .8rem .2rem 0; }
.share { min-width: 6.5rem; }
.compact .share { min-width: 3.5rem; }
.share .bar { display: block; width: 100%; max-width: 8rem; height: .4rem; margin-top: .2rem; }
.tools { display: flex; flex-wrap: wrap; gap: .5rem .9rem; align-items: center; margin-bottom: .75rem; }
.tools label {
  font-size: .9rem; display: inline-flex; flex-wrap: wrap; gap: .2rem .6rem; align-items: center;
}
.threshold { min-width: 8rem; }
.tools input, .tools button {
  font: inherit; font-size: .95rem; color: var(--text); background: var(--card);
  border: 1px solid var(--muted); border-radius: .4rem; padding: .35rem .6rem; min-height: 2.4rem;
}
.tools input { width: min(16rem, 100%); }
.tools button { cursor: pointer; }
[hidden] { display: none !important; }
#unused .scroll, #columns > .scroll {
  background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem;
}
#shards details[open] summary { margin-bottom: .75rem; }
.settings { gap: .3rem 1.25rem; }
#plan h3 { margin: 1rem 0 .3rem; }
#plan ul { padding-left: 1.2rem; overflow-wrap: anywhere; }
footer { margin-top: 2.5rem; color: var(--muted); font-size: .85rem; }
@media (max-width: 30rem) {
  body { padding: 1rem .75rem 2rem; }
  h1 { font-size: 1.35rem; }
  .logo { width: 2.2rem; height: 2.2rem; }
  .tiles { grid-template-columns: 1fr 1fr; gap: .5rem; }
  .tile { padding: .7rem; }
  .tile .value { font-size: 1.2rem; }
  .card, .body { overflow-wrap: anywhere; }
  .settings { grid-template-columns: 1fr; gap: 0; }
  .settings dd { margin-bottom: .4rem; }
}
@media print {
  .scroll, .scroll.tall { overflow: visible; max-height: none; }
  .card, .chart { break-inside: avoid; }
  .tools, .numbers:not([open]), .skip { display: none; }
}
)css";

}  // namespace

std::string_view ReportStyle() { return kStyle; }

}  // namespace emberharmony::engine::internal
