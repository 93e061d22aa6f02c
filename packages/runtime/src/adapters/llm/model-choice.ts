import { PROVIDER_VARIABLE } from '@molecule/contract/providers';
import { BARE_PATTERNS, DEFAULT_MODELS, MODEL_ALIASES, PROVIDER_PREFIXES, type ProviderName } from './models.js';

/** The model that answers, and where it is reached. Holds a key: never log it whole, see {@link describeChoice}. */
export interface ModelChoice {
  readonly provider: ProviderName;
  readonly modelId: string;
  readonly keyVariable: 'ANTHROPIC_API_KEY' | 'OPENAI_API_KEY';
  /** Null only for an OpenAI-compatible server that takes none. */
  readonly apiKey: string | null;
  /** Null means the provider's own address. */
  readonly baseUrl: string | null;
  /** Which rule chose it. */
  readonly source: 'MODEL' | 'template' | 'key';
}

/** `keyless`: nothing at all is configured, the one case in which a demo has nothing more to explain. */
export type ChoiceOutcome = { readonly usable: ModelChoice } | { readonly unusable: string; readonly keyless?: true };

type Env = Readonly<Record<string, string>>;
type Unusable = { readonly unusable: string; readonly keyless?: true };
type Found = { readonly usable: Omit<ModelChoice, 'source'> } | Unusable;

const OPENAI_HOST = 'api.openai.com';

/**
 * Decides which model a workspace uses (design §10): the explicit MODEL; else the template's if its key exists; else the
 * first of ANTHROPIC_API_KEY, OPENAI_API_KEY and OPENAI_BASE_URL that can be used. An explicit model that cannot be used
 * is not replaced by another one: a person asked for it and must be told. Pure; the reason is a sentence for people.
 */
export function chooseModel(env: Env, explicitModel: string | null, templateModel: string | null): ChoiceOutcome {
  const explicit = explicitModel?.trim() ?? '';
  if (explicit !== '') return withSource(findForSlug(env, explicit), 'MODEL');

  const template = templateModel?.trim() ?? '';
  if (template !== '') {
    const found = findForSlug(env, template);
    if ('usable' in found) return withSource(found, 'template');
  }
  return withSource(findByKey(env), 'key');
}

/** `anthropic:claude-…`: what the card and the log show. */
export function describeChoice(choice: ModelChoice): string {
  return `${choice.provider}:${choice.modelId}`;
}

interface Slug {
  /** Null when the text names no family. */
  readonly provider: ProviderName | null;
  readonly modelId: string;
  /** `vendor/model`: the form that routers behind an OpenAI-compatible address use as the model id itself. */
  readonly isSlashForm: boolean;
}

function parseSlug(text: string): Slug {
  const alias = MODEL_ALIASES[text.toLowerCase()];
  if (alias !== undefined) return { ...alias, isSlashForm: false };
  const prefixed = /^([^:/]+)([:/])(.+)$/.exec(text);
  const [, prefix = '', separator, rest = ''] = prefixed ?? [];
  const named = PROVIDER_PREFIXES[prefix.toLowerCase()];
  if (named !== undefined) {
    const inner = MODEL_ALIASES[rest.toLowerCase()];
    return {
      provider: named,
      modelId: inner?.provider === named ? inner.modelId : rest,
      isSlashForm: separator === '/',
    };
  }
  const bare = BARE_PATTERNS.find(({ pattern }) => pattern.test(text));
  return { provider: bare?.provider ?? null, modelId: text, isSlashForm: text.includes('/') };
}

function findForSlug(env: Env, text: string): Found {
  const slug = parseSlug(text);
  const foreignServer = foreignOpenAiUrl(env) !== null;
  switch (slug.provider) {
    case 'anthropic':
      if (read(env, 'ANTHROPIC_API_KEY') !== null) return anthropic(env, slug.modelId);
      if (slug.isSlashForm && foreignServer) return compatible(env, text);
      return missing(text, 'ANTHROPIC_API_KEY');
    case 'openai':
      if (hasBadUrl(env, 'OPENAI_BASE_URL')) return badUrl('OPENAI_BASE_URL');
      if (foreignServer && (slug.isSlashForm || speaksChat(env))) {
        return compatible(env, slug.isSlashForm ? text : slug.modelId);
      }
      return read(env, 'OPENAI_API_KEY') === null ? missing(text, 'OPENAI_API_KEY') : openai(env, slug.modelId);
    case 'openai-compatible':
      if (hasBadUrl(env, 'OPENAI_BASE_URL')) return badUrl('OPENAI_BASE_URL');
      return foreignServer ? compatible(env, slug.modelId) : missing(text, 'OPENAI_BASE_URL');
    case null:
      if (hasBadUrl(env, 'OPENAI_BASE_URL')) return badUrl('OPENAI_BASE_URL');
      if (foreignServer) return compatible(env, slug.modelId);
      return (
        findForProvider(env, text) ?? {
          unusable:
            `The model "${text}" names no provider this agent knows. Write it as anthropic:<model> or openai:<model>, ` +
            'or set OPENAI_BASE_URL to the server that offers it.',
        }
      );
  }
}

/**
 * The provider the owner chose beside the model, for a model that names none by itself. Null when none was chosen, or one
 * this adapter does not speak to.
 */
function findForProvider(env: Env, text: string): Found | null {
  const chosen = PROVIDER_PREFIXES[read(env, PROVIDER_VARIABLE)?.toLowerCase() ?? ''];
  return chosen === undefined ? null : findForSlug(env, `${chosen}:${text}`);
}

/** The first that can be used; when none can, what is wrong with the first that somebody has set up. */
function findByKey(env: Env): Found {
  const first = read(env, 'ANTHROPIC_API_KEY') === null ? null : anthropic(env, DEFAULT_MODELS.anthropic);
  if (first !== null && 'usable' in first) return first;
  const second = findOpenAi(env);
  return 'usable' in second ? second : (first ?? second);
}

function findOpenAi(env: Env): Found {
  if (hasBadUrl(env, 'OPENAI_BASE_URL')) return badUrl('OPENAI_BASE_URL');
  const model = read(env, 'OPENAI_MODEL');
  if (foreignOpenAiUrl(env) !== null && speaksChat(env)) {
    if (model !== null) return compatible(env, model);
    return {
      unusable: 'OPENAI_BASE_URL is set, but OPENAI_MODEL does not say which model to ask for. Add OPENAI_MODEL.',
    };
  }
  if (read(env, 'OPENAI_API_KEY') !== null) return openai(env, model ?? DEFAULT_MODELS.openai);
  return {
    unusable:
      'No model key is configured. Add ANTHROPIC_API_KEY or OPENAI_API_KEY as a secret, ' +
      'or OPENAI_BASE_URL together with OPENAI_MODEL.',
    keyless: true,
  };
}

/**
 * Whether the server at OPENAI_BASE_URL is addressed by chat completions, which every compatible server has, rather than
 * by Responses: it is when its model was named or when it takes no key. A bare key plus address is a proxy of OpenAI.
 */
function speaksChat(env: Env): boolean {
  return read(env, 'OPENAI_MODEL') !== null || read(env, 'OPENAI_API_KEY') === null;
}

function anthropic(env: Env, modelId: string): Found {
  if (hasBadUrl(env, 'ANTHROPIC_BASE_URL')) return badUrl('ANTHROPIC_BASE_URL');
  const baseUrl = read(env, 'ANTHROPIC_BASE_URL');
  const apiKey = read(env, 'ANTHROPIC_API_KEY');
  return { usable: { provider: 'anthropic', modelId, keyVariable: 'ANTHROPIC_API_KEY', apiKey, baseUrl } };
}

function openai(env: Env, modelId: string): Found {
  const baseUrl = read(env, 'OPENAI_BASE_URL');
  const apiKey = read(env, 'OPENAI_API_KEY');
  return { usable: { provider: 'openai', modelId, keyVariable: 'OPENAI_API_KEY', apiKey, baseUrl } };
}

function compatible(env: Env, modelId: string): Found {
  const baseUrl = read(env, 'OPENAI_BASE_URL');
  const apiKey = read(env, 'OPENAI_API_KEY');
  return { usable: { provider: 'openai-compatible', modelId, keyVariable: 'OPENAI_API_KEY', apiKey, baseUrl } };
}

function missing(slug: string, variable: string): Unusable {
  return {
    unusable: `The model "${slug}" needs ${variable}, which is not set. Add it as a secret or pick another model.`,
  };
}

function foreignOpenAiUrl(env: Env): string | null {
  const url = read(env, 'OPENAI_BASE_URL');
  return url === null || !isHttp(url) || new URL(url).hostname === OPENAI_HOST ? null : url;
}

/** A bad address is never taken for none: the key would go to whom it was not meant for. */
function hasBadUrl(env: Env, name: 'ANTHROPIC_BASE_URL' | 'OPENAI_BASE_URL'): boolean {
  const url = read(env, name);
  return url !== null && !isHttp(url);
}

function badUrl(name: string): Unusable {
  return { unusable: `${name} is not an http or https address. Correct or remove it.` };
}

function isHttp(text: string): boolean {
  return URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol);
}

/** Blank is absent; pasted keys often carry a line end. */
function read(env: Env, name: string): string | null {
  const value = env[name]?.trim() ?? '';
  return value === '' ? null : value;
}

function withSource(found: Found, source: ModelChoice['source']): ChoiceOutcome {
  return 'usable' in found ? { usable: { ...found.usable, source } } : found;
}
