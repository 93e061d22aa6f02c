import { problemOf } from '../model/problem.js';
import { ProblemNotice } from './problem-notice.js';

/** In the place of what could not be read: why, what to do, and another try. */
export function ReadFailure({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  return <ProblemNotice problem={problemOf(error)} onRetry={onRetry} />;
}
