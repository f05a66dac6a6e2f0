/**
 * The page of a run: one file of HTML that needs nothing else, neither a server nor a network. What happened lies in it as
 * JSON, beside the program that draws it (`browser/`, bundled by the build). Fonts are the reader's own, and so is the
 * choice between light and dark until the button is pressed.
 */
import { STYLE } from './style.ts';
import type { ViewedRun } from './viewed-run.ts';

/** @param script the built `browser/main.ts`. */
export function renderPage(run: ViewedRun, script: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(run.title)} · resplica</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
${BODY}
<script type="application/json" id="run">${jsonForHtml(run)}</script>
<script>${script.replaceAll('</script', '<\\/script')}</script>
</body>
</html>
`;
}

export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** JSON that cannot end the element that it stands in, whatever keys and values were written. */
function jsonForHtml(run: ViewedRun): string {
  return JSON.stringify(run).replaceAll('<', '\\u003c').replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

const BODY = `<header class="top">
  <div class="names">
    <h1 id="title"></h1>
    <p id="subtitle"></p>
  </div>
  <p id="verdict" class="verdict" role="status"></p>
  <dl id="figures"></dl>
  <div class="buttons">
    <button type="button" id="legend-button" aria-haspopup="dialog">Legend and keys</button>
    <button type="button" id="theme" aria-label="Light or dark">◐</button>
  </div>
</header>
<div class="tools" role="toolbar" aria-label="What is shown">
  <label class="search"><span class="hidden">Filter</span><input id="filter" type="search" placeholder="Filter: node2 vote  or  -PING" autocomplete="off" spellcheck="false"></label>
  <div id="kinds" class="chips" role="group" aria-label="Kinds of entries"></div>
  <div class="buttons">
    <button type="button" id="to-problem">Violation</button>
    <button type="button" id="to-fault-before" aria-label="Fault before">‹</button>
    <button type="button" id="to-fault">Fault ›</button>
    <span class="gap"></span>
    <button type="button" id="zoom-out" aria-label="Zoom out">−</button>
    <button type="button" id="zoom-fit">All</button>
    <button type="button" id="zoom-in" aria-label="Zoom in">+</button>
  </div>
</div>
<canvas id="overview" aria-hidden="true"></canvas>
<main>
  <section id="timeline" tabindex="0" role="application" aria-roledescription="timeline" aria-label="Timeline. Left and right go from entry to entry, up and down from lane to lane, plus and minus zoom, question mark lists all keys.">
    <canvas id="lanes"></canvas>
    <div id="tip" role="presentation" hidden></div>
  </section>
  <aside>
    <section id="details" aria-label="Selected entry" tabindex="-1"></section>
    <section class="log" aria-labelledby="log-title">
      <h2 id="log-title">Log <span id="log-count"></span></h2>
      <div id="log" role="listbox" aria-label="Entries in order of time" tabindex="0"><div id="log-rows"></div></div>
    </section>
  </aside>
</main>
<p id="spoken" class="hidden" aria-live="polite"></p>
<dialog id="legend" aria-labelledby="legend-title">
  <h2 id="legend-title">Legend and keys</h2>
  <div class="columns">
    <ul id="legend-list"></ul>
    <dl class="keys">
      <dt><kbd>←</kbd> <kbd>→</kbd></dt><dd>entry before, entry after on this lane</dd>
      <dt><kbd>↑</kbd> <kbd>↓</kbd></dt><dd>the same moment on another lane</dd>
      <dt><kbd>Shift</kbd> <kbd>←</kbd> <kbd>→</kbd></dt><dd>move in time</dd>
      <dt><kbd>+</kbd> <kbd>−</kbd> <kbd>0</kbd></dt><dd>zoom in, out, show all</dd>
      <dt><kbd>f</kbd> <kbd>F</kbd></dt><dd>next fault, fault before</dd>
      <dt><kbd>v</kbd></dt><dd>the violation, or the next lost write</dd>
      <dt><kbd>/</kbd></dt><dd>filter; a word that begins with - leaves out</dd>
      <dt><kbd>Esc</kbd></dt><dd>select nothing</dd>
      <dt>wheel, pinch</dt><dd>zoom; with Shift move in time</dd>
      <dt>drag</dt><dd>move; on the overview choose a window</dd>
    </dl>
  </div>
  <form method="dialog"><button>Close</button></form>
</dialog>`;
