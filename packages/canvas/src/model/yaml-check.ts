import { isMap, parseDocument } from 'yaml';

/** Why a text is no configuration, and where. */
export interface YamlFault {
  readonly message: string;
  /** 1-based. */
  readonly line: number;
  /** Offsets into the text. */
  readonly from: number;
  readonly to: number;
}

/** Empty when the text reads as a mapping, which every configuration is; an empty text is one as well. */
export function faultsInYaml(text: string): YamlFault[] {
  const document = parseDocument(text, { prettyErrors: false });
  const faults = document.errors.map(({ message, pos: [from, to] }) => faultAt(text, message, from, to));
  if (faults.length > 0) return faults;
  if (document.contents !== null && !isMap(document.contents)) {
    return [faultAt(text, 'A configuration is a list of “name: value” lines, not a single value.', 0, text.length)];
  }
  return [];
}

function faultAt(text: string, message: string, from: number, to: number): YamlFault {
  const start = Math.min(from, text.length);
  return {
    message: message.charAt(0).toUpperCase() + message.slice(1),
    line: text.slice(0, start).split('\n').length,
    from: start,
    to: Math.min(Math.max(to, start), text.length),
  };
}
