export const zh = {
  title: '过拟合护照', sentence: (made: number, going: number) => (made === 0 ? '还没有护照' : `最近 ${made} 份护照${going ? ` · ${going} 份在做` : ''}`),
  create: '新护照', make: '开始检查', started: (name: string) => `已排队：${name}。`, empty: '还没有护照',
  emptyHint: '一个漂亮的回测可能是本事，也可能是运气，或是试出来的。护照问九个问题，把这几样分开。',
  strategy: '策略', instruments: '品种', verdict: '结论', checks: '通过', when: '时间', cancel: '停下', remove: '删除', removeAsk: '护照会删掉；同样的问题可以再问一次，答案相同。', cancelled: '已请它停下。', all: '全部护照', again: '再问一次',
  unknown: '没有这份护照', unknownHint: '它可能已经删掉了。', failed: '没有做成', stopped: '已停下', stoppedHint: '同样的问题可以再问一次。', compiling: '一次护照要把策略跑几百遍，要等上几十秒到几分钟。',
  steps: { '': '准备', bars: '读 K 线', map: '画参数面' } as Record<string, string>,
  progress: (step: string, done: number, total: number) => `${step} · ${done} / ${total}`,
  verdicts: { pass: '通过', warn: '留意', fail: '不过', unknown: '不知道' } as Record<string, string>,
  whole: {
    pass: '九项都没有找到把柄。这不等于以后会赚钱。', warn: '没有硬伤，但有几项证据不够。', fail: '至少一项不过：先弄明白它，再谈别的。', unknown: '有几项没能检查，结论要打折。'
  } as Record<string, string>,
  tried: '试过哪些参数', triedHint: '每个参数写下看过的值，逗号隔开；空着就当作在所选值的一半到两倍之间试过。', badRange: '数字，逗号隔开，最多 50 个。', tooMany: (n: number, most: number) => `${n} 种组合，最多 ${most} 种。`,
  trials: '一共试过几次', trialsHint: '比组合多时才写。没数过的尝试会让最后两项过于宽容。', badTrials: '1 到 1000000 的整数。', draws: '重抽行情的次数', rulesHint: '按市场规则时，两项重抽行情的检查没法做。', value: '所选', metric: 'Sharpe',
  map: '参数面', mapHint: '框住的是所选。一片都好，才不是碰巧。', mapOne: (name: string) => `${name} 的每个值`, noMap: '没有别的参数可比。',
  questions: {
    look_ahead: { name: '偷看未来', asks: '给它看到的历史变短，过去的信号会变吗？', cannot: '只查这段历史上的代码，查不出数据本身事后修订。' },
    start: { name: '起点', asks: '晚一点开始，预热后会走到同样的决定吗？', cannot: '不说明结论对不对，只说明不靠偶然的起点。' },
    stability: { name: '参数稳定', asks: '参数挪一两步，结果还在吗？', cannot: '天生只有一个值有意义的规则，比如“每月第几天”，会被冤枉。' },
    walk_forward: { name: '滚动前推', asks: '只用过去选参数，之后还赚钱吗？', cannot: '只走过一遍历史；五段太少，抓不住少见的行情。' },
    trade_luck: { name: '交易的运气', asks: '同样的交易重新抽，会亏吗？', cannot: '把每笔当作先后发生；同时持有很多品种时请看行情的运气。' },
    market_luck: { name: '行情的运气', asks: '同样性质的另一段行情，会亏吗？', cannot: '重抽会切断日历和比一笔交易更长的东西，靠它们吃饭的规则会被冤枉，所以它最多是提醒。' },
    shuffle: { name: '打乱顺序', asks: '比在打乱的同一批 K 线上更好吗？', cannot: '比打乱的好，只说明顺序里有东西，不说明那东西会留下。' },
    overfitting: { name: '过拟合概率', asks: '过去最好的那组，之后会落到一半以下吗？', cannot: '只看说出来的那些参数；没说的尝试它不知道。' },
    deflated_sharpe: { name: '扣除尝试的 Sharpe', asks: '这个 Sharpe 比这么多次尝试碰出来的还高吗？', cannot: '尝试次数要如实填；把它少报，答案就偏好。' }
  } as Record<string, { name: string; asks: string; cannot: string }>,
  says: {
    look_ahead: (figure: string) => `${figure} 处不同`, start: (figure: string) => `${figure} 的行不同`, stability: (figure: string) => `${figure} 的邻居留住一半`, walk_forward: (figure: string) => `真 Sharpe 大于零的概率 ${figure}`,
    trade_luck: (figure: string) => `${figure} 的抽签会亏`, market_luck: (figure: string) => `${figure} 的行情上不赚`, shuffle: (figure: string) => `${figure} 的打乱一样好`, overfitting: (figure: string) => `概率 ${figure}`, deflated_sharpe: (figure: string) => `概率 ${figure}`
  } as Record<string, (figure: string) => string>,
  borders: {
    look_ahead: '一处不同就不过', start: '≤ 10% 通过', stability: '≥ 67% 通过，< 33% 不过', walk_forward: '≥ 95% 通过，< 50% 不过', trade_luck: '≤ 5% 通过，> 25% 不过', market_luck: '≤ 5% 通过，更多只提醒', shuffle: '≤ 5% 通过，> 25% 不过',
    overfitting: '≤ 20% 或几乎不亏则通过，> 50% 不过', deflated_sharpe: '≥ 95% 通过，< 50% 不过'
  } as Record<string, string>,
  refused: (why: string) => `没能检查：${why}`,
  noDates: '重抽的行情没有日期，市场规则挂不上', tooShort: '历史太短',
  plots: {
    cut: '历史截短后逐行相同', starts: '每个晚起点，不同的行占比', neighbours: '挪一两步后的 Sharpe，横线是所选', walked: '只用过去选参，一段段接起来的净值', quantiles: '重抽的 5% 到 95%，圆点是真实的', growth: '重抽的总收益，5% 到 95%',
    ranks: '过去最好的那组，之后排在第几成（左差右好）', sharpe: '每行的 Sharpe：所选，和纯靠尝试能碰出的'
  },
  chosen: '所选', luck: '碰出来的', counted: (trials: string, known: string) => `计入 ${trials} 次尝试，其中 ${known} 次重跑过`, folds: (gaining: number, all: number) => `${all} 段里 ${gaining} 段赚钱`,
  cannotTitle: '护照说不了的', cannot: [
    '通过不等于会赚：它只问这段历史上的结果可不可信。',
    '它不知道你没说的尝试，也不知道你看过这段历史之后才想到的规则。',
    '界线是约定。在没参与定界线的人造行情上，试出来的噪声几乎都被拦下，但真有效果的规则也有大半被判不过，多半冤在“行情的运气”：不过时请看是哪一项。',
    '资金费没有算进去；成交冲击、拥挤和规则改变也不在里面。'
  ].join('\n'),
  funding: '永续合约的资金费没有算进护照。'
};

export const en: typeof zh = {
  title: 'Overfit passports', sentence: (made, going) => (made === 0 ? 'No passport yet' : `The latest ${made} ${made === 1 ? 'passport' : 'passports'}${going ? ` · ${going} being made` : ''}`),
  create: 'New passport', make: 'Ask the questions', started: (name) => `Queued: ${name}.`, empty: 'No passport yet',
  emptyHint: 'A fine backtest may be skill, luck, or the best of many tries. The passport asks nine questions that tell them apart.',
  strategy: 'Strategy', instruments: 'Symbols', verdict: 'Verdict', checks: 'Passed', when: 'Asked', cancel: 'Stop', remove: 'Delete', removeAsk: 'The passport goes; the same questions can be asked again and have the same answers.', cancelled: 'It was asked to stop.', all: 'All passports', again: 'Ask again',
  unknown: 'No such passport', unknownHint: 'It may have been deleted.', failed: 'It could not be made', stopped: 'Stopped', stoppedHint: 'The same questions can be asked again.', compiling: 'A passport runs the strategy some hundred times, which takes half a minute to a few minutes.',
  steps: { '': 'Preparing', bars: 'Reading bars', map: 'Drawing the parameter map' },
  progress: (step, done, total) => `${step} · ${done} of ${total}`,
  verdicts: { pass: 'Pass', warn: 'Take care', fail: 'Fail', unknown: 'Unknown' },
  whole: {
    pass: 'None of the nine found anything against it. That does not mean that it will earn.', warn: 'Nothing speaks plainly against it, but some evidence is thin.', fail: 'At least one fails: understand that one before anything else.', unknown: 'Some could not be asked, so the verdict is worth less.'
  },
  tried: 'Parameters that were tried', triedHint: 'The values you looked at, with commas between; left empty, a spread from half to double of the chosen is assumed.', badRange: 'Numbers with commas between, 50 at most.', tooMany: (n, most) => `${n} combinations; at most ${most}.`,
  trials: 'Tries in all', trialsHint: 'Only where it was more than the combinations. Tries that nobody counted make the last two answers too friendly.', badTrials: 'A whole number from 1 to 1000000.', draws: 'Markets to draw anew', rulesHint: 'With market rules the two questions about other markets cannot be asked.', value: 'Chosen', metric: 'Sharpe',
  map: 'Parameter map', mapHint: 'The chosen one is framed. A field of good ones is no accident.', mapOne: (name) => `Every value of ${name}`, noMap: 'No other parameters to compare with.',
  questions: {
    look_ahead: { name: 'Looking ahead', asks: 'Does the past change when less of the future is shown?', cannot: 'It tests the code on this history, not data that were revised afterwards.' },
    start: { name: 'Start', asks: 'Does a later start come to the same decisions?', cannot: 'It does not say that they are right, only that they hang on no accident.' },
    stability: { name: 'Parameters', asks: 'Does the result survive a step or two beside them?', cannot: 'Rules where one value alone makes sense, such as a day of the month, are wronged.' },
    walk_forward: { name: 'Walk-forward', asks: 'Chosen on the past alone, does it earn afterwards?', cannot: 'History is walked once; five parts are few for what happens rarely.' },
    trade_luck: { name: 'Luck of the trades', asks: 'Would the same trades, drawn anew, have lost?', cannot: 'Trades count as one after the other; with many symbols read the luck of the market.' },
    market_luck: { name: 'Luck of the market', asks: 'Would another market of the same kind have lost?', cannot: 'Drawing cuts through calendars and whatever lasts longer than a trade, and wrongs rules that live on them: it warns at most.' },
    shuffle: { name: 'Shuffled bars', asks: 'Is it better than on the same bars in another order?', cannot: 'Better than shuffled says that the order holds something, not that it will stay.' },
    overfitting: { name: 'Probability of overfitting', asks: 'Does the best of the past fall below the middle later?', cannot: 'It sees the parameters it was told of and no others.' },
    deflated_sharpe: { name: 'Deflated Sharpe', asks: 'Is it more than so many tries would show by luck?', cannot: 'It is as honest as the number of tries that was given.' }
  },
  says: {
    look_ahead: (figure) => `${figure} differences`, start: (figure) => `${figure} of rows differ`, stability: (figure) => `${figure} of neighbours keep half`, walk_forward: (figure) => `${figure} that the true Sharpe is above zero`,
    trade_luck: (figure) => `${figure} of draws lose`, market_luck: (figure) => `${figure} of markets earn nothing`, shuffle: (figure) => `${figure} of orders do as well`, overfitting: (figure) => `Probability ${figure}`, deflated_sharpe: (figure) => `Probability ${figure}`
  },
  borders: {
    look_ahead: 'One difference fails', start: '≤ 10% passes', stability: '≥ 67% passes, < 33% fails', walk_forward: '≥ 95% passes, < 50% fails', trade_luck: '≤ 5% passes, > 25% fails', market_luck: '≤ 5% passes, more warns', shuffle: '≤ 5% passes, > 25% fails',
    overfitting: '≤ 20%, or hardly ever losing, passes; > 50% fails', deflated_sharpe: '≥ 95% passes, < 50% fails'
  },
  refused: (why) => `Could not be asked: ${why}`,
  noDates: 'markets drawn anew have no dates for market rules', tooShort: 'the history is too short',
  plots: {
    cut: 'Row by row the same on shorter histories', starts: 'Share of rows that differ, for each later start', neighbours: 'Sharpe a step or two beside; the line is the chosen', walked: 'Growth of choices made on the past alone', quantiles: 'Drawn anew, 5% to 95%; the dot is the real one', growth: 'Return of trades drawn anew, 5% to 95%',
    ranks: 'Tenth into which the best of the past came later, worst to best', sharpe: 'Sharpe a row: the chosen, and what luck alone would show'
  },
  chosen: 'Chosen', luck: 'By luck', counted: (trials, known) => `${trials} tries counted, ${known} of them run again`, folds: (gaining, all) => `${gaining} of ${all} parts made money`,
  cannotTitle: 'What a passport cannot tell', cannot: [
    'A pass is no promise: it asks whether a result on this history can be believed.',
    'It knows nothing of tries that were not told, nor of rules thought of after looking at this history.',
    'The borders are conventions. On made markets that had no part in setting them nearly all noise that was tried out is stopped, but so are most rules whose effect is true, mostly by the luck of the market: look which question fails.',
    'Funding is left out; so are impact, crowding and changes of rules.'
  ].join('\n'),
  funding: 'The funding of perpetuals is not in the passport.'
};
