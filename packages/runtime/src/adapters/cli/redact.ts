const SECRET_NAMES = /KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL/;
const SECRET_CHARS_MIN = 8;
const TEXT_CHARS_MAX = 600;

/** Takes the values of secret-looking variables, and what looks like a key, out of words of a program. */
export function redactWords(text: string, variables: Readonly<Record<string, string>>): string {
  const values = Object.entries(variables)
    .filter(([name, value]) => SECRET_NAMES.test(name) && value.length >= SECRET_CHARS_MIN)
    .map(([, value]) => value);
  const blanked = values.reduce((kept, value) => kept.replaceAll(value, '[secret]'), text);
  return blanked.replace(/\b(sk|key|pk)-[\w*.-]{6,}/g, '[key]').slice(-TEXT_CHARS_MAX);
}
