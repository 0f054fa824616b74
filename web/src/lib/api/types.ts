// Short names for the shapes of the platform's OpenAPI document. What only the WebSocket sends is written out below.
import type { components } from './schema';

type S = components['schemas'];

export type Both = S['Bilingual'];
export type Page<T> = { items: T[]; next_cursor?: string | null };

export type AuthState = S['AuthState'];
export type Me = S['Me'];
export type Profile = S['ProfileOut'];
export type Updown = Profile['updown'];
export type Theme = Profile['theme'];
export type Locale = Profile['locale'];
export type Density = Profile['density'];
export type Focus = Profile['focus'];
export type PointLabels = Profile['point_labels'];

export type Instrument = S['InstrumentOut'];
export type Timeframe = S['Timeframe'];
export type Bars = S['BarsOut'];
/** ts, open, high, low, close, volume */
export type BarRow = [number, string, string, string, string, string];
export type WatchRow = S['WatchOut'];
export type ChanMood = NonNullable<S['WatchChan']['state']>;
export type Health = S['HealthOut'];

export type Fractal = S['FractalOut'];
export type Stroke = S['StrokeOut'];
export type Segment = S['SegmentOut'];
/** A line of any level: stroke, segment, segment of segments. */
export type ChanLine = Stroke;
export type Pivot = S['PivotOut'];
export type ChanPoint = S['PointOut'];
export type ChanSentence = S['SentenceOut'];
export type Structure = S['StructureOut'];

export type PointExplained = S['PointExplainedOut'];
export type SegmentExplained = S['SegmentExplainedOut'];
export type PairExplained = S['PairExplainedOut'];
export type Explained = PointExplained | SegmentExplained | PairExplained;
export type ExplainedLine = S['LineOut'];
export type Check = S['CheckOut'];
export type Nested = S['NestedOut'];
export type LifeTimes = S['LifeTimes'];
export type ChanEvent = S['EventOut'];
export type Repaint = S['RepaintOut'];
export type RepaintRow = S['RepaintRowOut'];

export type ScreenCondition = S['ConditionIn'];
export type ScreenQuery = S['ScreenQueryIn'];
export type ScreenRun = S['ScreenRunOut'];
export type ScreenMatch = S['MatchOut'];
export type ScreenFact = S['FactOut'];
export type SavedScreen = S['SavedScreenOut'];

export type Source = S['SourceOut'];
export type SourceType = S['SourceTypeOut'];
export type SourceTest = S['SourceTestOut'];
export type Job = Pick<S['JobOut'], 'id' | 'kind' | 'status' | 'progress' | 'result' | 'error'>;

export type ParamSpec = S['ParamView'];
export type Strategy = S['StrategyView'];
export type BrokenFile = S['BrokenFile'];
export type Extra = S['ExtraOut'];
export type Backtest = S['BacktestOut'];
export type NewBacktest = S['BacktestAsked'];
export type PassportRow = S['PassportOut'];
export type NewPassport = S['PassportAsked'];
export type Factor = S['FactorOut'];
export type FactorReport = S['FactorReportOut'];
export type NewFactorReport = S['FactorReportAsked'];
export type Optimisation = S['OptimisationOut'];
export type NewOptimisation = S['OptimisationAsked'];
export type Trial = S['TrialOut'];
export type ParameterMap = S['MapOut'];
export type SearchVerdict = S['VerdictOut'];
export type Comparison = S['Comparison'];

export type Account = S['AccountView'];
export type Replay = S['ReplayView'];
export type TradingSession = S['SessionView'];
export type SessionStatus = S['SessionStatus'];
export type Signal = S['SignalView'];
export type SignalStatus = S['SignalStatus'];
export type Agreement = S['Agreement'];
export type BatchDone = S['BatchDone'];
export type StrategyRun = S['RunView'];
export type StrategyVersion = S['VersionView'];
export type StrategyPerformance = S['PerformanceView'];
export type RiskProfile = S['RiskProfile'];
export type Schedule = S['ScheduleView'];
export type NewSchedule = S['ScheduleSet'];
export type Side = S['OrderSide'];
export type OrderType = S['OrderType'];
export type OrderStatus = S['OrderStatus'];
export type Order = S['OrderView'];
export type NewOrder = S['NewOrder'];
export type Preview = S['Preview'];
export type Fill = S['FillView'];
export type Position = S['PositionView'];
export type Balance = S['BalanceView'];
export type ManualTicket = S['TicketView'];
export type NewTicketFill = S['NewTicketFill'];
export type StatementBooked = S['StatementBooked'];
export type UnmatchedTrade = S['UnmatchedTrade'];
export type AccountPreset = S['PresetView'];
export type NewAccount = S['NewAccount'];
export type CorporateAction = S['ActionOut'];
export type ActionsBrought = S['ActionsBroughtOut'];
export type Funding = S['FundingOut'];
export type EquityPoint = S['EquityPointView'];
export type JournalRow = S['JournalView'];
export type RiskState = S['RiskState'];
export type RiskLimits = S['RiskLimits'];

export type Rows<T> = { from: number; rows: T[] };
/** The layers of a structure, each a list of rows. */
export type ChanRows = Pick<Structure, keyof Structure['first']>;
export type ChanDelta = { [L in keyof ChanRows]?: Rows<ChanRows[L][number]> } & { state?: ChanSentence | null };
export type ClosedBar = {
  replay_id: string | null;
  instrument: string;
  timeframe: string;
  bar: BarRow;
  bars_done: number;
  bars_total: number;
  chan: ChanDelta | null;
};
export type EquityMark = { account_id: string; equity: string; cash: string; market_value: string; unrealised: string; ts: number };
export type Refusal = { account_id: string; code: string; message?: string };
