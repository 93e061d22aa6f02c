import { errorSpec, type RouteSpec, routes } from '@molecule/contract';

const ACCESS_TEXT: Readonly<Record<RouteSpec['access'], string>> = {
  open: 'Nobody is asked.',
  admin: 'Admin token, org token or session.',
  workspace: 'The workspace named by :id with its own token, or an admin.',
  own: 'The workspace named by :id with its own token, and nobody else.',
  self: 'The workspace named in the body, with its own token.',
  discovery: 'The asking workspace with its own token, or an admin.',
  caller:
    'Whoever speaks: a workspace with its own token, or a person with a session, the admin token or an org token.',
  credential: 'Any valid credential.',
  test: 'The admin token itself; not in production unless MOLECULE_ENABLE_TEST_TOKENS is 1.',
};

/** This API as a page to read: every route of the contract, grouped by the first part of its path. */
export function docsPage(version: string): string {
  const groups = new Map<string, [string, RouteSpec][]>();
  for (const [name, spec] of Object.entries<RouteSpec>(routes)) {
    const group = spec.path.split('/')[1] ?? '';
    groups.set(group, [...(groups.get(group) ?? []), [name, spec]]);
  }
  const names = [...groups.keys()].sort();
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Molecule API</title>
    <style>${STYLE}</style>
  </head>
  <body>
    <header>
      <h1>Molecule API</h1>
      <p>Version ${escapeHtml(version)}. The same as a document for tools: <a href="/openapi.json">/openapi.json</a>.
        Send credentials as <code>Authorization: Bearer …</code>. A refusal is
        <code>{"error", "code", "retry", "help"}</code>; <code>retry</code> says whether the same request can succeed later.</p>
      <nav>${names.map((name) => `<a href="#${name}">${name}</a>`).join(' ')}</nav>
    </header>
    <main>
${names.map((name) => section(name, groups.get(name) ?? [])).join('\n')}
    </main>
  </body>
</html>
`;
}

function section(group: string, entries: readonly (readonly [string, RouteSpec])[]): string {
  return `<section id="${escapeHtml(group)}"><h2>/${escapeHtml(group)}</h2>
${entries.map(([name, spec]) => article(name, spec)).join('\n')}
</section>`;
}

function article(name: string, spec: RouteSpec): string {
  const successes = Object.keys(spec.responses).join(', ');
  return `<article id="${escapeHtml(name)}">
<h3><span class="method">${spec.method}</span> <code>${escapeHtml(spec.path)}</code></h3>
<p>${escapeHtml(spec.summary)}.</p>
<dl>
<dt>Access</dt><dd><b>${spec.access}</b> – ${escapeHtml(ACCESS_TEXT[spec.access])}</dd>
${parameters('Path', spec.params)}${parameters('Query', spec.query)}${bodyFields(spec)}<dt>Success</dt><dd>${successes}${spec.stream ? ` (${spec.stream})` : ''}</dd>
${errors(spec)}<dt>Source</dt><dd>${escapeHtml(spec.source)}</dd>
</dl>
</article>`;
}

function parameters(title: string, params: RouteSpec['params']): string {
  const entries = Object.entries(params ?? {});
  if (entries.length === 0) return '';
  const items = entries.map(([name, param]) => item(name, typeOf(param.schema), param.describe));
  return `<dt>${title}</dt><dd><ul>${items.join('')}</ul></dd>\n`;
}

function bodyFields(spec: RouteSpec): string {
  if (!spec.body) return '';
  const schema = toPlain(spec.body);
  const properties = asRecord(schema.properties);
  const required = Array.isArray(schema.required) ? schema.required : [];
  const items = Object.entries(properties).map(([name, field]) =>
    item(name, typeOf(asRecord(field)), required.includes(name) ? 'required' : ''),
  );
  const fields = items.length === 0 ? 'JSON' : `<ul>${items.join('')}</ul>`;
  return `<dt>Body</dt><dd>${fields}${spec.bodyOptional ? ' May be absent.' : ''}${spec.bodyLenient ? ' A body that does not match counts as absent.' : ''}</dd>\n`;
}

function errors(spec: RouteSpec): string {
  if (spec.errors.length === 0) return '';
  const items = spec.errors.map((code) => {
    const { status, text, help } = errorSpec(code);
    return `<li><b>${status}</b> <code>${code}</code> ${escapeHtml(text)}. <small>${escapeHtml(help)}</small></li>`;
  });
  return `<dt>Refusals</dt><dd><ul>${items.join('')}</ul></dd>\n`;
}

function item(name: string, type: string, text: string): string {
  return `<li><code>${escapeHtml(name)}</code> <small>${escapeHtml(type)}</small> ${escapeHtml(text)}</li>`;
}

/** A schema in one word or a short choice. */
function typeOf(schema: Readonly<Record<string, unknown>>): string {
  const choices = schema.anyOf;
  if (Array.isArray(choices)) return [...new Set(choices.map((choice) => typeOf(asRecord(choice))))].join(' | ');
  if ('const' in schema) return JSON.stringify(schema.const);
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  return typeof schema.type === 'string' ? schema.type : 'any';
}

/** Schemas are JSON schema objects; the round trip drops what a schema library keeps beside it. */
function toPlain(schema: unknown): Record<string, unknown> {
  return asRecord(JSON.parse(JSON.stringify(schema)));
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}

const STYLE = `
      :root { color-scheme: light dark; font: 16px/1.55 system-ui, sans-serif; }
      body { margin: 0 auto; max-width: 60rem; padding: 1.5rem; background: Canvas; color: CanvasText; }
      nav { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; }
      a { color: light-dark(#1d4ed8, #93b4ff); }
      h2 { margin-top: 2.5rem; border-bottom: 1px solid color-mix(in srgb, CanvasText 25%, Canvas); }
      h3 { margin: 1.5rem 0 0.25rem; font-size: 1.05rem; overflow-wrap: anywhere; }
      .method { display: inline-block; min-width: 4.2rem; font-weight: 700; }
      code { font-family: ui-monospace, monospace; font-size: 0.92em; }
      p { margin: 0.25rem 0; }
      dl { display: grid; grid-template-columns: 6rem 1fr; gap: 0.25rem 1rem; margin: 0.5rem 0; }
      dt { font-weight: 600; } dd { margin: 0; min-width: 0; }
      ul { margin: 0; padding-left: 1.1rem; }
      small { color: color-mix(in srgb, CanvasText 75%, Canvas); }
    `;
