import type { StoredBody } from './stored-body.js';

/** A row to write. `id` is chosen by the writer, so that writing it twice makes one row. */
export interface NewActivity {
  readonly id: string;
  readonly workspaceId: string;
  readonly activityType: string;
  readonly sourceId: string | null;
  readonly targetId: string | null;
  readonly method: string | null;
  readonly summary: string | null;
  readonly requestBody: StoredBody | null;
  readonly responseBody: StoredBody | null;
  readonly durationMs: number | null;
  readonly status: string;
  readonly errorDetail: string | null;
  readonly messageId: string | null;
}

/** A row without what it carries: all that its event tells. */
export type ActivityHead = Omit<NewActivity, 'requestBody' | 'responseBody'>;

/** How a row ends that was written when its work began. Null leaves a column as it is, "" empties `errorDetail`. */
export interface ActivityEnding {
  readonly id: string;
  readonly status: string;
  readonly summary: string | null;
  readonly errorDetail: string | null;
  readonly durationMs: number | null;
  readonly responseBody: StoredBody | null;
  readonly toolTrace: StoredBody | null;
}
