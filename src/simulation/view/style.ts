/** How the page of a run looks. The canvas takes its colours from the same variables (`browser/theme.ts`). */

const LIGHT = `
  --page: #f6f7f9; --panel: #ffffff; --raised: #eef1f5; --line: #dde2e9; --faint: #eceff3;
  --text: #1b2330; --soft: #5b6675; --ghost: #97a1af; --accent: #2563eb; --focus: #2563eb;
  --good: #12805c; --bad: #c62828; --warn: #b26a00; --violet: #7c3aed;
  --band: 198 40 40; --band-soft: 178 106 0; --shadow: 0 1px 2px rgb(16 24 40 / 8%);
  --hue-0: #2f6fde; --hue-1: #8b55d6; --hue-2: #0f8f8c; --hue-3: #c2571a; --hue-4: #b83280; --hue-5: #5f7d12;
  --sentinel: #64748b; --down: #9aa4b2; --message: #6b7a90; --routine: #a9b4c2; --bus: #8b5cf6; --stream: #0e9f6e;
  --on-bar: #ffffff; color-scheme: light;`;

const DARK = `
  --page: #0e1218; --panel: #151b23; --raised: #1e2630; --line: #2a3441; --faint: #1c242e;
  --text: #e6ebf2; --soft: #9aa7b7; --ghost: #66748a; --accent: #7aa7ff; --focus: #7aa7ff;
  --good: #4cc38a; --bad: #ff6b6b; --warn: #f0b34a; --violet: #b794f6;
  --band: 255 92 92; --band-soft: 240 179 74; --shadow: 0 1px 2px rgb(0 0 0 / 40%);
  --hue-0: #5b94f5; --hue-1: #ac7ff0; --hue-2: #35b8b0; --hue-3: #ec8a4e; --hue-4: #e46fae; --hue-5: #9cbc3f;
  --sentinel: #8595ab; --down: #5a6778; --message: #8c9cb3; --routine: #4c596b; --bus: #a78bfa; --stream: #3ecf8e;
  --on-bar: #0b0f14; color-scheme: dark;`;

export const STYLE = `
:root {${LIGHT}
  --ui: system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif;
  --mono: ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace;
}
@media (prefers-color-scheme: dark) { :root:not([data-theme='light']) {${DARK} } }
:root[data-theme='dark'] {${DARK} }
* { box-sizing: border-box; }
html, body { height: 100%; margin: 0; }
body {
  display: grid; grid-template-rows: auto auto auto minmax(0, 1fr); background: var(--page); color: var(--text);
  font: 13px/1.45 var(--ui); -webkit-font-smoothing: antialiased;
}
h1, h2, p, dl, dd, ul { margin: 0; padding: 0; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.gap { display: inline-block; width: 8px; }
.top { display: flex; align-items: center; gap: 8px 20px; padding: 12px 16px 10px; background: var(--panel); }
h1 { font-size: 16px; font-weight: 650; letter-spacing: -.01em; }
.names { flex: none; }
.top .buttons { flex: none; }
#subtitle { color: var(--soft); }
.verdict {
  display: flex; gap: 8px; align-items: baseline; max-width: 46em; padding: 5px 12px; border-radius: 8px; font-weight: 550;
  background: color-mix(in srgb, var(--good) 12%, transparent); color: var(--good);
}
.verdict.bad { background: color-mix(in srgb, var(--bad) 12%, transparent); color: var(--bad); }
.verdict.lost { background: color-mix(in srgb, var(--warn) 14%, transparent); color: var(--warn); }
.verdict code { font: 600 12px var(--mono); }
#figures { display: flex; flex: none; gap: 4px 18px; margin-left: auto; }
#figures div { display: flex; flex-direction: column-reverse; }
#figures dt { color: var(--soft); font-size: 11px; }
#figures dd { font-weight: 600; font-variant-numeric: tabular-nums; }
.buttons { display: flex; gap: 4px; align-items: center; }
button {
  font: inherit; font-weight: 550; color: var(--text); background: var(--panel); border: 1px solid var(--line); border-radius: 7px;
  padding: 4px 10px; cursor: pointer; box-shadow: var(--shadow);
}
button:hover { background: var(--raised); }
button:disabled { opacity: .4; cursor: default; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 1px; }
.tools {
  display: flex; flex-wrap: wrap; gap: 8px; align-items: center; padding: 0 16px 10px; background: var(--panel);
}
.search input {
  font: inherit; width: 250px; padding: 5px 10px; color: var(--text); background: var(--page);
  border: 1px solid var(--line); border-radius: 7px;
}
.chips { display: flex; flex: 1 1 420px; flex-wrap: wrap; gap: 4px; }
.chips button { padding: 3px 9px; border-radius: 99px; box-shadow: none; color: var(--ghost); text-decoration: line-through; background: none; font-size: 12px; }
.chips button[aria-pressed='true'] { color: var(--text); background: var(--raised); text-decoration: none; }
.chips small { color: var(--soft); font-size: 11px; font-variant-numeric: tabular-nums; font-weight: 450; }
#overview { display: block; width: 100%; height: 44px; border-block: 1px solid var(--line); background: var(--panel); cursor: crosshair; touch-action: none; }
main { display: grid; grid-template-columns: minmax(0, 1fr) minmax(300px, 380px); min-height: 0; }
#timeline { position: relative; min-width: 0; min-height: 0; overflow: hidden; background: var(--panel); cursor: grab; touch-action: none; }
#timeline:active { cursor: grabbing; }
#timeline:focus-visible { outline: none; }
#timeline:focus-visible::after { content: ''; position: absolute; inset: 1px; outline: 2px solid var(--focus); outline-offset: -2px; pointer-events: none; }
#lanes { position: absolute; inset: 0; width: 100%; height: 100%; display: block; }
#tip {
  position: absolute; z-index: 2; max-width: 440px; padding: 5px 9px; border-radius: 7px; pointer-events: none;
  background: var(--text); color: var(--page); font-size: 12px; box-shadow: 0 4px 14px rgb(0 0 0 / 25%); overflow-wrap: anywhere;
}
#tip[hidden] { display: none; }
#tip b { font-weight: 600; }
aside { display: grid; grid-template-rows: minmax(150px, 42%) minmax(0, 1fr); min-height: 0; border-left: 1px solid var(--line); }
#details { padding: 12px 14px; overflow: auto; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
#details h2, .log h2 { font-size: 13px; font-weight: 650; }
#details h2 small, .log h2 span { color: var(--soft); font-weight: 450; }
#details h3 { margin: 12px 0 4px; font-size: 11px; font-weight: 600; color: var(--soft); text-transform: uppercase; letter-spacing: .05em; }
#details .line { margin-top: 6px; font-size: 14px; }
#details pre { margin: 6px 0 0; padding: 8px 10px; border-radius: 7px; background: var(--raised); font: 12px/1.5 var(--mono); white-space: pre-wrap; overflow-wrap: anywhere; }
#details table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
#details th { width: 1%; white-space: nowrap; padding: 2px 12px 2px 0; text-align: left; font-weight: 450; color: var(--soft); vertical-align: top; }
#details td { padding: 2px 0; }
#details td s { color: var(--ghost); text-decoration-thickness: 1px; margin-right: 6px; }
#details td b { font-weight: 600; }
#details .hint { color: var(--soft); }
#details nav { display: flex; gap: 4px; margin-top: 10px; }
.log { display: grid; grid-template-rows: auto minmax(0, 1fr); min-height: 0; background: var(--panel); }
.log h2 { padding: 8px 14px 6px; }
#log { position: relative; overflow: auto; scrollbar-gutter: stable; }
#log-rows { position: relative; }
#log-rows > div {
  position: absolute; left: 0; right: 0; height: 22px; padding: 0 14px; display: flex; gap: 8px; align-items: center; white-space: nowrap;
  font-size: 12px; cursor: pointer; border-left: 3px solid transparent;
}
#log-rows > div:hover { background: var(--raised); }
#log-rows > div[aria-selected='true'] { background: color-mix(in srgb, var(--accent) 16%, transparent); border-left-color: var(--accent); }
#log-rows time { width: 66px; flex: none; text-align: right; color: var(--soft); font-variant-numeric: tabular-nums; }
#log-rows i { flex: none; min-width: 62px; font-style: normal; font-weight: 550; }
#log-rows span { overflow: hidden; text-overflow: ellipsis; }
.tone-bad { color: var(--bad); } .tone-good { color: var(--good); } .tone-warn { color: var(--warn); }
.tone-violet { color: var(--violet); } .tone-soft { color: var(--soft); }
dialog {
  color: inherit; background: var(--panel); border: 1px solid var(--line); border-radius: 12px; padding: 20px 24px; max-width: 760px;
  box-shadow: 0 12px 40px rgb(0 0 0 / 30%);
}
dialog::backdrop { background: rgb(0 0 0 / 30%); }
dialog h2 { font-size: 15px; margin-bottom: 12px; }
.columns { display: grid; grid-template-columns: 1fr 1fr; gap: 24px; }
#legend-list { list-style: none; display: grid; gap: 6px; align-content: start; }
#legend-list li { display: flex; gap: 10px; align-items: center; }
#legend-list canvas { flex: none; width: 44px; height: 20px; }
.keys { display: grid; grid-template-columns: auto 1fr; gap: 6px 14px; align-content: start; }
.keys dd { color: var(--soft); }
kbd { font: 11px var(--mono); padding: 1px 5px; border: 1px solid var(--line); border-radius: 4px; background: var(--raised); }
dialog form { margin-top: 16px; text-align: right; }
@media (max-width: 1000px) {
  html, body { height: auto; }
  body { grid-template-rows: auto auto auto auto; }
  main { grid-template-columns: minmax(0, 1fr); }
  #timeline { height: 70vh; }
  aside { border-left: 0; grid-template-rows: auto 50vh; }
  .top { flex-wrap: wrap; }
  #figures { margin-left: 0; }
  .columns { grid-template-columns: 1fr; }
}
@media (forced-colors: active) { .verdict, .chips button[aria-pressed='true'] { border: 1px solid; } }
`;
