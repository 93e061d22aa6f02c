/** Keys the shipped runtimes read, in the words of the people who have to find them. */
export interface KnownKey {
  readonly name: string;
  readonly label: string;
  readonly hint: string;
  /** Addresses and model names are no secrets and may be seen while they are typed. */
  readonly visible: boolean;
  /** Works without it. */
  readonly optional?: true;
}

export interface KnownProvider {
  readonly id: string;
  readonly label: string;
  readonly explain: string;
  readonly keys: readonly KnownKey[];
}

export const knownProviders: readonly KnownProvider[] = [
  {
    id: 'anthropic',
    label: 'Anthropic',
    explain: 'Claude models.',
    keys: [{ name: 'ANTHROPIC_API_KEY', label: 'API key', hint: 'Starts with sk-ant-', visible: false }],
  },
  {
    id: 'openai',
    label: 'OpenAI',
    explain: 'GPT models.',
    keys: [{ name: 'OPENAI_API_KEY', label: 'API key', hint: 'Starts with sk-', visible: false }],
  },
  {
    id: 'compatible',
    label: 'OpenAI-compatible server',
    explain: 'A local or hosted server that speaks the OpenAI protocol, such as Ollama, vLLM or a gateway.',
    keys: [
      { name: 'OPENAI_BASE_URL', label: 'Base URL', hint: 'For example http://127.0.0.1:11434/v1', visible: true },
      { name: 'OPENAI_MODEL', label: 'Model', hint: 'The name the server knows it by', visible: true },
      {
        name: 'OPENAI_API_KEY',
        label: 'Key, if the server asks for one',
        hint: 'The same key as that of OpenAI above',
        visible: false,
        optional: true,
      },
    ],
  },
];

export function knownKey(name: string): KnownKey | null {
  return knownProviders.flatMap((provider) => provider.keys).find((key) => key.name === name) ?? null;
}

/** Names the server accepts for secrets. */
export function isSecretName(name: string): boolean {
  return /^[A-Z][A-Z0-9_]{0,127}$/.test(name);
}
