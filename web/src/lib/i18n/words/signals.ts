export const zh = {
  title: '信号', sentence: (open: number, shown: number) => (shown === 0 ? '没有信号' : `${open} 个待执行 · 列出 ${shown} 个`),
  empty: '还没有信号', emptyHint: '运行一个策略，或让它定时运行，信号就在这里。', toStrategies: '去看策略', noneMatch: '没有符合的信号', noneMatchHint: '放宽上面的条件试试。', showAll: '全部显示',
  filters: '筛选', anyAccount: '全部账户', anyStrategy: '全部策略', anyInstrument: '全部品种', anyStatus: '全部状态', ofRun: (id: string) => `第 ${id} 次运行`,
  account: '账户', strategy: '策略', instrument: '品种', status: '状态', direction: '方向', strength: '强度', entry: '入场', stop: '止损', take: '止盈', rr: 'R/R', score: '把握', risk: '风险', time: '时间', expiry: '到期', reason: '原因', older: '更早',
  statuses: { PENDING: '待校验', VALIDATED: '已通过', REJECTED: '被拒', EXECUTED: '已执行', EXPIRED: '过期', CANCELLED: '已放下' } as Record<string, string>,
  directions: { LONG: '做多', SHORT: '做空', FLAT: '离场' } as Record<string, string>,
  noExpiry: '不过期', expires: (when: string) => `${when} 到期`,
  choose: (name: string) => `选中 ${name}`, chooseAll: '全选待执行的', chosen: (n: number) => `已选 ${n} 个`, open: (name: string) => `查看 ${name}`, detail: '信号详情', pick: '选一个信号看细节',
  validate: '校验', execute: '执行', executeChosen: (n: number) => `执行所选 ${n} 个`, onChart: '在图上的位置', letBe: '放下', letBeAsk: '放下之后不能再执行；它已下的委托不受影响。', chart: '看图',
  passed: '风控逐步通过，可以执行。', executed: (name: string) => `${name} 已下单。`, kept: '还不能下单，原因在下面。', letGo: '已放下。',
  liveTitle: '用真钱执行', liveText: (account: string) => `${account} 是实盘账户，会真的下单。`, liveType: (word: string) => `输入 ${word} 以确认`,
  figures: '数字', weight: '占权益', quantity: '数量', confidence: '把握', winRate: '策略胜率', riskScore: '风险分', ofRunLink: (id: string) => `第 ${id} 次运行`, session: '运行中的策略',
  checks: '校验', notChecked: '还没有校验过。', checkedAt: (when: string) => `${when} 校验`, step: (n: number) => `第 ${n} 步`, before: '风控之前', compared: (value: string, limit: string) => `${value}，上限 ${limit}`,
  steps: { '-1': '下单之前', '0': '开仓开关', '1': '账户方式', '2': '开市', '3': '价格与数量', '4': '重复', '5': '频率', '6': '仓位', '7': '熔断', '8': '计划', '9': '组合', '10': '资金' } as Record<string, string>,
  codes: {
    signal_expired: '已经过期。', late_entry: '开始得太久，不追。', stop_passed: '价格已过止损。', take_reached: '价格已到止盈。', price_drifted: '价格跑开太多，不追。', trail_not_supported: '移动止损还不能这样执行。', legs_together: '成组的腿要一起下，还不能这样执行。',
    nothing_to_order: '按现在的持仓和权益，没有要下的数量。', outvoted: '别的策略合起来要相反的方向。', below_threshold: '几个策略意见不一，都不做。', execution_failed: '自动下单时出了错，可以自己执行。', signal_ended: '这个信号已经结束。', cancelled: '委托撤了。', expired: '委托过期了。', rejected: '委托被拒。'
  } as Record<string, string>,
  autoRefused: (what: string) => `“${what}”这一项不同意，没有自动下单。`,
  factors: '因素', factorNames: { momentum: '动量', high_nearness: '离高点', short_reversal: '短期反转', volume_shock: '放量', volatility: '波动', age: '开始于几根之前', trail: '移动止损', version: '策略版本', group: '组合' } as Record<string, string>,
  after: '事后', afterNone: '后面还没有 K 线。', afterOpen: (bars: number) => `还在走，${bars} 根`, afterEnded: (how: string, bars: number) => `${how}，${bars} 根`, hits: { STOP: '到止损', TAKE: '到止盈', HORIZON: '到期限' } as Record<string, string>, mfe: 'MFE', mae: 'MAE', r: 'R', outcome: '结果',
  order: '委托', noOrder: '没有委托。', toOrders: '看委托', filled: (filled: string, quantity: string) => `成交 ${filled} / ${quantity}`,
  agreement: '几个策略合起来', agreementHint: '每个策略最新的意见，按权重和强度相加。', net: (net: string) => `合计 ${net}`, voters: (n: number) => `${n} 个信号`, against: (n: number) => `${n} 个相反`,
  verdicts: { unanimous: '意见一致', outvoted: '少数服从多数', below_threshold: '意见不一，不做' } as Record<string, string>,
  batch: '执行结果', batchSentence: (done: number, all: number) => `${all} 个里 ${done} 个已下单`, gone: '没有这个信号', goneHint: '它可能属于别的账户。', backToList: '回到列表'
};

export const en: typeof zh = {
  title: 'Signals', sentence: (open, shown) => (shown === 0 ? 'No signal' : `${open} open · ${shown} listed`),
  empty: 'No signal yet', emptyHint: 'Run a strategy, or let it run on a schedule, and its signals appear here.', toStrategies: 'See strategies', noneMatch: 'No signal matches', noneMatchHint: 'Loosen the filters above.', showAll: 'Show all',
  filters: 'Filters', anyAccount: 'All accounts', anyStrategy: 'All strategies', anyInstrument: 'All symbols', anyStatus: 'Any status', ofRun: (id) => `Run ${id}`,
  account: 'Account', strategy: 'Strategy', instrument: 'Symbol', status: 'Status', direction: 'Direction', strength: 'Strength', entry: 'Entry', stop: 'Stop', take: 'Take', rr: 'R/R', score: 'Confidence', risk: 'Risk', time: 'Time', expiry: 'Expiry', reason: 'Reason', older: 'Older',
  statuses: { PENDING: 'To check', VALIDATED: 'Passed', REJECTED: 'Refused', EXECUTED: 'Executed', EXPIRED: 'Expired', CANCELLED: 'Let be' },
  directions: { LONG: 'Long', SHORT: 'Short', FLAT: 'Exit' },
  noExpiry: 'Does not expire', expires: (when) => `until ${when}`,
  choose: (name) => `Choose ${name}`, chooseAll: 'Choose all open', chosen: (n) => `${n} chosen`, open: (name) => `Open ${name}`, detail: 'Signal', pick: 'Choose a signal to see more',
  validate: 'Check', execute: 'Execute', executeChosen: (n) => `Execute ${n} chosen`, onChart: 'Its place on the chart', letBe: 'Let be', letBeAsk: 'It cannot be executed afterwards; an order it placed stands.', chart: 'Chart',
  passed: 'Every risk step passed; it can be executed.', executed: (name) => `${name}: the order is placed.`, kept: 'No order yet; the reason is below.', letGo: 'Let be.',
  liveTitle: 'Execute with real money', liveText: (account) => `${account} is a live account: the order is real.`, liveType: (word) => `Type ${word} to confirm`,
  figures: 'Figures', weight: 'Share of equity', quantity: 'Quantity', confidence: 'Confidence', winRate: 'Strategy’s win rate', riskScore: 'Risk score', ofRunLink: (id) => `Run ${id}`, session: 'Running session',
  checks: 'Checks', notChecked: 'Not checked yet.', checkedAt: (when) => `Checked ${when}`, step: (n) => `Step ${n}`, before: 'Before the risk steps', compared: (value, limit) => `${value}, limit ${limit}`,
  steps: { '-1': 'Before the order', '0': 'Opening switch', '1': 'Account mode', '2': 'Market hours', '3': 'Price and size', '4': 'Duplicates', '5': 'Rate', '6': 'Position', '7': 'Breaker', '8': 'Plan', '9': 'Portfolio', '10': 'Funds' },
  codes: {
    signal_expired: 'It has expired.', late_entry: 'It began too long ago to chase.', stop_passed: 'The price has passed its stop.', take_reached: 'The price has reached its take.', price_drifted: 'The price ran too far to chase.', trail_not_supported: 'A trailing stop cannot be executed this way yet.', legs_together: 'Legs of a group trade together; not this way yet.',
    nothing_to_order: 'With this position and equity there is nothing to order.', outvoted: 'Other strategies together want the other side.', below_threshold: 'The strategies disagree; none is traded.', execution_failed: 'Executing it unasked went wrong; you can execute it yourself.', signal_ended: 'This signal is over.', cancelled: 'Its order was cancelled.', expired: 'Its order expired.', rejected: 'Its order was refused.'
  },
  autoRefused: (what) => `“${what}” said no: it did not trade by itself.`,
  factors: 'Factors', factorNames: { momentum: 'Momentum', high_nearness: 'Nearness to the high', short_reversal: 'Short reversal', volume_shock: 'Volume shock', volatility: 'Volatility', age: 'Bars since it began', trail: 'Trailing stop', version: 'Strategy version', group: 'Group' },
  after: 'After the fact', afterNone: 'No bar after it yet.', afterOpen: (bars) => `Still open after ${bars} bars`, afterEnded: (how, bars) => `${how} after ${bars} bars`, hits: { STOP: 'Stop', TAKE: 'Take', HORIZON: 'Time' }, mfe: 'MFE', mae: 'MAE', r: 'R', outcome: 'Result',
  order: 'Order', noOrder: 'No order.', toOrders: 'See orders', filled: (filled, quantity) => `${filled} of ${quantity} filled`,
  agreement: 'Strategies together', agreementHint: 'The newest word of each, added by weight and strength.', net: (net) => `Net ${net}`, voters: (n) => `${n} ${n === 1 ? 'signal' : 'signals'}`, against: (n) => `${n} against`,
  verdicts: { unanimous: 'All agree', outvoted: 'The majority decides', below_threshold: 'They disagree: nothing' },
  batch: 'What became of them', batchSentence: (done, all) => `${done} of ${all} placed an order`, gone: 'There is no such signal', goneHint: 'It may belong to another account.', backToList: 'Back to the list'
};
