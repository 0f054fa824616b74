// Numbers as the design wants them: commas, a true minus, fixed decimals from the instrument's grid.

export const MINUS = '\u2212';
export const NONE = '—';

/** Decimals of a grid step: "0.01" → 2, "1" → 0, "0.00001000" → 5. */
export function decimalsOf(step: string | null | undefined): number {
  if (!step) return 2;
  const text = /e/i.test(step) ? Number(step).toFixed(12) : step;
  const fraction = text.split('.')[1]?.replace(/0+$/, '') ?? '';
  return fraction.length;
}

type Numeric = string | number | null | undefined;

function toNumber(value: Numeric): number | null {
  if (value === null || value === undefined || value === '') return null;
  const number = typeof value === 'number' ? value : Number(value);
  return Number.isFinite(number) ? number : null;
}

const formats = new Map<number, Intl.NumberFormat>();

/** One format per number of decimals: making one costs more than using it a hundred times, and charts use it each frame. */
function formatFor(decimals: number): Intl.NumberFormat {
  const format = formats.get(decimals) ?? new Intl.NumberFormat('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  formats.set(decimals, format);
  return format;
}

/** "1861.07" → "1,861.07"; negative numbers carry U+2212. */
export function plain(value: Numeric, decimals = 2): string {
  const number = toNumber(value);
  if (number === null) return NONE;
  const text = formatFor(decimals).format(Math.abs(number));
  return number < 0 && /[1-9]/.test(text) ? MINUS + text : text;
}

/** Changes and P&L are always signed, except zero. */
export function signed(value: Numeric, decimals = 2): string {
  const number = toNumber(value);
  if (number === null) return NONE;
  const text = plain(number, decimals);
  return number > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

export function percent(value: Numeric, decimals = 2): string {
  const number = toNumber(value);
  return number === null ? NONE : `${signed(number, decimals)}%`;
}

export function share(value: Numeric, decimals = 2): string {
  const number = toNumber(value);
  return number === null ? NONE : `${plain(number, decimals)}%`;
}

/** The platform's shares are fractions: 0.157 → 15.7. */
export function inPercent(value: Numeric): number | null {
  const number = toNumber(value);
  return number === null ? null : number * 100;
}

/** Quantities keep what they have, at most the lot's decimals, without padding. */
export function quantity(value: Numeric, lot?: string): string {
  const number = toNumber(value);
  if (number === null) return NONE;
  const text = number.toLocaleString('en-US', { maximumFractionDigits: lot ? Math.max(decimalsOf(lot), 0) : 8 });
  return number < 0 ? MINUS + text.replace(/^-/, '') : text;
}

/** 109K, 4.2M — or 10.9万, 1.2亿 in Chinese. */
export function compact(value: Numeric, chinese = false): string {
  const number = toNumber(value);
  if (number === null) return NONE;
  const steps: [number, string][] = chinese
    ? [
        [1e8, '亿'],
        [1e4, '万']
      ]
    : [
        [1e9, 'B'],
        [1e6, 'M'],
        [1e3, 'K']
      ];
  for (const [size, unit] of steps) {
    if (Math.abs(number) >= size) {
      const scaled = number / size;
      return `${plain(scaled, Math.abs(scaled) >= 100 ? 0 : 1)}${unit}`;
    }
  }
  return plain(number, Math.abs(number) >= 100 || Number.isInteger(number) ? 0 : 2);
}

/** The direction a number points in, for colour: 1, -1 or 0. */
export function signOf(value: Numeric): -1 | 0 | 1 {
  const number = toNumber(value);
  return number === null || number === 0 ? 0 : number > 0 ? 1 : -1;
}

/** Rounds a typed number onto a grid without binary noise: (1846.003, "0.01") → "1846.00". */
export function onGrid(value: number, step: string, mode: 'round' | 'floor' = 'round'): string {
  const size = Number(step);
  const decimals = decimalsOf(step);
  if (!size) return String(value);
  const steps = value / size;
  const whole = mode === 'floor' ? Math.floor(steps + 1e-9) : Math.round(steps);
  return (whole * size).toFixed(decimals);
}
