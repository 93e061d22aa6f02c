/** More than a workspace may have, so that one page is all of them. */
export const TOKENS_PAGE = 200;
