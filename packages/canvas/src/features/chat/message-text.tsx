import { lazy, memo, Suspense } from 'react';

const Markdown = lazy(() => import('./markdown.js').then((module) => ({ default: module.Markdown })));

/** Until the markdown reader has arrived the words stand there as they are. */
export const MessageText = memo(function MessageText({ text }: { text: string }) {
  return (
    <Suspense fallback={<p className="break-words whitespace-pre-wrap">{text}</p>}>
      <Markdown text={text} />
    </Suspense>
  );
});
