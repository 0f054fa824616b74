// How long a trade was held, in the two largest units.
export function held(from: number | null | undefined, to: number | null, chinese: boolean): string {
  if (from === null || from === undefined || to === null || to < from) return '—';
  const minutes = Math.round((to - from) / 60_000);
  const days = Math.floor(minutes / 1440);
  const hours = Math.floor((minutes % 1440) / 60);
  const rest = minutes % 60;
  const [d, h, m] = chinese ? [' 天', ' 小时', ' 分'] : ['d', 'h', 'm'];
  if (days) return hours ? `${days}${d} ${hours}${h}` : `${days}${d}`;
  if (hours) return rest ? `${hours}${h} ${rest}${m}` : `${hours}${h}`;
  return `${rest}${m}`;
}
