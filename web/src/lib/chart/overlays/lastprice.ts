// The last price: dotted from the last bar to the axis, grey when the feed is stale.
import { ink } from '../ink';
import { registerLayer } from './layer';

export const LAST_PRICE = 'alphaloop_last_price';

registerLayer<null>(LAST_PRICE, (_rows, frame) => {
  const bar = frame.chart.getDataList().at(-1);
  if (!bar) return [];
  const y = frame.y(bar.close);
  const x = Math.max(0, frame.x(bar.timestamp));
  return [
    {
      type: 'line',
      attrs: { coordinates: [{ x, y }, { x: frame.width, y }] },
      styles: { style: 'dashed', dashedValue: [2, 3], color: ink.lastPrice, size: 1 },
      ignoreEvent: true
    }
  ];
}, { zLevel: 2 });
