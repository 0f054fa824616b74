// MACD 12 26 9: two lines and the bars between them. The washes of compared strokes lie behind the bars.
import { registerIndicator } from 'klinecharts';
import { plain } from '$lib/format/numbers';
import { faded, ink } from '../ink';
import { macdRows, type MacdRow } from '../macd';

export const MACD = 'alphaloop_macd';

registerIndicator<MacdRow, number>({
  name: MACD,
  shortName: 'MACD',
  calcParams: [12, 26, 9],
  precision: 2,
  figures: [
    {
      key: 'hist',
      type: 'bar',
      baseValue: 0,
      styles: ({ data }) => {
        const now = data.current?.hist ?? 0;
        return { color: faded(now >= 0 ? ink.up : ink.down, 0.6) };
      }
    },
    { key: 'dif', type: 'line', styles: () => ({ color: ink.dif, size: 1 }) },
    { key: 'dea', type: 'line', styles: () => ({ color: ink.dea, size: 1 }) }
  ],
  calc: (bars, indicator) => {
    const [fast, slow, signal] = indicator.calcParams;
    // Bars that stand for several bring the figures of those along.
    if (bars[0] && 'hist' in bars[0]) return bars.map((bar) => ({ dif: Number(bar.dif), dea: Number(bar.dea), hist: Number(bar.hist) }));
    return macdRows(bars.map((bar) => bar.close), fast, slow, signal);
  },
  createTooltipDataSource: ({ indicator, crosshair }) => {
    const row = indicator.result[crosshair.dataIndex ?? indicator.result.length - 1];
    const decimals = indicator.precision;
    return {
      name: 'MACD',
      calcParamsText: ` ${indicator.calcParams.join(' ')}`,
      features: [],
      legends: [
        { title: { text: 'DIF ', color: ink.dif }, value: { text: plain(row?.dif, decimals), color: ink.dif } },
        { title: { text: 'DEA ', color: ink.dea }, value: { text: plain(row?.dea, decimals), color: ink.dea } }
      ]
    };
  }
});
