import { expect, it } from 'vitest';
import type { Peer } from '../adapters/adapter.js';
import { resolvePeer } from './resolve-peer.js';

const peer = (id: string, name: string, relation: Peer['relation'] = 'child'): Peer => ({
  id,
  name,
  role: null,
  status: 'online',
  relation,
});
const PEERS = [
  peer('1', 'Writer'),
  peer('2', 'writer', 'sibling'),
  peer('3', 'Lead', 'parent'),
  peer('4', 'Twin'),
  peer('5', 'Twin'),
];

it.each([
  ['an id', '3', '3'],
  ['the exact name', 'writer', '2'],
  ['a name in another case', ' LEAD ', '3'],
])('finds by %s', (_title, target, id) => {
  expect(resolvePeer(PEERS, target)).toMatchObject({ peer: { id } });
});

it.each(['Twin', 'WRITER'])('lists the candidates when %s is ambiguous', (target) => {
  const result = resolvePeer(PEERS, target);
  expect(result).toEqual({ refusal: expect.stringMatching(/several agents; give the id of one: .*id \d.*; .*id \d/) });
});

it('says who can be reached when nobody matches', () => {
  expect(resolvePeer(PEERS.slice(2, 3), 'Bob')).toEqual({
    refusal: expect.stringContaining('Lead (id 3, parent, online)'),
  });
  expect(resolvePeer([], 'Bob')).toEqual({ refusal: expect.stringContaining('nobody you can delegate to') });
});
