/** The page of a run in a browser: it asks for nothing, draws what happened, and can be walked through. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { renderPage } from '../../../src/simulation/view/page.ts';
import type { ViewedRun } from '../../../src/simulation/view/viewed-run.ts';
import { Chromium, type Page, type PageOptions } from '../../support/chromium.ts';
import { eventually } from '../../support/eventually.ts';
import { describeWith } from '../../support/requires.ts';
import { HOSTILE, longRun, sampleEntries, sampleRun } from './sample-run.ts';
import { viewerScript } from './viewer-script.ts';

const START_TIMEOUT_MS = 120_000;
const PAGE_TIMEOUT_MS = 60_000;
/** So many pixels of a colour mean that a bar of it was drawn. */
const BAR_PIXELS = 200;

const entries = sampleEntries();
const numberOf = (matches: (entry: (typeof entries)[number]) => boolean): number => entries.findIndex(matches);

describe('the text of a page', () => {
  it('has the run in it, in a way that no value can break out of', () => {
    const html = renderPage(sampleRun(), 'program()');
    expect(html).not.toContain('<img');
    const json = /<script type="application\/json" id="run">(.*?)<\/script>/s.exec(html)![1]!;
    expect(JSON.parse(json)).toEqual(sampleRun());
  });

  it('names no other address', () => {
    expect(renderPage(sampleRun(), '')).not.toMatch(/(?:src|href)="(?!data:,)|https?:|@import|url\(/);
  });
});

describeWith('chromium', 'the page in a browser', () => {
  let chromium: Chromium;
  let script: string;
  let folder: string;
  let page: Page;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'page-'));
    script = viewerScript();
    chromium = await Chromium.launch();
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await chromium?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(() => expect(page.errors).toEqual([]));

  async function open(run: ViewedRun, options: PageOptions & { fragment?: string } = {}): Promise<Page> {
    const file = join(folder, 'run.html');
    writeFileSync(file, renderPage(run, script));
    page = await chromium.open(`${pathToFileURL(file).href}#${options.fragment ?? ''}`, options);
    await page.until('document.documentElement.dataset.painted === "true"');
    return page;
  }

  /** Pixels of the timeline that have the colour of a variable. */
  function pixels(variable: string): Promise<number> {
    return page.evaluate(`(() => {
      const probe = document.createElement('canvas').getContext('2d');
      probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--${variable}').trim();
      probe.fillRect(0, 0, 1, 1);
      const wanted = probe.getImageData(0, 0, 1, 1).data;
      const canvas = document.getElementById('lanes');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let i = 0; i < data.length; i += 4) {
        if (data[i] === wanted[0] && data[i + 1] === wanted[1] && data[i + 2] === wanted[2] && data[i + 3] === 255) count++;
      }
      return count;
    })()`);
  }

  it(
    'asks for nothing but itself',
    async () => {
      await open(sampleRun());
      expect(page.requests.filter((url) => !url.startsWith('data:'))).toHaveLength(1);
    },
    PAGE_TIMEOUT_MS,
  );

  it(
    'says in the head how the run ended',
    async () => {
      await open(sampleRun());
      expect(await page.text('#verdict')).toMatch(/H4\s*SET b was acknowledged and is gone/);
      expect(await page.text('#title')).toBe('A master, 1 replica and 1 sentinel');
      await open({ ...sampleRun(), violation: null, lost: [] });
      expect(await page.text('#verdict')).toBe('Every promise was kept');
    },
    PAGE_TIMEOUT_MS,
  );

  it(
    'draws masters, leaders, operations and faults',
    async () => {
      await open(sampleRun());
      for (const colour of ['hue-0', 'violet', 'bad', 'accent'])
        expect(await pixels(colour), colour).toBeGreaterThan(0);
      expect(await pixels('hue-0')).toBeGreaterThan(BAR_PIXELS);
      await open(sampleRun(sampleEntries().filter(({ kind }) => kind === 'phase')));
      expect(await pixels('hue-0')).toBe(0);
    },
    PAGE_TIMEOUT_MS,
  );

  it(
    'shows the decoded message and the change of state of what is chosen',
    async () => {
      const promoted = numberOf((entry) => entry.kind === 'role' && entry.node === 'redis1' && entry.role === 'master');
      await open(sampleRun(), { fragment: String(promoted) });
      expect(await page.text('#details')).toMatch(/role\s+replica of redis0\s*master/);
      const message = numberOf((entry) => entry.kind === 'message' && entry.from === 'sentinel0');
      await page.goTo(`${await page.evaluate<string>('location.href.split("#")[0]')}#${message}`);
      await page.until('document.querySelector("#details pre") !== null');
      const details = await page.text('#details');
      expect(details).toContain('MULTI · SLAVEOF NO ONE · CONFIG REWRITE');
      expect(details).toContain('arrived after 500 µs');
    },
    PAGE_TIMEOUT_MS,
  );

  it(
    'takes what clients wrote for text',
    async () => {
      await open(sampleRun(), { fragment: String(numberOf((entry) => entry.kind === 'op' && entry.id === 2)) });
      expect(await page.text('#details')).toContain(HOSTILE);
      expect(await page.evaluate('document.title')).not.toBe('broken into');
      expect(await page.evaluate('document.querySelectorAll("img").length')).toBe(0);
    },
    PAGE_TIMEOUT_MS,
  );

  it(
    'is walked through by keys, and says what is chosen to a screen reader',
    async () => {
      await open(sampleRun());
      await page.evaluate('document.getElementById("timeline").focus()');
      await page.press('f');
      await page.until('document.getElementById("spoken").textContent.includes("kill redis0")');
      await page.press('ArrowDown');
      await page.until('document.getElementById("spoken").textContent.includes("client0")');
      const first = await page.text('#spoken');
      await page.press('ArrowRight');
      await page.until(`document.getElementById("spoken").textContent !== ${JSON.stringify(first)}`);
      expect(await page.text('#spoken')).toContain('client0');
      await page.press('v');
      await page.until('document.getElementById("spoken").textContent.includes("H4")');
      expect(await page.evaluate('document.querySelector("#log [aria-selected=true]").innerText')).toContain('H4');
      await page.press('Escape');
      await page.until('document.getElementById("details").innerText.startsWith("This run")');
      await page.press('?');
      await page.until('document.getElementById("legend").open');
    },
    PAGE_TIMEOUT_MS,
  );

  it(
    'has the line of what was just chosen in sight before the next frame',
    async () => {
      await open(sampleRun());
      const line = await page.evaluate(`(() => {
      document.getElementById('timeline').dispatchEvent(new KeyboardEvent('keydown', { key: 'v' }));
      return document.querySelector('#log [aria-selected=true]').innerText;
    })()`);
      expect(line).toContain('H4');
    },
    PAGE_TIMEOUT_MS,
  );

  it(
    'chooses what is clicked on',
    async () => {
      await open(sampleRun());
      const { x, y } = await page.evaluate<{ x: number; y: number }>(`(() => {
      const box = document.getElementById('timeline').getBoundingClientRect();
      return { x: box.left + 128 + (box.width - 128) * 0.4, y: box.top };
    })()`);
      // Down through the lanes, at a moment at which redis0 is dead.
      const heard = async (): Promise<boolean> => (await page.text('#details')).includes('killed');
      for (let down = 60; down < 400 && !(await heard()); down += 10) await page.click(x, y + down);
      expect(await heard()).toBe(true);
    },
    PAGE_TIMEOUT_MS,
  );

  it(
    'filters the log and the lanes',
    async () => {
      await open(sampleRun());
      const shown = (): Promise<number> => page.text('#log-count').then((text) => Number.parseInt(text, 10));
      const before = await shown();
      await page.press('/');
      await page.send('Input.insertText', { text: 'sentinel0 epoch' });
      await eventually(async () => (await shown()) === 3, { what: 'three entries are left' });
      await page.evaluate('document.querySelector("#filter").value = ""');
      await page.evaluate('document.querySelector("#filter").dispatchEvent(new Event("input"))');
      await eventually(async () => (await shown()) === before, { what: 'all are back' });
      await page.evaluate('document.querySelector("[data-group=ops]").click()');
      await eventually(async () => (await shown()) < before, { what: 'operations are hidden' });
      expect(await page.evaluate('document.querySelector("[data-group=ops]").getAttribute("aria-pressed")')).toBe(
        'false',
      );
    },
    PAGE_TIMEOUT_MS,
  );

  it(
    'zooms where the wheel is turned',
    async () => {
      await open(sampleRun());
      const before = await pixels('hue-0');
      const height = await page.evaluate<number>('document.getElementById("timeline").getBoundingClientRect().top');
      for (let turn = 0; turn < 6; turn++) await page.wheel(200, height + 150, -300);
      await eventually(async () => (await pixels('hue-0')) !== before, { what: 'another window is shown' });
    },
    PAGE_TIMEOUT_MS,
  );

  it(
    'is light or dark as the reader’s system is, until he chooses',
    async () => {
      const background = (): Promise<string> => page.evaluate('getComputedStyle(document.body).backgroundColor');
      await open(sampleRun(), { scheme: 'dark' });
      const dark = await background();
      await open(sampleRun(), { scheme: 'light' });
      const light = await background();
      expect(dark).not.toBe(light);
      expect(await pixels('hue-0')).toBeGreaterThan(BAR_PIXELS);
      await page.evaluate('document.getElementById("theme").click()');
      expect(await background()).toBe(dark);
      await eventually(async () => (await pixels('hue-0')) > BAR_PIXELS, { what: 'bars have the colours of the dark' });
    },
    PAGE_TIMEOUT_MS,
  );

  it(
    'draws fifty thousand entries without tiring, and keeps few of them in the document',
    async () => {
      await open(longRun(50_000));
      for (const group of ['traffic', 'stream', 'routine'])
        await page.evaluate(`document.querySelector("[data-group=${group}]").click()`);
      // The slowest of ten frames with everything in the window; seconds would be far too many on any machine.
      const slowestMs = await page.evaluate<number>(`(async () => {
      let slowest = 0;
      for (let i = 0; i < 10; i++) {
        const before = performance.now();
        document.getElementById(i % 2 === 0 ? 'zoom-in' : 'zoom-out').click();
        await new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)));
        slowest = Math.max(slowest, performance.now() - before);
      }
      return slowest;
    })()`);
      expect(slowestMs).toBeLessThan(5000);
      expect(await page.evaluate('document.querySelectorAll("#log-rows > div").length')).toBeLessThan(100);
      await page.evaluate('document.getElementById("log").scrollTop = 1e9');
      await page.until(`(() => {
        const last = document.getElementById('log-rows').lastElementChild;
        return last.getAttribute('aria-posinset') === last.getAttribute('aria-setsize');
      })()`);
      expect(await page.text('#log-count')).toMatch(/^50,\d\d\d of 50,/);
    },
    PAGE_TIMEOUT_MS,
  );
});
