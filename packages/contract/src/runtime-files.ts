/** Lies in the run folder of an agent that is to forget its conversations; the agent takes it away when it has. */
export const RESET_SESSION_FILE = 'reset-session';
