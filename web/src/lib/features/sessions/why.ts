// Why a session paused or stopped by itself: its code in words, and behind them what happened, with the file's line.
export function whyOf(reason: string, words: (code: string, message: string) => string): string {
  const [, code, happened] = /^([a-z]+(?:_[a-z]+)*): (.+)$/s.exec(reason) ?? [];
  if (!code || !happened) return words(reason, reason);
  const said = words(code, '');
  return said && said !== code ? `${said} ${happened}` : happened;
}
