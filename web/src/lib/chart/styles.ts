// The look of the KLineCharts canvas: axes, candles, crosshair, separators.
import type { DeepPartial, Styles } from 'klinecharts';
import { FONT, ink } from './ink';

const HIDDEN = { show: false };

export function chartStyles(): DeepPartial<Styles> {
  const tick = { color: ink.text3, size: 11, family: FONT, weight: '400' };
  const label = { size: 11, family: FONT, weight: '600', borderRadius: 3, paddingLeft: 6, paddingRight: 6, paddingTop: 3, paddingBottom: 3 };
  const legend = { size: 12, family: FONT, weight: '400', color: ink.text3, marginLeft: 0, marginTop: 8, marginRight: 8, marginBottom: 4 };
  const cross = {
    line: { show: true, color: ink.crosshair, style: 'dashed' as const, dashedValue: [4, 3], size: 1 },
    text: { ...label, show: true, color: '#FFFFFF', backgroundColor: ink.crosshairLabel, borderColor: ink.crosshairLabel }
  };
  return {
    grid: {
      horizontal: { color: ink.grid, style: 'solid', size: 1 },
      vertical: { color: ink.grid, style: 'solid', size: 1 }
    },
    candle: {
      type: ink.hollow ? 'candle_up_stroke' : 'candle_solid',
      bar: {
        compareRule: 'current_open',
        upColor: ink.up,
        downColor: ink.down,
        noChangeColor: ink.text3,
        upBorderColor: ink.up,
        downBorderColor: ink.down,
        noChangeBorderColor: ink.text3,
        upWickColor: ink.up,
        downWickColor: ink.down,
        noChangeWickColor: ink.text3
      },
      priceMark: {
        high: HIDDEN,
        low: HIDDEN,
        last: {
          show: true,
          compareRule: 'current_open',
          upColor: ink.upSolid,
          downColor: ink.downSolid,
          noChangeColor: ink.positionSolid,
          line: HIDDEN,
          text: { ...label, show: true, color: ink.on }
        }
      },
      tooltip: { showRule: 'none' }
    },
    indicator: {
      lastValueMark: HIDDEN,
      tooltip: {
        showRule: 'always',
        offsetLeft: 14,
        offsetTop: 0,
        title: { ...legend, show: true, showName: true, showParams: true },
        legend
      }
    },
    xAxis: { size: 24, axisLine: { color: ink.hairline }, tickLine: HIDDEN, tickText: { ...tick, marginStart: 5, marginEnd: 5 } },
    yAxis: { axisLine: { color: ink.hairline }, tickLine: HIDDEN, tickText: { ...tick, marginStart: 8, marginEnd: 8 } },
    separator: { size: 1, color: ink.hairline, fill: true, activeBackgroundColor: ink.hairline },
    crosshair: { horizontal: { ...cross, features: [] }, vertical: cross }
  };
}
