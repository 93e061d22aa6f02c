/** Shorter values are words ("true", "8080"): blanking them destroys the log and protects nothing. */
const SECRET_LENGTH_MIN = 6;

/** Returns a function that blanks the values of the named secrets in a line of output, longest first. */
export function createRedactor(
  env: Readonly<Record<string, string>>,
  secretNames: readonly string[],
): (line: string) => string {
  const secrets = secretNames
    .map((name) => env[name] ?? '')
    // An agent prints a multi-line key line by line, so each line of it is a secret of its own.
    .flatMap((value) => [value, ...value.split('\n')])
    .filter((value) => value.length >= SECRET_LENGTH_MIN)
    .sort((a, b) => b.length - a.length);
  return (line) => secrets.reduce((text, secret) => text.replaceAll(secret, '[secret]'), line);
}
