import { expect, it } from 'vitest';
import { buildWorkspace } from '../../model/builders.js';
import { askedVerbs } from '../../model/lifecycle-verbs.js';
import { wordsFor } from './verb-words.js';

const lead = buildWorkspace({ id: 'lead', name: 'Lead' });
const writer = buildWorkspace({ id: 'writer', name: 'Writer' });
const alone = { affected: [lead], atWork: 0 };
const team = { affected: [lead, writer], atWork: 1 };

it('the button names the act and how many it reaches', () => {
  const label = (verb: (typeof askedVerbs)[number], radius: typeof team) => wordsFor(verb, lead, radius).confirm;
  expect(askedVerbs.map((verb) => label(verb, alone))).toEqual([
    'Restart agent',
    'Hibernate agent',
    'Pause agent',
    'Remove agent',
    'Remove agent',
  ]);
  expect(label('pause', team)).toBe('Pause 2 agents');
  expect(label('collapse', team)).toBe('Remove 2 agents');
  expect(label('remove', team)).toBe('Remove 2 agents');
});

it('work that breaks off is announced exactly where there is some', () => {
  for (const verb of ['restart', 'hibernate', 'pause'] as const) {
    expect(wordsFor(verb, lead, alone).lost).toBe('Nothing.');
    expect(wordsFor(verb, lead, team).lost).toContain('breaks off');
  }
  expect(wordsFor('remove', lead, team).lost).toContain('Work under way');
});

it('a restart keeps the edits of a configuration unless the template is laid out again', () => {
  expect(wordsFor('restart', lead, alone).kept).toContain('configuration');
  const applied = wordsFor('restart', lead, team, true);
  expect(applied.kept).not.toContain('configuration');
  expect(applied.lost).toMatch(/breaks off.*Edits/);
});

it('the title tells how many go with the agent', () => {
  expect(wordsFor('pause', lead, alone).title).toBe('Pause Lead?');
  expect(wordsFor('pause', lead, team).title).toBe('Pause Lead and the agent below it?');
  const three = { affected: [lead, writer, writer], atWork: 0 };
  expect(wordsFor('remove', lead, three).title).toBe('Remove Lead and the 2 agents below it?');
});

it('says of whom this server cannot stop that they go on elsewhere', () => {
  const guest = buildWorkspace({ id: 'guest', name: 'Guest', runtime: 'external' });
  for (const verb of ['pause', 'collapse', 'remove'] as const) {
    expect(wordsFor(verb, lead, { affected: [lead, guest], atWork: 0 }).effect).toContain('Guest runs outside');
    expect(wordsFor(verb, lead, team).effect).not.toContain('outside');
  }
});

it('a folder of the owner is not among what a removal takes', () => {
  const bound = { ...lead, workspace_dir: '/home/me/site' };
  expect(wordsFor('remove', bound, { affected: [bound], atWork: 0 }).kept).toContain('folders of yours');
});
