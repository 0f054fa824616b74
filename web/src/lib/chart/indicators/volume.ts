// Volume bars in the colour of their candle, quieter than the candles themselves.
import { registerIndicator } from 'klinecharts';
import { compact } from '$lib/format/numbers';
import { faded, ink } from '../ink';
import { lettering } from '../lettering';

export const VOLUME = 'alphaloop_volume';
type Row = { volume: number; rising: boolean };

registerIndicator<Row>({
  name: VOLUME,
  series: 'volume',
  minValue: 0,
  shouldFormatBigNumber: true,
  figures: [
    {
      key: 'volume',
      type: 'bar',
      baseValue: 0,
      styles: ({ data }) => ({ color: faded(data.current?.rising ? ink.up : ink.down, 0.55) })
    }
  ],
  calc: (bars) => bars.map((bar) => ({ volume: bar.volume ?? 0, rising: bar.close >= bar.open })),
  createTooltipDataSource: ({ indicator, crosshair }) => {
    const row = indicator.result[crosshair.dataIndex ?? indicator.result.length - 1];
    return {
      name: '',
      calcParamsText: '',
      features: [],
      legends: [
        {
          title: { text: `${lettering.volume} `, color: ink.text3 },
          value: { text: row ? compact(row.volume, lettering.chinese) : '—', color: ink.text2 }
        }
      ]
    };
  }
});
