/** What a snippet is filled with on the server. The token is not among it. */
export interface SnippetFacts {
  readonly workspaceId: string;
  /** Without a slash at its end. */
  readonly platformUrl: string;
}

/** Heads every snippet whose packages come from somebody else. */
export const THIRD_PARTY = 'Third-party software: installed from its own publishers, not served by this server.';
