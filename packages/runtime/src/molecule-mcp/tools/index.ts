import { checkTaskStatus, delegateTask, delegateTaskAsync } from './delegation.tools.js';
import { inboxPeek, inboxPop, replyToMessage, sendMessageToUser, waitForMessage } from './messages.tools.js';
import { chatHistory, getWorkspaceInfo, listPeers } from './peers.tools.js';
import type { Tool } from './tool.js';

/** Every tool, in the order in which hosts list them. */
export const TOOLS: readonly Tool[] = [
  listPeers,
  delegateTask,
  delegateTaskAsync,
  checkTaskStatus,
  getWorkspaceInfo,
  sendMessageToUser,
  replyToMessage,
  waitForMessage,
  inboxPeek,
  inboxPop,
  chatHistory,
];
