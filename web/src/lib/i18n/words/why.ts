// Asking a run why it traded in a bar, or did not.
export const zh = {
  title: '这根为什么没动？', hint: '选一根 K 线：当时有没有信号、能不能成交、卡在哪条规则。',
  instrument: '品种', day: '日期', time: '时间', ask: '问', again: '正在把这次回测重放一遍。',
  answer: (name: string, when: string) => `${name} · ${when}`, traded: '有成交', quiet: '没有成交', steps: '经过'
};

export const en: typeof zh = {
  title: 'Why nothing here?', hint: 'Choose a bar: was there a signal, could it fill, and which rule stood in the way?',
  instrument: 'Symbol', day: 'Day', time: 'Time', ask: 'Ask', again: 'Making this run once more.',
  answer: (name, when) => `${name} · ${when}`, traded: 'Traded', quiet: 'Nothing traded', steps: 'What happened'
};
