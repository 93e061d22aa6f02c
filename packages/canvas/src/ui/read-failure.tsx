import { problemOf } from '../model/problem.js';
import { Button } from './button.js';
import { Notice } from './notice.js';

/** In the place of what could not be read: why, what to do, and another try. */
export function ReadFailure({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const problem = problemOf(error);
  return (
    <Notice
      tone="error"
      title={problem.title}
      action={
        <Button size="small" onClick={onRetry}>
          Retry
        </Button>
      }
    >
      {problem.advice}
    </Notice>
  );
}
