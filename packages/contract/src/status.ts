/**
 * Every status a workspace can have (contract lifecycle §17.1). The Postgres enum, this union and the canvas colours
 * come from this one list; a test compares it with the database.
 */
export const STATUSES = [
  'provisioning',
  'online',
  'degraded',
  'offline',
  'awaiting_agent',
  'paused',
  'hibernating',
  'hibernated',
  'failed',
  'removed',
] as const;

export type Status = (typeof STATUSES)[number];

/** States of a delegation on the wire (design §7); they only move to the right, terminal ones never change. */
export const DELEGATION_STATES = ['queued', 'dispatched', 'in_progress', 'completed', 'failed', 'stuck'] as const;

export type DelegationState = (typeof DELEGATION_STATES)[number];
