/**
 * A headless Chromium, spoken to by its debugging protocol over two pipes: to open a page of ours, press keys in it, look at
 * what came of it, and take pictures.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { eventually } from './eventually.ts';

const CALL_TIMEOUT_MS = 60_000;
/** Tests run as root in containers, where Chromium's sandbox cannot be. The page is our own. */
const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--hide-scrollbars',
  '--no-first-run',
  '--mute-audio',
];

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: 'light' | 'dark';
}

export class Chromium implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #calls = new Map<number, (answer: Answer) => void>();
  readonly #listeners: ((answer: Answer & { sessionId?: string }) => void)[] = [];
  #sent = 0;
  #unread = '';

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    const answers = child.stdio[4] as Readable;
    answers.setEncoding('utf8');
    answers.on('data', (text: string) => this.#read(text));
    // A browser that is killed leaves broken pipes behind.
    for (const pipe of [answers, child.stdio[3] as Writable]) pipe.on('error', () => {});
  }

  static async launch(): Promise<Chromium> {
    const folder = mkdtempSync(join(tmpdir(), 'chromium-'));
    const child = spawn('chromium', [...FLAGS, '--remote-debugging-pipe', `--user-data-dir=${folder}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const chromium = new Chromium(child, folder);
    await chromium.send('Browser.getVersion');
    return chromium;
  }

  async open(url: string, options: PageOptions = {}): Promise<Page> {
    const { targetId } = (await this.send('Target.createTarget', { url: 'about:blank' })) as { targetId: string };
    const attached = await this.send('Target.attachToTarget', { targetId, flatten: true });
    const page = new Page(this, attached['sessionId'] as string);
    await page.begin(options);
    await page.goTo(url);
    return page;
  }

  send(method: string, params: object = {}, sessionId?: string): Promise<Record<string, unknown>> {
    const id = ++this.#sent;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${method}: no answer`)), CALL_TIMEOUT_MS);
      this.#calls.set(id, ({ error, result }) => {
        clearTimeout(timer);
        if (error === undefined) resolve(result ?? {});
        else reject(new Error(`${method}: ${error.message}`));
      });
      const message = JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) });
      (this.#child.stdio[3] as Writable).write(`${message}\0`);
    });
  }

  listen(listener: (answer: Answer & { sessionId?: string }) => void): void {
    this.#listeners.push(listener);
  }

  #read(text: string): void {
    const messages = (this.#unread + text).split('\0');
    this.#unread = messages.pop()!;
    for (const message of messages) {
      const answer = JSON.parse(message) as Answer & { sessionId?: string };
      if (answer.id === undefined) for (const listener of this.#listeners) listener(answer);
      else {
        this.#calls.get(answer.id)?.(answer);
        this.#calls.delete(answer.id);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const isOver = new Promise((over) => this.#child.once('exit', over));
    // With its helpers, which would go on writing into its folder.
    process.kill(-this.#child.pid!, 'SIGKILL');
    await isOver;
    // Each time anew: the retries of rmSync itself do not look again what has been written meanwhile.
    const remove = (): true => (rmSync(this.#folder, { recursive: true, force: true }), true);
    await eventually(remove, { what: 'the folder of the browser is removed' });
  }
}

export class Page {
  readonly #chromium: Chromium;
  readonly #session: string;
  /** Addresses that were asked for. */
  readonly requests: string[] = [];
  /** What the page's program threw or complained of. */
  readonly errors: string[] = [];

  constructor(chromium: Chromium, session: string) {
    this.#chromium = chromium;
    this.#session = session;
  }

  async begin({ width = 1440, height = 860, scheme = 'light' }: PageOptions): Promise<void> {
    this.#chromium.listen(({ method, params, sessionId }) => {
      if (sessionId !== this.#session) return;
      if (method === 'Network.requestWillBeSent')
        this.requests.push((params as { request: { url: string } }).request.url);
      if (method === 'Runtime.exceptionThrown') this.errors.push(JSON.stringify(params));
      const isError = (params as { entry?: { level: string } } | undefined)?.entry?.level === 'error';
      if (method === 'Log.entryAdded' && isError) this.errors.push(JSON.stringify(params));
    });
    for (const domain of ['Network', 'Runtime', 'Log', 'Page']) await this.send(`${domain}.enable`);
    const features = [{ name: 'prefers-color-scheme', value: scheme }];
    await this.send('Emulation.setEmulatedMedia', { features });
    await this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
  }

  async goTo(url: string): Promise<void> {
    await this.send('Page.navigate', { url });
    await this.until('document.readyState === "complete"');
  }

  async until(expression: string): Promise<void> {
    const holds = async (): Promise<boolean> => Boolean(await this.evaluate(expression).catch(() => false));
    await eventually(holds, { what: expression, timeoutMs: CALL_TIMEOUT_MS, everyMs: 20 });
  }

  async evaluate<T>(expression: string): Promise<T> {
    const answer = await this.send('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
    const { result, exceptionDetails } = answer as { result: { value: T }; exceptionDetails?: object };
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return result.value;
  }

  /** The text of an element as a reader sees it. */
  text(selector: string): Promise<string> {
    return this.evaluate(`document.querySelector(${JSON.stringify(selector)}).innerText`);
  }

  async press(key: string): Promise<void> {
    const text = key.length === 1 ? { text: key } : {};
    await this.send('Input.dispatchKeyEvent', { type: 'keyDown', key, ...text });
    await this.send('Input.dispatchKeyEvent', { type: 'keyUp', key });
  }

  async click(x: number, y: number): Promise<void> {
    const at = { x, y, button: 'left', clickCount: 1 };
    await this.send('Input.dispatchMouseEvent', { ...at, type: 'mousePressed' });
    await this.send('Input.dispatchMouseEvent', { ...at, type: 'mouseReleased' });
  }

  async wheel(x: number, y: number, deltaY: number): Promise<void> {
    await this.send('Input.dispatchMouseEvent', { type: 'mouseWheel', x, y, deltaX: 0, deltaY });
  }

  /** A picture of what is seen, as PNG. */
  async screenshot(): Promise<Buffer> {
    const { data } = (await this.send('Page.captureScreenshot', { format: 'png' })) as { data: string };
    return Buffer.from(data, 'base64');
  }

  send(method: string, params: object = {}): Promise<Record<string, unknown>> {
    return this.#chromium.send(method, params, this.#session);
  }
}
