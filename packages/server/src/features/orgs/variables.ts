const REFERENCE = /\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))/g;

/**
 * Replaces `${NAME}` and `$NAME`; a literal `$5` is no reference. Only the org's own `.env` files are looked into: the
 * server's environment holds credentials that a template must not be able to copy into a workspace (docs/adr/0005).
 */
export function expandVariables(
  text: string,
  values: Readonly<Record<string, string>>,
): { readonly text: string } | { readonly unresolved: readonly string[] } {
  const unresolved: string[] = [];
  const expanded = text.replace(REFERENCE, (_whole, braced: string | undefined, bare: string | undefined) => {
    const name = braced ?? bare ?? '';
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (!value) unresolved.push(name);
    return value ?? '';
  });
  return unresolved.length > 0 ? { unresolved } : { text: expanded };
}
