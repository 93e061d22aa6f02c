import type { Problem } from '../model/problem.js';
import { Button } from './button.js';
import { Notice } from './notice.js';

interface ProblemNoticeProps {
  problem: Problem;
  onRetry: () => void;
  /** What the problem means for what is on the page, before the advice. */
  consequence?: string;
}

/** Why something could not be read, what to do, and another try. */
export function ProblemNotice({ problem, onRetry, consequence }: ProblemNoticeProps) {
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
      {consequence === undefined ? problem.advice : `${consequence} ${problem.advice}`}
    </Notice>
  );
}
