// The colours of the canvas, read from the design tokens of the page so that both always agree.

const TOKENS = {
  surface: '--surface-1',
  raised: '--surface-2',
  hairline: '--line-1',
  grid: '--grid',
  text1: '--text-1',
  text2: '--text-2',
  text3: '--text-3',
  on: '--text-on',
  up: '--up',
  upSolid: '--up-solid',
  upWeak: '--up-weak',
  down: '--down',
  downSolid: '--down-solid',
  downWeak: '--down-weak',
  fractal: '--chan-fractal',
  stroke: '--chan-stroke',
  pivotText: '--chan-pivot-1',
  pivotFill: '--chan-pivot-1-fill',
  pivotLine: '--chan-pivot-1-line',
  pivot2Text: '--chan-pivot-2',
  pivot2Fill: '--chan-pivot-2-fill',
  pivot2Line: '--chan-pivot-2-line',
  pivot3Text: '--chan-pivot-3',
  pivot3Fill: '--chan-pivot-3-fill',
  pivot3Line: '--chan-pivot-3-line',
  accent: '--accent',
  compareIn: '--chan-compare-a',
  compareOut: '--chan-compare-b',
  segment: '--chan-segment',
  dif: '--macd-dif',
  dea: '--macd-dea',
  entry: '--ord-entry',
  entrySolid: '--ord-entry-solid',
  stop: '--ord-stop',
  stopSolid: '--ord-stop-solid',
  take: '--ord-take',
  takeSolid: '--ord-take-solid',
  position: '--ord-position',
  positionSolid: '--ord-position-solid',
  lastPrice: '--last-price',
  crosshair: '--crosshair',
  crosshairLabel: '--crosshair-label',
  warn: '--warn',
  warnWeak: '--warn-weak'
} as const;

export type Ink = Record<keyof typeof TOKENS, string> & { hollow: boolean };

export const ink: Ink = { ...Object.fromEntries(Object.keys(TOKENS).map((key) => [key, '#888888'])), hollow: false } as Ink;

export const FONT =
  '"Inter Variable", "PingFang SC", "HarmonyOS Sans SC", "Noto Sans SC", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif';

/** Reads every token again; call it after theme or up/down colours changed. */
export function refreshInk(): void {
  const style = getComputedStyle(document.documentElement);
  for (const [key, token] of Object.entries(TOKENS)) {
    ink[key as keyof typeof TOKENS] = style.getPropertyValue(token).trim();
  }
  ink.hollow = document.documentElement.dataset.updown === 'cb';
}

/** Opacity of what is confirmed but may still move. */
export const MAY_MOVE = 0.62;

/** The same colour at another opacity: the tokens are six- or eight-digit hex. */
export function faded(colour: string, opacity: number): string {
  const alpha = Math.round(Math.max(0, Math.min(1, opacity)) * 255);
  return `${colour.slice(0, 7)}${alpha.toString(16).padStart(2, '0')}`;
}
