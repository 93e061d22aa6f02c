import type { Command } from '../command.js';
import { bundleExport } from './bundle/export.js';
import { bundleImport } from './bundle/import.js';
import { chat } from './chat.js';
import { connect } from './connect/connect.js';
import { delegationsCancel } from './delegations/cancel.js';
import { delegationsLs } from './delegations/ls.js';
import { delegationsShow } from './delegations/show.js';
import { doctor } from './doctor/doctor.js';
import { filesCat } from './files/cat.js';
import { filesEdit } from './files/edit.js';
import { filesLs } from './files/ls.js';
import { filesPut } from './files/put.js';
import { filesRm } from './files/rm.js';
import { inbox } from './inbox.js';
import { loginLink } from './login-link.js';
import { logs } from './logs.js';
import { modelGet, modelSet, providerGet, providerSet } from './model.js';
import { orgImport } from './org/import.js';
import { orgLs } from './org/ls.js';
import { queueDrop } from './queue/drop.js';
import { queueLs } from './queue/ls.js';
import { runtimeInstall } from './runtime/install.js';
import { runtimeLs } from './runtime/ls.js';
import { runtimeRm } from './runtime/rm.js';
import { secretLs } from './secret/ls.js';
import { secretRm } from './secret/rm.js';
import { secretSet } from './secret/set.js';
import { sessionsLs } from './sessions/ls.js';
import { sessionsRevoke } from './sessions/revoke.js';
import { templateImport } from './template/import.js';
import { templateLs } from './template/ls.js';
import { templateProblems } from './template/problems.js';
import { templateSet } from './template/set.js';
import { tokensCreate } from './tokens/create.js';
import { tokensLs } from './tokens/ls.js';
import { orgTokensCreate, orgTokensLs, orgTokensRevoke } from './tokens/org.js';
import { tokensRevoke } from './tokens/revoke.js';
import { wsConnection } from './ws/connection.js';
import { wsHibernate } from './ws/hibernate.js';
import { wsInvite } from './ws/invite.js';
import { wsLs } from './ws/ls.js';
import { wsPause } from './ws/pause.js';
import { wsRestart } from './ws/restart.js';
import { wsResume } from './ws/resume.js';
import { wsRm } from './ws/rm.js';

/** Every command, in the order of the help text. */
export const COMMANDS: readonly Command[] = [
  orgLs,
  orgImport,
  bundleExport,
  bundleImport,
  wsLs,
  wsRestart,
  wsPause,
  wsResume,
  wsHibernate,
  wsRm,
  wsInvite,
  wsConnection,
  templateLs,
  templateSet,
  templateImport,
  templateProblems,
  runtimeLs,
  runtimeInstall,
  runtimeRm,
  secretLs,
  secretSet,
  secretRm,
  modelGet,
  modelSet,
  providerGet,
  providerSet,
  chat,
  connect,
  logs,
  delegationsLs,
  delegationsShow,
  delegationsCancel,
  inbox,
  queueLs,
  queueDrop,
  filesLs,
  filesCat,
  filesPut,
  filesEdit,
  filesRm,
  tokensLs,
  tokensCreate,
  tokensRevoke,
  orgTokensLs,
  orgTokensCreate,
  orgTokensRevoke,
  loginLink,
  sessionsLs,
  sessionsRevoke,
  doctor,
];
