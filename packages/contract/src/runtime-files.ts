/** Lies in the run folder of an agent that is to forget its conversations; the agent takes it away when it has. */
export const RESET_SESSION_FILE = 'reset-session';

/** Variable with the path of the program an adapter drives; without it the adapter looks for one in PATH. */
export const PROGRAM_VARIABLE = 'MOLECULE_AGENT_PROGRAM';
