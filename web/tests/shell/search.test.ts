import { describe, expect, it } from 'vitest';
import { matches } from '../../src/lib/features/shell/search';

describe('the command box', () => {
  const eth = ['ETHUSDT', 'ETH/USDT@binance', '以太坊', 'Ethereum'];

  it.each(['eth', 'ETHUSDT', '以太', 'ethereum bin', 'ethusdtb', ''])('finds Ethereum by %j', (text) => expect(matches(text, eth)).toBe(true));
  it.each(['btc', 'eth btc', '比特'])('does not find it by %j', (text) => expect(matches(text, eth)).toBe(false));
});
