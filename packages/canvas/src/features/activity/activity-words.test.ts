import { expect, it } from 'vitest';
import { kindOf, outcomeOf } from './activity-words.js';

it('an activity type of a newer server is still readable', () => {
  expect(kindOf({ activity_type: 'budget_alert', method: null })).toBe('budget alert');
});

it('a push of the agent is told apart from a message to it', () => {
  expect(kindOf({ activity_type: 'a2a_receive', method: 'notify' })).not.toBe(
    kindOf({ activity_type: 'a2a_receive', method: 'message/send' }),
  );
});

it('a status nobody knows is neither good nor bad', () => {
  expect(['ok', 'stuck', 'queued', 'surprise'].map(outcomeOf)).toEqual(['good', 'bad', 'open', 'open']);
});
