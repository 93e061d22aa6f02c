import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic, linter } from '@codemirror/lint';
import type { Extension } from '@codemirror/state';
import { EditorView, keymap } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import CodeMirror from '@uiw/react-codemirror';
import { useEffect, useEffectEvent, useMemo, useState } from 'react';

export type Language = 'yaml' | 'json' | 'markdown' | 'text';

interface CodeEditorProps {
  /** Spoken name. */
  label: string;
  value: string;
  language: Language;
  readOnly?: boolean;
  onChange?: (text: string) => void;
  /** Mod+S. */
  onSave?: () => void;
  /** What is wrong with a text, shown where it is. */
  check?: (text: string) => readonly Pick<Diagnostic, 'from' | 'to' | 'message'>[];
}

const look = EditorView.theme({
  '&': { height: '100%', color: 'var(--ink)', backgroundColor: 'var(--sunken)', fontSize: '0.8125rem' },
  // The ring lies around the whole editor, line numbers included: see the class names below.
  '&.cm-focused, .cm-content': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--font-mono, ui-monospace, monospace)', lineHeight: '1.35rem' },
  '.cm-content': { caretColor: 'var(--ink)', padding: '0.5rem 0' },
  '.cm-gutters': { color: 'var(--ink-faint)', backgroundColor: 'var(--sunken)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'transparent' },
  '&.cm-focused .cm-activeLineGutter': { color: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'color-mix(in srgb, var(--accent-fill) 28%, transparent) !important',
  },
  '.cm-tooltip': { color: 'var(--ink)', backgroundColor: 'var(--raised)', border: '1px solid var(--line)' },
  '.cm-panels': { color: 'var(--ink)', backgroundColor: 'var(--surface)', borderColor: 'var(--line)' },
  '.cm-panels button': { color: 'var(--ink)', backgroundImage: 'none', backgroundColor: 'var(--hover)' },
  '.cm-panels input': { color: 'var(--ink)', backgroundColor: 'var(--surface)', borderColor: 'var(--line-strong)' },
  '.cm-searchMatch': { backgroundColor: 'var(--warn-soft)' },
});

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName), tags.heading], color: 'var(--accent)' },
  { tag: [tags.heading, tags.strong], fontWeight: '600' },
  { tag: tags.emphasis, fontStyle: 'italic' },
  { tag: [tags.string, tags.special(tags.string), tags.attributeValue], color: 'var(--ok)' },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword, tags.atom], color: 'var(--wait)' },
  { tag: [tags.comment, tags.lineComment], color: 'var(--ink-faint)', fontStyle: 'italic' },
  { tag: [tags.link, tags.url], color: 'var(--busy)' },
  { tag: tags.invalid, color: 'var(--danger)' },
]);

/** Read when a file of that kind is opened. */
const languages = {
  yaml: () => import('@codemirror/lang-yaml').then((module) => module.yaml()),
  json: () => import('@codemirror/lang-json').then((module) => module.json()),
  markdown: () => import('@codemirror/lang-markdown').then((module) => module.markdown()),
  text: () => Promise.resolve([]),
} satisfies Record<Language, () => Promise<Extension>>;

const setup = {
  foldGutter: false,
  autocompletion: false,
  closeBrackets: false,
  highlightActiveLine: false,
  highlightSelectionMatches: false,
  completionKeymap: false,
  foldKeymap: false,
  closeBracketsKeymap: false,
};

/**
 * A text editor. Tab moves the focus on, as everywhere else: nobody is kept inside. Lines end with `\n` in it, whatever
 * they end with in the file.
 */
export function CodeEditor({ label, value, language, readOnly = false, onChange, onSave, check }: CodeEditorProps) {
  const [grammar, setGrammar] = useState<Extension>([]);
  const save = useEffectEvent(() => onSave?.());
  useEffect(() => {
    let current = true;
    languages[language]().then(
      (loaded) => {
        if (current) setGrammar(loaded);
      },
      // Colours are a comfort: without them the text is as readable as any.
      (error: unknown) => console.debug('the colours of the editor could not be loaded', error),
    );
    return () => {
      current = false;
    };
  }, [language]);
  const extensions = useMemo(
    () => [
      look,
      syntaxHighlighting(colours),
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false' }),
      check === undefined ? [] : linter(({ state }) => check(state.doc.toString()).map(toDiagnostic), { delay: 200 }),
      grammar,
    ],
    [label, check, grammar],
  );
  const saveKey = useMemo(
    () =>
      keymap.of([
        {
          key: 'Mod-s',
          preventDefault: true,
          run: () => {
            save();
            return true;
          },
        },
      ]),
    [],
  );
  return (
    <CodeMirror
      value={value}
      theme="none"
      height="100%"
      className="relative h-full min-h-0 after:pointer-events-none after:absolute after:inset-0 after:z-300 after:border-2 after:border-transparent focus-within:after:border-accent"
      readOnly={readOnly}
      indentWithTab={false}
      basicSetup={setup}
      extensions={[saveKey, ...extensions]}
      {...(onChange === undefined ? {} : { onChange })}
    />
  );
}

function toDiagnostic(fault: Pick<Diagnostic, 'from' | 'to' | 'message'>): Diagnostic {
  return { ...fault, severity: 'error' };
}
