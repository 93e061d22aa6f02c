import { asArray, asObject, asText } from '@molecule/contract/a2a';
import { ApiError } from '@molecule/contract/client';
import { problemOf } from '../../model/problem.js';
import { Button } from '../../ui/button.js';
import { Notice } from '../../ui/notice.js';

interface TemplateProblem {
  readonly where: string;
  readonly reason: string;
}

/** A template that cannot be used, with file, line and reason of everything wrong in it. */
export function TemplateProblems({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const problem = problemOf(error);
  const list = problemsIn(error);
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
      {list.length === 0 ? (
        problem.advice
      ) : (
        <ul className="mt-1 space-y-1">
          {list.map((one) => (
            <li key={`${one.where} ${one.reason}`}>
              <code className="font-mono text-xs">{one.where}</code> {one.reason}
            </li>
          ))}
        </ul>
      )}
    </Notice>
  );
}

function problemsIn(error: unknown): TemplateProblem[] {
  if (!(error instanceof ApiError)) return [];
  return asArray(asObject(error.body).problems).map((entry) => {
    const { file, line, reason } = asObject(entry);
    return {
      where: typeof line === 'number' ? `${asText(file) ?? ''}:${line}` : (asText(file) ?? ''),
      reason: asText(reason) ?? 'is not valid',
    };
  });
}
