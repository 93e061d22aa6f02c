import { expect, it } from 'vitest';
import { buildRow } from '../../testing/played-log.js';
import { type ActivityFilter, filterOf, isNarrowed, isSieved, matches, queryOf } from './activity-filter.js';

const peer = '0b6b1c1e-3a0f-4a57-9c61-3f1f0f6f2a11';
const read = (text: string) => filterOf(new URLSearchParams(text));
const now = Date.UTC(2026, 2, 1, 10, 30);

it('every filter is in the address, and they combine', () => {
  const filter = read(
    `type=delegation&source=human&peer=${peer}&outcome=failed&q=sea&since=1h&until=2026-03-01T10:30Z`,
  );
  expect(filter).toEqual({
    type: 'delegation',
    source: 'human',
    peer,
    outcome: 'failed',
    q: 'sea',
    since: '1h',
    until: '2026-03-01T10:30:00.000Z',
  } satisfies ActivityFilter);
  expect(queryOf('lead', filter)).toEqual({
    id: 'lead',
    type: 'delegation',
    source: 'canvas',
    peer_id: peer,
    outcome: 'failed',
    until: '2026-03-01T10:30:00.000Z',
  });
});

it('what an address cannot mean does not narrow', () => {
  const filter = read('source=everyone&peer=writer&outcome=fine&since=forever&until=yesterday');
  expect([isNarrowed(filter), isSieved(filter)]).toEqual([false, false]);
  expect(queryOf('lead', filter)).toEqual({ id: 'lead' });
});

it('failed finds every word for it, also where the kind is not "error"', () => {
  const statuses = ['ok', 'error', 'failed', 'stuck', 'pending', 'completed'];
  const found = (text: string) =>
    statuses.filter((status) => matches(buildRow(1, { status }), read(`outcome=${text}`), now));
  expect(found('failed')).toEqual(['error', 'failed', 'stuck']);
  expect(found('open')).toEqual(['pending']);
});

it('words are looked for in what was asked, answered, reported and in ids, all of them', () => {
  const row = buildRow(1, {
    id: 'abc-1',
    request_body: { params: { message: { parts: [{ type: 'text', text: 'Write about the Sea' }] } } },
    response_body: { result: { parts: [{ kind: 'text', text: 'It is wide.' }] } },
    error_detail: 'no ink',
  });
  const found = (q: string) => matches(row, { ...read(''), q }, now);
  expect(['sea', 'SEA wide', 'ink', 'abc-1', ' '].map(found)).toEqual([true, true, true, true, true]);
  expect(['land', 'sea narrow'].map(found)).toEqual([false, false]);
});

it('a span of time ends at the present moment', () => {
  const row = buildRow(0);
  expect(matches(row, read('since=1h'), now)).toBe(true);
  expect(matches(row, read('since=15m'), now)).toBe(false);
});
