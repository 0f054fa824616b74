export const zh = {
  title: '风控',
  halt: '停止开仓',
  halted: '开仓已停',
  haltHint: '停止后只能撤单和平仓，马上生效。',
  limits: {
    max_orders_per_minute: '每分钟委托',
    max_orders_per_day: '每天委托',
    max_single_order_pct: '单笔占权益',
    max_single_position_pct: '单个持仓占权益',
    price_band_pct: '限价偏离现价'
  },
  effective: (value: string) => `现为 ${value}`,
  unlimited: '现不限',
  emptyMeans: '留空用平台的默认值；不能宽过平台的上限。',
  wrongShare: '填大于 0、不超过 100 的数。',
  wrongCount: '填大于 0 的整数。',
  reasons: { manual: '手动停止开仓。可以撤单和平仓。' } as Record<string, string>
};

export const en: typeof zh = {
  title: 'Risk',
  halt: 'Stop opening',
  halted: 'Opening is off',
  haltHint: 'Then only cancelling and closing works; at once.',
  limits: {
    max_orders_per_minute: 'Orders a minute',
    max_orders_per_day: 'Orders a day',
    max_single_order_pct: 'One order of equity',
    max_single_position_pct: 'One position of equity',
    price_band_pct: 'Limit price off market'
  },
  effective: (value) => `now ${value}`,
  unlimited: 'now unlimited',
  emptyMeans: 'Empty takes the platform’s default; nothing can be wider than its maximum.',
  wrongShare: 'A number above 0, at most 100.',
  wrongCount: 'A whole number above 0.',
  reasons: { manual: 'Opening was stopped by hand; you can cancel and close.' }
};
