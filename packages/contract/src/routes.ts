import type { RouteSpec } from './route.js';
import { a2aRoutes } from './routes/a2a.js';
import { accessRoutes } from './routes/access.js';
import { activityRoutes } from './routes/activity.js';
import { agentRoutes } from './routes/agents.js';
import { bundleRoutes } from './routes/bundles.js';
import { canvasRoutes } from './routes/canvas.js';
import { chosenModelRoutes } from './routes/chosen-model.js';
import { delegationRoutes } from './routes/delegations.js';
import { downloadRoutes } from './routes/downloads.js';
import { fileRoutes } from './routes/files.js';
import { lifecycleRoutes } from './routes/lifecycle.js';
import { messageAdminRoutes } from './routes/message-admin.js';
import { messageRoutes } from './routes/messages.js';
import { notifyRoutes } from './routes/notify.js';
import { opsRoutes } from './routes/ops.js';
import { orgRoutes } from './routes/orgs.js';
import { registryRoutes } from './routes/registry.js';
import { runtimeRoutes } from './routes/runtimes.js';
import { secretRoutes } from './routes/secrets.js';
import { sessionSearchRoutes } from './routes/session-search.js';
import { orgTokenRoutes, workspaceTokenRoutes } from './routes/tokens.js';
import { workspaceRoutes } from './routes/workspaces.js';

/** Every route of the server, once. Handlers, client, OpenAPI, docs and the authorisation matrix derive from it. */
export const routes = {
  ...workspaceRoutes,
  ...lifecycleRoutes,
  ...fileRoutes,
  ...agentRoutes,
  ...canvasRoutes,
  ...registryRoutes,
  ...messageRoutes,
  ...a2aRoutes,
  ...delegationRoutes,
  ...messageAdminRoutes,
  ...activityRoutes,
  ...notifyRoutes,
  ...sessionSearchRoutes,
  ...orgRoutes,
  ...bundleRoutes,
  ...runtimeRoutes,
  ...secretRoutes,
  ...chosenModelRoutes,
  ...accessRoutes,
  ...orgTokenRoutes,
  ...workspaceTokenRoutes,
  ...downloadRoutes,
  ...opsRoutes,
} as const;

export type Routes = typeof routes;
export type RouteName = keyof Routes;

/** Paths that pass the tenant guard of any server; compared as they are, so a slash more is another path (B-05). */
export const TENANT_OPEN_PATHS: ReadonlySet<string> = new Set(
  Object.values<RouteSpec>(routes)
    .filter((spec) => spec.tenantOpen)
    .map((spec) => spec.path),
);
