// What the page says for a stable error code. Codes it does not know fall back to the platform's own message.

export const zh: Record<string, string> = {
  unreachable: '平台没有应答。确认它在运行后再试。',
  password_too_short: '密码太短，至少 12 位。',
  password_too_common: '这个密码太常见，换一个。',
  bad_credentials: '用户名或密码不对。',
  wrong_password: '密码不对。',
  unauthorized: '登录已过期，请重新登录。',
  forbidden: '这个账号没有这项权限。',
  not_found: '没有找到，可能已被删除。',
  rate_limited: '请求太快，稍等几秒再试。',
  bad_symbol: '品种写法是 名称@场所，例如 BTC/USDT@binance。',
  bad_bar_file: '文件有坏行。',
  no_bars: '这个品种还没有 K 线。',
  risk_single_order_pct: '单笔超过账户上限，减小数量。',
  risk_rate_per_minute: '一分钟内的委托太多，稍后再试。',
  risk_min_notional: '低于最小金额，加大数量。',
  risk_free_cash: '可用资金不够，减小数量。',
  risk_halted: '开仓已停。可以撤单和平仓。',
  source_unreachable: '数据源连不上，检查配置。',
  invalid: '有一项填得不对。',
  invalid_input: '有一项填得不对。',
  validation_error: '有一项填得不对。'
};

export const en: Record<string, string> = {
  unreachable: 'The platform does not answer. Check that it is running and try again.',
  password_too_short: 'Too short: 12 characters at least.',
  password_too_common: 'This password is too common. Choose another.',
  bad_credentials: 'User name or password is not right.',
  wrong_password: 'The password is not right.',
  unauthorized: 'The login has expired. Log in again.',
  forbidden: 'This account may not do that.',
  not_found: 'Not found; it may have been deleted.',
  rate_limited: 'Too many requests. Wait a few seconds.',
  bad_symbol: 'A symbol is written NAME@VENUE, such as BTC/USDT@binance.',
  bad_bar_file: 'The file has a broken line.',
  no_bars: 'No bars for this symbol yet.',
  risk_single_order_pct: 'Above the limit for one order. Reduce the quantity.',
  risk_rate_per_minute: 'Too many orders in one minute. Try again shortly.',
  risk_min_notional: 'Below the least amount. Raise the quantity.',
  risk_free_cash: 'Not enough free cash. Reduce the quantity.',
  risk_halted: 'Opening is off; you can cancel and close.',
  source_unreachable: 'The source cannot be reached. Check its settings.',
  invalid: 'One field is not right.',
  invalid_input: 'One field is not right.',
  validation_error: 'One field is not right.'
};
