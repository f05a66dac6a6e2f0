/** Colours of the canvas, from the variables of the page (style.ts), so that light and dark are chosen in one place. */

export interface Theme {
  readonly panel: string;
  readonly raised: string;
  readonly line: string;
  readonly faint: string;
  readonly text: string;
  readonly soft: string;
  readonly ghost: string;
  readonly accent: string;
  readonly good: string;
  readonly bad: string;
  readonly warn: string;
  readonly violet: string;
  readonly sentinel: string;
  readonly down: string;
  readonly message: string;
  readonly routine: string;
  readonly onBar: string;
  readonly hues: readonly string[];
  readonly ui: string;
  readonly mono: string;
  /** As `198 40 40`, for what is seen through. */
  readonly band: string;
  readonly bandSoft: string;
}

const HUES = 6;

export function readTheme(): Theme {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    panel: read('panel'),
    raised: read('raised'),
    line: read('line'),
    faint: read('faint'),
    text: read('text'),
    soft: read('soft'),
    ghost: read('ghost'),
    accent: read('accent'),
    good: read('good'),
    bad: read('bad'),
    warn: read('warn'),
    violet: read('violet'),
    sentinel: read('sentinel'),
    down: read('down'),
    message: read('message'),
    routine: read('routine'),
    onBar: read('on-bar'),
    hues: Array.from({ length: HUES }, (_, i) => read(`hue-${i}`)),
    ui: read('ui'),
    mono: read('mono'),
    band: read('band'),
    bandSoft: read('band-soft'),
  };
}

/** Makes a canvas as sharp as the screen. @returns its context, in CSS pixels. */
export function sharpContext(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const ratio = window.devicePixelRatio || 1;
  const [pixelWidth, pixelHeight] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== pixelWidth) canvas.width = pixelWidth;
  if (canvas.height !== pixelHeight) canvas.height = pixelHeight;
  const context = canvas.getContext('2d')!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}
