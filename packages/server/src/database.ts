import type { PushConfigsTables } from './features/a2a/push-configs.tables.js';
import type { AccessTables } from './features/access/access.tables.js';
import type { ActivityTables } from './features/activity/activity.tables.js';
import type { AgentsTables } from './features/agents/agents.tables.js';
import type { CanvasTables } from './features/canvas/canvas.tables.js';
import type { ChannelsTables } from './features/channels/channels.tables.js';
import type { MessagesTables } from './features/messages/messages.tables.js';
import type { SchedulesTables } from './features/schedules/schedules.tables.js';
import type { SecretsTables } from './features/secrets/secrets.tables.js';
import type { WorkspacesTables } from './features/workspaces/workspaces.tables.js';
import type { PlatformTables } from './platform/platform.tables.js';

/** Every table, each declared by its one owner. A store names only the tables of its own feature (npm run check). */
export interface Database
  extends PlatformTables,
    WorkspacesTables,
    AccessTables,
    MessagesTables,
    ActivityTables,
    AgentsTables,
    CanvasTables,
    SecretsTables,
    SchedulesTables,
    ChannelsTables,
    PushConfigsTables {}
