import Type, { type Static } from 'typebox';
import { pathText } from '../query.js';
import { route } from '../route.js';
import { Nullable, Timestamp } from '../schema.js';

/** A runtime whose program is installed on the host of the server that answers; other hosts have their own. */
export const InstallableRuntime = Type.Object({
  runtime: Type.String(),
  package: Type.String(),
  /** The version agents are started with. */
  version: Type.String(),
  /** `from_path`: nothing may be installed, and a program of the operator's serves. */
  state: Type.Union([
    Type.Literal('installed'),
    Type.Literal('missing'),
    Type.Literal('installing'),
    Type.Literal('from_path'),
  ]),
  /** How far an install is, for people. */
  note: Nullable(Type.String()),
  download_mb: Type.Integer(),
  /** On disk; besides the one above those that an earlier release of the server used. */
  versions: Type.Array(
    Type.Object({ version: Type.String(), bytes: Type.Integer(), installed_at: Nullable(Timestamp) }),
  ),
  /** Why the last attempt failed. */
  last_failure: Nullable(Type.String()),
});
export type InstallableRuntime = Static<typeof InstallableRuntime>;

const name = { name: pathText('name of the runtime', /^[a-z][a-z0-9-]{0,99}$/, 'runtime_not_installable') };

/** The programs of runtimes; additive. They come by themselves with the first agent that needs them. */
export const runtimeRoutes = {
  listRuntimes: route({
    method: 'GET',
    path: '/runtimes',
    summary: 'List the runtimes whose programs are installed on this host, or can be',
    access: 'admin',
    rate: 'default',
    responses: { 200: Type.Array(InstallableRuntime) },
    errors: [],
    source: 'design §2',
  }),
  installRuntime: route({
    method: 'POST',
    path: '/runtimes/:name/install',
    summary: 'Install the program of a runtime before an agent needs it; answers at once, the list tells how far it is',
    access: 'admin',
    rate: 'default',
    params: name,
    responses: { 202: InstallableRuntime },
    errors: ['runtime_not_installable', 'runtime_installs_off'],
    source: 'design §2',
  }),
  removeRuntime: route({
    method: 'DELETE',
    path: '/runtimes/:name/install',
    summary: 'Delete the program of a runtime from this host, every version of it',
    access: 'admin',
    rate: 'default',
    params: name,
    responses: { 200: InstallableRuntime },
    errors: ['runtime_not_installable', 'runtime_in_use'],
    source: 'design §2',
  }),
};
