export const zh = {
  sessions: {
    title: '运行中',
    sentence: (running: number, paused: number) =>
      running + paused === 0 ? '没有策略在运行' : `${running} 个策略在运行${paused ? ` · ${paused} 个暂停` : ''}`,
    create: '运行一个策略',
    strategy: '策略', instrument: '品种', timeframe: '周期', status: '状态', signals: '信号', orders: '委托',
    since: '开始于', lastBar: '最后一根', account: '账户', allocation: '占用权益', params: '参数', reason: '原因',
    statuses: { RUNNING: '运行中', PAUSED: '已暂停', STOPPED: '已停止' },
    start: '继续', pause: '暂停', stop: '停止', actions: '操作',
    empty: '没有运行过策略',
    emptyHint: '选一个策略、一个品种和一个账户就能开始；在看盘页点“开始模拟”也可以。',
    createHint: '信号先过仓位和风控，再成为模拟委托。',
    started: (name: string) => `已开始：${name}。`,
    noAccount: '还没有账户。先在看盘页开始一次模拟。',
    openChart: '看图',
    stopAsk: '停止后不再出新信号；已有持仓和止损单不变。',
    reasons: {
      'buy point shown': '买点出现', 'sell point shown': '卖点出现', 'buy point confirmed': '买点确认', 'sell point confirmed': '卖点确认',
      'buy point settled': '买点定型', 'sell point settled': '卖点定型', 'buy point nested': '区间套买点', 'sell point nested': '区间套卖点',
      'price fell to the stop': '跌到止损',
      'close fell through the lower band': '收盘跌破下轨', 'close is back at the middle': '收盘回到中轨'
    } as Record<string, string>,
    latestSignals: '最近信号', noSignals: '还没有信号。',
    signalStatuses: { PENDING: '待校验', VALIDATED: '已通过', REJECTED: '被拒', EXECUTED: '已执行', EXPIRED: '过期', CANCELLED: '已撤' } as Record<string, string>, time: '时间', direction: '方向', strength: '强度', result: '结果'
  },
  account: {
    title: '账户',
    sentence: (equity: string, open: number, orders: number) => `权益 ${equity} · ${open} 个持仓 · ${orders} 笔挂单`,
    equity: '权益', cash: '现金', value: '持仓市值', unrealised: '浮动盈亏', realised: '已实现', fees: '费用',
    open: '挂单', closed: '历史委托', positions: '持仓', fills: '成交', balance: '余额', curve: '权益曲线',
    asset: '币种', total: '总额', free: '可用', locked: '冻结',
    time: '时间', side: '方向', type: '类型', price: '价格', quantity: '数量', filled: '已成交', average: '均价',
    status: '状态', role: '用途', fee: '费用', source: '来源', bySession: '策略', byHand: '手动',
    last: '现价', stop: '止损', take: '止盈', opened: '开仓时间', mark: '标记价',
    noClosed: '还没有历史委托。', noFills: '还没有成交。', noCurve: '第一笔估值之后这里有曲线。', noAccounts: '还没有账户',
    noAccountsHint: '开始一次模拟就会有一个 100,000 的模拟账户。',
    choose: '选择账户', create: '新建账户', name: '名称',
    venue: '怎么成交', venues: { paper: '模拟', manual: '手工' },
    paperHint: '平台按行情撮合，用的是模拟的钱。', manualHint: '委托变成一张单子，你去自己的券商下，再回来确认。钱在券商那里。',
    market: '市场', anyMarket: '不限', cashThere: '券商那里的现金', presetCurrency: '币种', presetBenchmark: '基准', presetCalendar: '日历', presetFee: '佣金', presetSlippage: '滑点',
    basisPoints: (n: string) => `${n} 个基点`, presetRules: '涨跌停、T+1、手数、税费按品种的市场规则另算。',
    followColours: (colours: string) => `这个账户在时，页面用${colours}`,
    leverage: '杠杆', leverageHint: '1 到 125，只用于永续和期货。', isolated: '逐仓保证金', fractional: '可买碎股', newCash: '起始资金', quote: '计价币种', created: '已新建账户。',
    clockSystem: '系统时钟', clockReplay: '回放时钟', older: '更早的'
  },
  sources: {
    title: '数据源',
    sentence: (on: number, failed: number) => (failed ? `${on} 个在用 · ${failed} 个有问题` : `${on} 个在用`),
    create: '新建数据源', edit: '编辑', remove: '删除', test: '测试', sync: '同步', use: '启用',
    name: '名称', type: '类型', series: '序列', lastSync: '上次同步', status: '状态', never: '从未',
    statuses: { ON: '在用', OFF: '已停用', FAILED: '不可用' } as Record<string, string>,
    empty: '还没有数据源', emptyHint: '接一个文件夹，或用自带的真实样本行情。',
    removeAsk: (name: string) => `删除“${name}”后不再同步；已存下的 K 线不动。`,
    testOk: (ms: string, series: number) => `连得上，${ms} 毫秒，${series} 个序列。`,
    testFailed: '连不上',
    syncing: (done: string, total: string) => `同步 ${done} / ${total}`,
    synced: '同步完成。', syncFailed: '同步没有完成',
    cancelJob: '停止',
    importTitle: '导入 K 线文件', importHint: 'CSV、Parquet 或 Feather，列名不限：选好文件后确认哪一列是什么。',
    columns: '列', columnsHint: '确认每一列；右边是第一行的内容。', chooseColumn: '选一列', noVolume: '没有成交量', noHeader: '文件没有表头：按 时间、开、高、低、收、量 的顺序读。',
    ours: { ts: '时间', open: '开', high: '高', low: '低', close: '收', volume: '量' },
    clock: '时间是', clocks: { utc: 'UTC', market: '市场当地时间' }, barLabel: '时间指一根的', barLabels: { open: '开始', close: '结束' },
    prices: '价格', pricesHint: '股票和基金才有除权；没说清的不能复权，也不能放在一起比较。',
    modes: { UNKNOWN: '没有说明', RAW: '不复权', SPLIT: '已处理拆股', FORWARD: '前复权', BACKWARD: '后复权' } as Record<string, string>,
    gapCount: '缺口', duplicates: '重复', conflicts: '冲突', sound: '没有发现问题。', moreIssues: (n: number) => `还有 ${n} 处。`,
    issues: {
      no_market: '没有这个品种的市场规则。', calendar_date_unknown: '交易日历没有这一天。', bars_outside_sessions: '有 K 线在开市时间之外。',
      price_mode_unknown: '没有说明价格怎样复权。', wrong_mode: '说是不复权，价格却不像。', factors_do_not_chain: '复权因子和分红对不上。',
      ex_date_without_price: '除权日没有 K 线。', zero_volume_run: '连续没有成交量。', no_volume: '整个序列没有成交量。', outlier: '一根之内变动过大。'
    } as Record<string, string>,
    file: '文件', chooseFile: '选择文件', instrument: '品种', timeframe: '周期', import: '导入',
    imported: (added: string, duplicates: string) => `已导入 ${added} 根，${duplicates} 根重复。`,
    fileRefused: '文件没有导入，一根也没有存',
    instruments: '已有序列', bars: '根数', first: '从', lastTs: '到', health: '体检', gaps: (n: number) => `${n} 处缺口`, kinds: { FILES: '文件夹', SAMPLES: '自带样本' } as Record<string, string>,
    required: '必填。', notNumber: '要填数字。', tooLow: (low: string) => `不小于 ${low}。`, tooHigh: (high: string) => `不大于 ${high}。`, notWhole: '要填整数。'
  },
  journal: {
    title: '复盘',
    sentence: (n: number) => `${n} 笔平仓交易等待复盘`,
    empty: '还没有平仓的交易', emptyHint: '每平掉一笔，这里会多一份草稿。',
    instrument: '品种', direction: '方向', entry: '开仓', exit: '平仓', entryPrice: '开仓价', exitPrice: '平仓价',
    quantity: '数量', realised: '盈亏', status: '状态', held: '持有',
    statuses: { DRAFT: '草稿', PENDING: '待写', COMPLETED: '已写' } as Record<string, string>,
    onChart: '看图', page: (page: number, pages: number) => `第 ${page} / ${pages} 页`, previous: '上一页', next: '下一页'
  }
};

export const en: typeof zh = {
  sessions: {
    title: 'Running',
    sentence: (running, paused) =>
      running + paused === 0
        ? 'No strategy is running'
        : `${running} ${running === 1 ? 'strategy' : 'strategies'} running${paused ? ` · ${paused} paused` : ''}`,
    create: 'Run a strategy',
    strategy: 'Strategy', instrument: 'Symbol', timeframe: 'Period', status: 'Status', signals: 'Signals', orders: 'Orders',
    since: 'Since', lastBar: 'Last bar', account: 'Account', allocation: 'Share of equity', params: 'Parameters', reason: 'Reason',
    statuses: { RUNNING: 'Running', PAUSED: 'Paused', STOPPED: 'Stopped' },
    start: 'Resume', pause: 'Pause', stop: 'Stop', actions: 'Actions',
    empty: 'No strategy has run yet',
    emptyHint: 'Choose a strategy, a symbol and an account; or press “Start paper” on the chart.',
    createHint: 'Signals pass sizing and risk before they become paper orders.',
    started: (name) => `Started: ${name}.`,
    noAccount: 'No account yet. Start a paper run on the chart first.',
    openChart: 'Chart',
    stopAsk: 'No new signals after that; positions and stops stay as they are.',
    reasons: {},
    latestSignals: 'Latest signals', noSignals: 'No signals yet.',
    signalStatuses: { PENDING: 'Pending', VALIDATED: 'Passed', REJECTED: 'Refused', EXECUTED: 'Executed', EXPIRED: 'Expired', CANCELLED: 'Cancelled' }, time: 'Time', direction: 'Direction', strength: 'Strength', result: 'Result'
  },
  account: {
    title: 'Account',
    sentence: (equity, open, orders) =>
      `Equity ${equity} · ${open} ${open === 1 ? 'position' : 'positions'} · ${orders} open ${orders === 1 ? 'order' : 'orders'}`,
    equity: 'Equity', cash: 'Cash', value: 'Market value', unrealised: 'Open P&L', realised: 'Realised', fees: 'Fees',
    open: 'Open orders', closed: 'Past orders', positions: 'Positions', fills: 'Fills', balance: 'Balance', curve: 'Equity curve',
    asset: 'Asset', total: 'Total', free: 'Free', locked: 'Locked',
    time: 'Time', side: 'Side', type: 'Type', price: 'Price', quantity: 'Quantity', filled: 'Filled', average: 'Average',
    status: 'Status', role: 'Purpose', fee: 'Fee', source: 'From', bySession: 'Strategy', byHand: 'By hand',
    last: 'Last', stop: 'Stop', take: 'Take', opened: 'Opened', mark: 'Mark',
    noClosed: 'No past orders yet.', noFills: 'No fills yet.', noCurve: 'The curve starts with the first valuation.', noAccounts: 'No account yet',
    noAccountsHint: 'Starting a paper run opens one with 100,000.',
    choose: 'Choose an account', create: 'New account', name: 'Name',
    venue: 'How it trades', venues: { paper: 'Paper', manual: 'By hand' },
    paperHint: 'Orders fill on the platform’s bars, with play money.', manualHint: 'An order becomes a ticket; you place it at your broker and confirm it. The money lies there.',
    market: 'Market', anyMarket: 'Any', cashThere: 'Cash at your broker', presetCurrency: 'Currency', presetBenchmark: 'Benchmark', presetCalendar: 'Calendar', presetFee: 'Commission', presetSlippage: 'Slippage',
    basisPoints: (n) => `${n} bp`, presetRules: 'Price limits, settlement, lots and duties come from the symbol’s own market.',
    followColours: (colours) => `Paint the page ${colours.toLowerCase()} while this account is shown`,
    leverage: 'Leverage', leverageHint: '1 to 125, for perpetuals and futures only.', isolated: 'Isolated margin', fractional: 'Parts of a share', newCash: 'Starting cash', quote: 'Quote asset', created: 'Account opened.',
    clockSystem: 'System clock', clockReplay: 'Replay clock', older: 'Older'
  },
  sources: {
    title: 'Data sources',
    sentence: (on, failed) => (failed ? `${on} in use · ${failed} in trouble` : `${on} in use`),
    create: 'New source', edit: 'Edit', remove: 'Delete', test: 'Test', sync: 'Sync', use: 'In use',
    name: 'Name', type: 'Type', series: 'Series', lastSync: 'Last sync', status: 'Status', never: 'never',
    statuses: { ON: 'In use', OFF: 'Off', FAILED: 'Unavailable' },
    empty: 'No data source yet', emptyHint: 'Connect a folder of files, or use the real sample bars that come along.',
    removeAsk: (name) => `Deleting “${name}” stops its syncs; stored bars stay.`,
    testOk: (ms, series) => `Reached in ${ms} ms, ${series} series.`,
    testFailed: 'Not reachable',
    syncing: (done, total) => `Syncing ${done} / ${total}`,
    synced: 'Sync finished.', syncFailed: 'The sync did not finish',
    cancelJob: 'Stop',
    importTitle: 'Import bars', importHint: 'CSV, Parquet or Feather under any column names: choose a file, then confirm which column is which.',
    columns: 'Columns', columnsHint: 'Confirm each column; the first row stands beside it.', chooseColumn: 'Choose a column', noVolume: 'No volume', noHeader: 'The file has no header: it is read as time, open, high, low, close, volume.',
    ours: { ts: 'Time', open: 'Open', high: 'High', low: 'Low', close: 'Close', volume: 'Vol.' },
    clock: 'Times are', clocks: { utc: 'UTC', market: 'the market’s own' }, barLabel: 'A time is a bar’s', barLabels: { open: 'start', close: 'end' },
    prices: 'Prices', pricesHint: 'Only shares and funds have ex-dates. What nobody has said is neither adjusted nor compared.',
    modes: { UNKNOWN: 'Not said', RAW: 'As traded', SPLIT: 'Splits put in', FORWARD: 'Forward-adjusted', BACKWARD: 'Backward-adjusted' },
    gapCount: 'Gaps', duplicates: 'Duplicates', conflicts: 'Conflicts', sound: 'Nothing wrong was found.', moreIssues: (n) => `${n} more.`,
    issues: {
      no_market: 'No market’s rules are known for this symbol.', calendar_date_unknown: 'The calendar does not know this day.', bars_outside_sessions: 'Bars lie outside the market’s hours.',
      price_mode_unknown: 'Nobody has said how the prices are adjusted.', wrong_mode: 'Said to be as traded, but the prices do not look it.', factors_do_not_chain: 'The factor does not follow from the dividend.',
      ex_date_without_price: 'No bar on the ex-date.', zero_volume_run: 'A run of bars without volume.', no_volume: 'No volume anywhere.', outlier: 'A move out of proportion in one bar.'
    },
    file: 'File', chooseFile: 'Choose a file', instrument: 'Symbol', timeframe: 'Period', import: 'Import',
    imported: (added, duplicates) => `${added} bars imported, ${duplicates} duplicates.`,
    fileRefused: 'The file was not imported; nothing was stored',
    instruments: 'Stored series', bars: 'Bars', first: 'From', lastTs: 'To', health: 'Health', gaps: (n) => `${n} ${n === 1 ? 'gap' : 'gaps'}`, kinds: { FILES: 'Folder', SAMPLES: 'Samples' },
    required: 'Required.', notNumber: 'A number is needed.', tooLow: (low) => `At least ${low}.`, tooHigh: (high) => `At most ${high}.`, notWhole: 'A whole number is needed.'
  },
  journal: {
    title: 'Review',
    sentence: (n) => `${n} closed ${n === 1 ? 'trade' : 'trades'} to review`,
    empty: 'No closed trade yet', emptyHint: 'Every trade that closes leaves a draft here.',
    instrument: 'Symbol', direction: 'Direction', entry: 'Entry', exit: 'Exit', entryPrice: 'Entry price', exitPrice: 'Exit price',
    quantity: 'Quantity', realised: 'P&L', status: 'Status', held: 'Held',
    statuses: { DRAFT: 'Draft', PENDING: 'To write', COMPLETED: 'Written' },
    onChart: 'Chart', page: (page, pages) => `Page ${page} of ${pages}`, previous: 'Previous', next: 'Next'
  }
};
