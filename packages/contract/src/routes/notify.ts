import Type, { type Static } from 'typebox';
import { workspaceId } from '../query.js';
import { route } from '../route.js';
import { Json, Nullable, Required } from '../schema.js';

/** A file an agent names in a message to a person (contract registry-a2a §11.3). */
export const Attachment = Type.Object({
  uri: Type.String(),
  name: Type.String(),
  mimeType: Type.Optional(Type.String()),
  size: Type.Optional(Type.Integer()),
});
export type Attachment = Static<typeof Attachment>;

export const Notify = Type.Object({
  message: Required(),
  /** Judged one by one, because the contract names the one that is wrong. */
  attachments: Type.Optional(Nullable(Type.Array(Json))),
  /**
   * Additive: activity id of the message in the inbox that this answers. Its question and this answer are then one entry,
   * and repeating the call changes nothing.
   */
  in_reply_to: Type.Optional(Nullable(Type.String())),
  /** Additive, with `in_reply_to`: the agent could not answer, and `message` says why. */
  failed: Type.Optional(Type.Boolean()),
});
export type Notify = Static<typeof Notify>;

export const notifyRoutes = {
  notify: route({
    method: 'POST',
    path: '/workspaces/:id/notify',
    summary: 'Write to the person who watches a workspace, or answer what a person wrote to a polling one',
    access: 'workspace',
    rate: 'default',
    params: { id: workspaceId },
    body: Notify,
    invalidBody: 'message_required',
    responses: { 200: Type.Object({ status: Type.Literal('sent') }) },
    errors: [
      'invalid_workspace_id',
      'message_required',
      'invalid_attachment',
      'invalid_reply_target',
      'workspace_not_found',
      'body_too_large',
    ],
    failedText: 'failed to send message',
    source: 'registry-a2a §11.3, memory-mcp-rest §7.4',
  }),
} as const;
