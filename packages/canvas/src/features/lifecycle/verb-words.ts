import type { Workspace } from '@molecule/contract';
import type { BlastRadius } from '../../model/blast-radius.js';
import { type AskedVerb, isExternal } from '../../model/lifecycle-verbs.js';

/** What the dialog says before anything is done. */
export interface VerbWords {
  readonly title: string;
  readonly effect: string;
  readonly kept: string;
  readonly lost: string;
  /** On the button; names the act and how many it reaches. */
  readonly confirm: string;
}

/** An agent does not do again what it may have done in part: such work fails with that reason. */
export const brokenOff = 'Work under way breaks off. Whoever asked for it may have to ask again.';

export function wordsFor(verb: AskedVerb, agent: Workspace, radius: BlastRadius, applyTemplate = false): VerbWords {
  const { name } = agent;
  const count = radius.affected.length;
  const many = count > 1;
  const team = many ? `${name} and ${count === 2 ? 'the agent' : `the ${count - 1} agents`} below it` : name;
  const agents = many ? `${count} agents` : 'agent';
  const busy = radius.atWork > 0;
  switch (verb) {
    case 'restart':
      return {
        title: `Restart ${name}?`,
        effect: 'The agent is stopped and started anew.',
        kept: `Its files, its conversations and the messages that wait for it${applyTemplate ? '' : '; its configuration as well'}.`,
        lost:
          [
            busy ? brokenOff : '',
            applyTemplate ? 'Edits to those files of its configuration that the template holds.' : '',
          ]
            .join(' ')
            .trim() || 'Nothing.',
        confirm: 'Restart agent',
      };
    case 'hibernate':
      return {
        title: busy ? `Hibernate ${name} in the middle of its work?` : `Hibernate ${name}?`,
        effect: 'The agent is stopped until the next message wakes it.',
        kept: 'Its files, its conversations and its configuration.',
        lost: busy ? brokenOff : 'Nothing.',
        confirm: 'Hibernate agent',
      };
    case 'pause':
      return {
        title: `Pause ${team}?`,
        effect: `${pauseEffect(radius)}${elsewhere(radius)}`,
        kept: 'Files, configuration, conversations and the messages that wait.',
        lost: busy ? brokenOff : 'Nothing.',
        confirm: `Pause ${agents}`,
      };
    case 'collapse':
      return {
        title: `Remove everything below ${name}?`,
        effect: `${name} itself stays. ${many ? 'Everyone' : 'The agent'} below it is stopped for good and loses access.${elsewhere(radius)}`,
        ...afterRemoval(radius),
        confirm: `Remove ${agents}`,
      };
    case 'remove':
      return {
        title: `Remove ${team}?`,
        effect: `${goneEffect(many)}${elsewhere(radius)}`,
        ...afterRemoval(radius),
        confirm: `Remove ${agents}`,
      };
  }
}

function pauseEffect({ affected }: BlastRadius): string {
  return affected.length > 1
    ? 'They stop, and refuse messages until somebody resumes them.'
    : 'The agent stops, and refuses messages until somebody resumes it.';
}

function goneEffect(many: boolean): string {
  return many
    ? 'They are stopped for good and their access is revoked.'
    : 'The agent is stopped for good and its access is revoked.';
}

/** This server cannot stop what it has not started. */
function elsewhere({ affected }: BlastRadius): string {
  const external = affected.filter(isExternal);
  const [first] = external;
  if (!first) return '';
  return external.length === 1
    ? ` ${first.name} runs outside of this server: it goes on there, but gets nothing from here.`
    : ` ${external.length} of them run outside of this server: they go on there, but get nothing from here.`;
}

function afterRemoval({ affected, atWork }: BlastRadius): Pick<VerbWords, 'kept' | 'lost'> {
  const own = affected.length > 1 ? 'Their' : 'Its';
  const folders = affected.some(({ workspace_dir: folder }) => folder !== null);
  return {
    kept: `Conversations and activity, on record${folders ? '; and the folders of yours they worked in' : ''}.`,
    lost: `${own} files and configuration. ${atWork > 0 ? 'Work under way and messages' : 'Messages'} that wait fail. There is no undo.`,
  };
}
