/** The page behind a login link. The button posts to the same address, so that a link preview uses nothing up. */
export function loginPage(): string {
  return page(
    'Log in',
    'This link opens the canvas of this Molecule server in your browser. It works once.',
    '<form method="post"><button type="submit">Log in</button></form>',
  );
}

export function loginRefusedPage(): string {
  return page(
    'This login link does not work',
    'It was used, is older than 15 minutes, or is not complete. A link works once.',
    `<h2>With another link</h2>
        ${WAYS_IN}`,
  );
}

/** For whoever comes without a link. */
export function loginNeededPage(): string {
  return page(
    'Log in',
    'This server belongs to one organisation and asks who you are.',
    `<h2>With a one-time link</h2>
        ${WAYS_IN}`,
  );
}

const WAYS_IN = `<p>Run this where the server runs and open what it prints:</p>
        <pre>./molecule login-link</pre>
        <h2>Without a link</h2>
        <p><a href="/app/">Open the canvas</a>. It lets you in if this browser is logged in, and otherwise asks for the
        admin token.</p>`;

const LOGO = `<svg aria-hidden="true" viewBox="0 0 32 32" width="28" height="28">
          <rect width="32" height="32" rx="8" fill="#4f46e5"/>
          <path d="M16 11v4M16 15l-5.5 5M16 15l5.5 5" stroke="#c7d2fe" stroke-width="2" stroke-linecap="round" fill="none"/>
          <circle cx="16" cy="9" r="3.4" fill="#fff"/>
          <circle cx="9.4" cy="21.6" r="3" fill="#fff"/>
          <circle cx="22.6" cy="21.6" r="3" fill="#fff"/>
        </svg>`;

/**
 * The look is that of the canvas's own login screen: its colours are those of `packages/canvas/src/styles/theme.css`.
 * No script and nothing loaded, so that the page also stands where the canvas is not built.
 */
function page(title: string, lead: string, card: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <meta name="color-scheme" content="light dark">
    <title>${title} – Molecule</title>
    <link rel="icon" href="/app/favicon.svg" type="image/svg+xml">
    <style>
      :root {
        --canvas: #f4f4f6; --surface: #ffffff; --sunken: #f6f6f8; --line: #e3e3e9;
        --ink: #191a20; --ink-soft: #4b4d59; --accent: #4f46e5; --fill: #4f46e5; --fill-hover: #4338ca;
        --shadow: rgb(24 25 40 / 0.09);
        color-scheme: light dark; background: var(--canvas); color: var(--ink);
        font: 14px/1.55 "Inter Variable", Inter, ui-sans-serif, system-ui, sans-serif;
      }
      @media (prefers-color-scheme: dark) {
        :root {
          --canvas: #0e0f12; --surface: #17181d; --sunken: #121317; --line: #2a2c34;
          --ink: #ecedf1; --ink-soft: #b4b6c2; --accent: #a5adff; --fill: #5b55e8; --fill-hover: #6a64f0;
          --shadow: rgb(0 0 0 / 0.5);
        }
      }
      * { box-sizing: border-box; margin: 0; }
      main { display: flex; flex-direction: column; align-items: center; padding: 14vh 16px 40px; }
      .logo { display: flex; align-items: center; gap: 8px; font-size: 15px; font-weight: 600; letter-spacing: -0.025em; }
      h1 { margin-top: 24px; font-size: 24px; line-height: 1.33; font-weight: 600; letter-spacing: -0.025em; text-align: center; }
      .lead { margin-top: 4px; max-width: 448px; color: var(--ink-soft); text-align: center; }
      section { width: 100%; max-width: 448px; margin-top: 32px; padding: 20px; border: 1px solid var(--line);
        border-radius: 16px; background: var(--surface); box-shadow: 0 1px 2px var(--shadow); }
      h2 { font-size: 14px; font-weight: 600; }
      h2:not(:first-child) { margin-top: 20px; }
      section p { margin-top: 4px; color: var(--ink-soft); }
      a { color: var(--accent); text-underline-offset: 2px; }
      button { width: 100%; height: 36px; border: 0; border-radius: 8px; background: var(--fill); color: #fff;
        font: inherit; font-weight: 500; cursor: pointer; }
      button:hover { background: var(--fill-hover); }
      :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 8px; }
      pre { margin-top: 12px; padding: 8px 12px; border: 1px solid var(--line); border-radius: 8px;
        background: var(--sunken); overflow-x: auto;
        font: 14px/1.4 ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
    </style>
  </head>
  <body>
    <main>
      <div class="logo">
        ${LOGO}
        Molecule
      </div>
      <h1>${title}</h1>
      <p class="lead">${lead}</p>
      <section>
        ${card}
      </section>
    </main>
  </body>
</html>
`;
}
