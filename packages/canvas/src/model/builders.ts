import type { Workspace } from '@molecule/contract';

/** A workspace with unremarkable values; tests and the synthetic fleet name only what matters to them. */
export function buildWorkspace(change: Partial<Workspace> & { id: string }): Workspace {
  return {
    name: change.id,
    role: null,
    tier: 2,
    status: 'online',
    url: '',
    parent_id: null,
    agent_card: null,
    active_tasks: 0,
    max_concurrent_tasks: 1,
    last_error_rate: 0,
    last_sample_error: '',
    uptime_seconds: 0,
    runtime: 'echo',
    template: '',
    x: 0,
    y: 0,
    w: null,
    h: null,
    z: 0,
    collapsed: false,
    last_heartbeat_at: null,
    created_at: '2026-03-01T10:00:00.000Z',
    generation: 1,
    demo: false,
    model: null,
    hibernation_idle_minutes: null,
    current_task: '',
    workspace_dir: null,
    monthly_spend: 0,
    budget_limit: null,
    ...change,
  };
}
