// The shapes that travel between the platform and the page. Money, prices and quantities are strings,
// times are epoch milliseconds, ids are strings.

export type Updown = 'red-up' | 'green-up' | 'cb';
export type Theme = 'dark' | 'light';
export type Locale = 'zh-CN' | 'en';
export type Density = 'compact' | 'touch';
export type Focus = 'chart' | 'quant' | 'ops';
export type PointLabels = 'B1' | 'zh';
export type Both = { zh: string; en: string };

export type Page<T> = { items: T[]; next_cursor: string | null };

export type AuthState = { onboarded: boolean; mode: 'local' | 'server'; registration_open: boolean; version: string };
export type Token = { access_token: string; token_type: string; expires_in: number; refresh_token: string | null };
export type Profile = {
  display_name: string | null;
  locale: Locale;
  theme: Theme;
  updown: Updown;
  density: Density;
  focus: Focus;
  point_labels: PointLabels;
};
export type Me = { id: string; username: string; roles: string[]; permissions: string[]; status: string; profile: Profile };

export type SeriesRow = {
  timeframe: string;
  bars: number;
  first_ts: number;
  last_ts: number;
  source_id: string | null;
  source_name: string | null;
};
export type Instrument = {
  symbol: string;
  alias: string;
  name: Both;
  asset_class: string;
  venue: string;
  tick: string;
  lot: string;
  min_notional: string;
  quote: string;
  calendar: string;
  series: SeriesRow[];
};
export type BarRow = [ts: number, open: string, high: string, low: string, close: string, volume: string];
export type Bars = { instrument: string; timeframe: string; bars: BarRow[]; has_more: boolean; as_of_ms: number };

export type ChanMood = 'up' | 'down' | 'in_pivot' | 'leaving_up' | 'leaving_down';
export type WatchRow = {
  symbol: string;
  alias: string;
  name: Both;
  asset_class: string;
  timeframe: string;
  last: string | null;
  change_pct: number | null;
  ts: number | null;
  chan: { state: ChanMood | null; point: { kind: string; sure: boolean } | null } | null;
};
export type Health = {
  bars: number;
  first_ts: number | null;
  last_ts: number | null;
  gaps: { from_ts: number; to_ts: number; missing: number }[];
  duplicates: number;
  repaired: number;
  issues: { code: string; ts: number | null; detail: string }[];
};
export type Imported = { instrument: string; timeframe: string; rows: number; added: number; duplicates: number };

export type Fractal = { ts: number; price: string; kind: 'top' | 'bottom' };
export type Stroke = {
  n: number;
  start_ts: number;
  start_price: string;
  end_ts: number;
  end_price: string;
  direction: 'up' | 'down';
  sure: boolean;
  final: boolean;
};
export type Pivot = {
  n: number;
  start_ts: number;
  end_ts: number;
  zg: string;
  zd: string;
  gg: string;
  dd: string;
  first_stroke: number;
  last_stroke: number;
  sure: boolean;
  final: boolean;
};
export type ChanPoint = {
  ts: number;
  price: string;
  kind: string;
  side: 'buy' | 'sell';
  stroke: number;
  ratio: number | null;
  sure: boolean;
};
export type ChanSentence = {
  key?: string;
  direction?: 'up' | 'down' | null;
  pivots?: number | null;
  ratio?: number | null;
  point?: { kind: string; sure: boolean } | string | null;
  sure?: boolean;
};
export type Structure = {
  config: string;
  as_of_ms: number;
  first_ts: number | null;
  bars: number;
  fractals: Fractal[];
  strokes: Stroke[];
  pivots: Pivot[];
  points: ChanPoint[];
  state: ChanSentence | null;
};
export type Rows<T> = { from: number; rows: T[] };
export type ChanDelta = {
  fractals?: Rows<Fractal>;
  strokes?: Rows<Stroke>;
  pivots?: Rows<Pivot>;
  points?: Rows<ChanPoint>;
  state?: ChanSentence | null;
};
export type ClosedBar = {
  replay_id: string | null;
  instrument: string;
  timeframe: string;
  bar: BarRow;
  bars_done: number;
  bars_total: number;
  chan: ChanDelta | null;
};

export type SourceStatus = 'ON' | 'OFF' | 'FAILED';
export type Source = {
  id: string;
  name: string;
  type: string;
  config: Record<string, unknown>;
  status: SourceStatus;
  last_error: { code: string; message: string; at: number } | null;
  series_count: number;
  last_sync_at: number | null;
};
export type SourceType = { type: string; label: Both; summary: Both; config_schema: unknown };
export type SourceTest = { ok: boolean; code: string | null; message: string | null; latency_ms: number | null; series: number | null };
export type JobStatus = 'QUEUED' | 'RUNNING' | 'DONE' | 'FAILED' | 'CANCELLED';
export type Job = {
  id: string;
  kind: string;
  status: JobStatus;
  progress: { done: number; total: number; note: string | null } | null;
  result: unknown;
  error: { code?: string; message?: string } | string | null;
};

export type ParamType = 'int' | 'float' | 'bool' | 'choice' | 'text';
export type ParamSpec = {
  name: string;
  type: ParamType;
  default: unknown;
  low: number | null;
  high: number | null;
  step: number | null;
  choices: string[] | null;
  label: Both;
};
export type Strategy = { key: string; category: string; label: Both; summary: Both; params: ParamSpec[] };

export type Account = {
  id: string;
  name: string;
  kind: string;
  trading_mode: string;
  quote_asset: string;
  clock: 'system' | 'replay';
  replay_id: string | null;
  status: string;
  equity: string;
  cash: string;
  market_value: string;
  unrealised: string;
  realised: string;
  fees: string;
  ts: number | null;
};
export type ReplayStatus = 'PLAYING' | 'PAUSED' | 'ENDED';
export type Replay = {
  id: string;
  account_id: string;
  instrument: string;
  timeframe: string;
  first_ts: number;
  start_ts: number;
  cursor_ts: number | null;
  last_ts: number;
  bars_done: number;
  bars_total: number;
  speed: number;
  status: ReplayStatus;
};
export type SessionStatus = 'RUNNING' | 'PAUSED' | 'STOPPED';
export type TradingSession = {
  id: string;
  account_id: string;
  strategy: string;
  label: Both | string | null;
  params: Record<string, unknown>;
  instrument: string;
  timeframe: string;
  allocation: number;
  status: SessionStatus;
  started_at_ms: number | null;
  anchor_ts: number | null;
  last_bar_ts: number | null;
  signals: number;
  orders: number;
  realised: string;
  reason: string | null;
};
export type Signal = {
  id: string;
  session_id: string;
  strategy: string;
  instrument: string;
  direction: 'LONG' | 'SHORT' | 'FLAT';
  target: number | string | null;
  strength: number | null;
  stop: string | null;
  take: string | null;
  reason: string | null;
  status: string;
  ts: number;
};

export type Side = 'BUY' | 'SELL';
export type OrderType = 'MARKET' | 'LIMIT' | 'STOP' | 'STOP_LIMIT';
export type OrderRole = 'ENTRY' | 'EXIT' | 'STOP' | 'TAKE' | 'MANUAL';
export type OrderStatus =
  | 'INTENT'
  | 'SUBMITTING'
  | 'UNKNOWN'
  | 'LIVE'
  | 'PARTIAL'
  | 'FILLED'
  | 'CANCELLED'
  | 'REJECTED'
  | 'EXPIRED';
export type Order = {
  id: string;
  client_order_id: string | null;
  account_id: string;
  session_id: string | null;
  instrument: string;
  side: Side;
  type: OrderType;
  quantity: string;
  price: string | null;
  stop_price: string | null;
  status: OrderStatus;
  filled_quantity: string;
  average_price: string | null;
  fees: string;
  fee_asset: string | null;
  reduce_only: boolean;
  parent_id: string | null;
  role: OrderRole;
  reason: { code: string; message: string } | null;
  created_at_ms: number;
  updated_at_ms: number;
};
export type OrderRequest = {
  account_id: string;
  instrument: string;
  side: Side;
  type: OrderType;
  quantity: string;
  price?: string;
  stop_price?: string;
  reduce_only?: boolean;
  stop_loss?: string;
  take_profit?: string;
};
export type Preview = {
  ok: boolean;
  code: string | null;
  notional: string | null;
  fee: string | null;
  risk_amount: string | null;
  risk_pct: number | null;
  usage_pct: number | null;
  reward_risk: number | null;
  largest_quantity: string | null;
};
export type Fill = {
  id: string;
  order_id: string;
  instrument: string;
  side: Side;
  quantity: string;
  price: string;
  fee: string;
  fee_asset: string | null;
  ts: number;
};
export type Position = {
  account_id: string;
  instrument: string;
  quantity: string;
  direction: 'LONG' | 'SHORT' | 'FLAT';
  average_price: string;
  mark: string | null;
  market_value: string;
  unrealised: string;
  realised: string;
  fees: string;
  stop: string | null;
  take: string | null;
  opened_at_ms: number | null;
};
export type Balance = { asset: string; total: string; free: string; locked: string };
export type EquityPoint = { ts: number; equity: string; cash: string; market_value: string };
export type EquityMark = { account_id: string; equity: string; cash: string; market_value: string; unrealised: string; ts: number };
export type JournalRow = {
  id: string;
  instrument: string;
  direction: 'LONG' | 'SHORT' | 'FLAT';
  entry_ts: number | null;
  exit_ts: number | null;
  entry_price: string | null;
  exit_price: string | null;
  quantity: string;
  realised: string;
  journal_status: string;
};
export type RiskState = {
  halted: boolean;
  reason: string | null;
  daily_loss_pct: number | null;
  daily_loss_limit_pct: number | null;
  orders_last_minute: number | null;
};
