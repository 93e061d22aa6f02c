import { describe, expect, it } from 'vitest';
import { applyEnvMutators, EnvMutatorError, gitIdentity } from './env-mutators.js';
import { deriveEnv } from './instance-env.js';

const RUNTIMES = ['claude-code', 'codex', 'openclaw', 'hermes', 'llm', 'echo', 'something-else'];
const nothing = { secrets: {}, runtime: 'llm', model: null, role: null };

describe('the environment derived for an instance', () => {
  it.each(RUNTIMES)('R23: an agent of runtime %s is told its model', (runtime) => {
    const env = deriveEnv({ ...nothing, runtime, secrets: { MODEL_PROVIDER: 'minimax/MiniMax-M2.7' } });
    expect(env).toEqual({
      MODEL_PROVIDER: 'minimax/MiniMax-M2.7',
      MODEL: 'minimax/MiniMax-M2.7',
      ...(runtime === 'hermes'
        ? { HERMES_DEFAULT_MODEL: 'minimax/MiniMax-M2.7', HERMES_INFERENCE_MODEL: 'minimax/MiniMax-M2.7' }
        : {}),
    });
  });

  it.each(RUNTIMES)('R23: without a model an agent of runtime %s is told none', (runtime) => {
    expect(deriveEnv({ ...nothing, runtime })).toEqual({});
  });

  it.each<[string, Parameters<typeof deriveEnv>[0], Record<string, string>]>([
    ['the secret before the spec', { ...nothing, secrets: { MODEL_PROVIDER: 'a' }, model: 'b' }, { MODEL: 'a' }],
    ['the spec without a secret', { ...nothing, model: 'b' }, { MODEL: 'b' }],
    ['the model over a secret called MODEL', { ...nothing, secrets: { MODEL: 'x' }, model: 'b' }, { MODEL: 'b' }],
    ['a secret called MODEL without a model', { ...nothing, secrets: { MODEL: 'x' } }, { MODEL: 'x' }],
    ['the role', { ...nothing, role: 'Writes' }, { MOLECULE_AGENT_ROLE: 'Writes' }],
    ['no empty role', { ...nothing, role: '' }, {}],
    ['the provider as it is stored', { ...nothing, secrets: { LLM_PROVIDER: 'p' } }, { LLM_PROVIDER: 'p' }],
  ])('takes %s', (_, source, expected) => {
    const { MODEL_PROVIDER: _historic, ...env } = deriveEnv(source);
    expect(env).toEqual(expected);
  });
});

describe('plug-ins of the environment', () => {
  const subject = { workspaceId: '6a1b5f0e-9c3d-4e2f-8a7b-0123456789ab', name: 'Ada  Lovelace!' };
  const never = { signal: new AbortController().signal, timeoutMs: 10_000 };
  const identityOf = async (name: string, env: Record<string, string> = {}) =>
    (await applyEnvMutators([gitIdentity], { ...subject, name }, env, never)).env;

  it('commits of an agent carry its name, and its name as an address', async () => {
    expect(await identityOf('Ada  Lovelace!')).toEqual({
      GIT_AUTHOR_NAME: 'Molecule AI Ada  Lovelace!',
      GIT_COMMITTER_NAME: 'Molecule AI Ada  Lovelace!',
      GIT_AUTHOR_EMAIL: 'ada-lovelace@agents.moleculesai.app',
      GIT_COMMITTER_EMAIL: 'ada-lovelace@agents.moleculesai.app',
    });
    expect(await identityOf('  ')).toEqual({});
    expect(await identityOf('研究')).toMatchObject({ GIT_AUTHOR_EMAIL: 'agent-6a1b5f0e@agents.moleculesai.app' });
  });

  it('what the owner set stays', async () => {
    const env = await identityOf('Ada', { GIT_AUTHOR_NAME: 'Me' });
    expect(env).toMatchObject({ GIT_AUTHOR_NAME: 'Me', GIT_COMMITTER_NAME: 'Molecule AI Ada' });
  });

  it('run in order, each on what the one before it left, and name what must not be shown', async () => {
    const first = { name: 'first', mutate: () => ({ set: { A: '1', B: '1' } }) };
    const second = {
      name: 'second',
      mutate: async (_: unknown, env: Readonly<Record<string, string>>) => ({
        set: { B: `${env.A}+${env.B}`, TOKEN: 't' },
        confidential: ['TOKEN'],
      }),
    };
    expect(await applyEnvMutators([first, second], subject, { KEPT: 'k', A: '0' }, never)).toEqual({
      env: { KEPT: 'k', A: '1', B: '1+1', TOKEN: 't' },
      confidential: ['TOKEN'],
    });
  });

  it('the first that fails ends it, under a message that holds its name and nothing it said', async () => {
    let ran = false;
    const failing = {
      name: 'tokens',
      mutate: () => {
        throw new Error('secret text');
      },
    };
    const after = {
      name: 'after',
      mutate: () => {
        ran = true;
        return { set: {} };
      },
    };
    const error: unknown = await applyEnvMutators([failing, after], subject, {}, never).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(EnvMutatorError);
    expect(String(error)).toContain('"tokens"');
    expect(String(error)).not.toContain('secret text');
    expect(ran).toBe(false);
  });

  it('one that never answers ends at the limit, and an abort is passed on as it came', async () => {
    const hanging = { name: 'hanging', mutate: () => new Promise<never>(() => {}) };
    const { signal } = never;
    await expect(applyEnvMutators([hanging], subject, {}, { signal, timeoutMs: 20 })).rejects.toThrow(EnvMutatorError);
    const newer = new AbortController();
    const waiting = applyEnvMutators([hanging], subject, {}, { signal: newer.signal, timeoutMs: 10_000 });
    newer.abort(new Error('a newer wish'));
    await expect(waiting).rejects.toThrow('a newer wish');
  });
});
