import { refuse } from '../../platform/http/app-error.js';
import type { WorkspaceCard } from '../workspaces/index.js';

type Budget = Pick<WorkspaceCard, 'budgetLimit' | 'monthlySpend'>;

export function isOverBudget({ budgetLimit, monthlySpend }: Budget): boolean {
  return budgetLimit !== null && monthlySpend >= budgetLimit;
}

/** Spending is never allowed on a guess: the caller has read the row, and a row that cannot be read answers 503. */
export function ensureBudget(target: Budget): void {
  if (isOverBudget(target)) refuse('budget_exceeded');
}
