type TomlValue = string | number | boolean | readonly string[] | { readonly [key: string]: TomlValue };

/** As much TOML as a configuration of ours needs: values of a table first, then its tables. */
export function toToml(table: { readonly [key: string]: TomlValue }, path: readonly string[] = []): string {
  const lines: string[] = [];
  const tables: string[] = [];
  for (const [key, value] of Object.entries(table)) {
    if (isTable(value)) {
      const at = [...path, key];
      tables.push(`\n[${at.map(quote).join('.')}]\n${toToml(value, at)}`);
    } else lines.push(`${quote(key)} = ${toValue(value)}\n`);
  }
  return [...lines, ...tables].join('');
}

function isTable(value: TomlValue): value is { readonly [key: string]: TomlValue } {
  return typeof value === 'object' && !Array.isArray(value);
}

function toValue(value: Exclude<TomlValue, { readonly [key: string]: TomlValue }>): string {
  if (typeof value === 'string') return quote(value);
  return Array.isArray(value) ? `[${value.map(quote).join(', ')}]` : String(value);
}

/** Escapes of JSON are escapes of TOML, except that it takes no DEL as it is, and half of a surrogate pair in no way. */
function quote(text: string): string {
  return JSON.stringify(Buffer.from(text, 'utf8').toString('utf8')).replaceAll('\u007f', '\\u007F');
}
