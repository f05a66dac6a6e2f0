/**
 * A series of numbers as a picture of text: four rows high, each with three steps, and below each column its label,
 * written downwards (LATENCY GRAPH).
 */
export interface SparklineSample {
  readonly value: number;
  readonly label: string;
}

const ROWS = 4;
const STEPS_OF_ROW = '_o#';
const COLUMNS_MAX = 80;

/** Series of more than 80 samples go on below. */
export function drawSparkline(samples: readonly SparklineSample[]): string {
  const values = samples.map(({ value }) => value);
  const min = Math.min(...values);
  const range = Math.max(...values) - min || 1;
  const blocks: string[] = [];
  for (let from = 0; from < samples.length; from += COLUMNS_MAX) {
    blocks.push(drawBlock(samples.slice(from, from + COLUMNS_MAX), min, range));
  }
  return blocks.join('\n');
}

function drawBlock(samples: readonly SparklineSample[], min: number, range: number): string {
  const steps = ROWS * STEPS_OF_ROW.length;
  const heights = samples.map(({ value }) => Math.min(steps - 1, Math.trunc(((value - min) * steps) / range)));
  const lines: string[] = [];
  for (let row = ROWS - 1; row >= 0; row--) {
    lines.push(heights.map((height) => charAt(height - row * STEPS_OF_ROW.length)).join(''));
  }
  lines.push(' '.repeat(samples.length));
  const labelHeight = Math.max(...samples.map(({ label }) => label.length));
  for (let at = 0; at < labelHeight; at++) lines.push(samples.map(({ label }) => label[at] ?? ' ').join(''));
  return lines.map((line) => `${line}\n`).join('');
}

/** What a column shows in a row that its top is so many steps above. */
function charAt(steps: number): string {
  if (steps < 0) return ' ';
  return STEPS_OF_ROW[steps] ?? '|';
}
