/** Name under which agent programs know our tools; part of the names they give them. Apart: it must not load the library. */
export const SERVER_NAME = 'molecule';
