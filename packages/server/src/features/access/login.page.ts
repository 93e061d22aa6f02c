/** The page behind a login link. The button posts to the same address, so that a link preview uses nothing up. */
export function loginPage(): string {
  return page(
    'Log in',
    `<p>This link opens the canvas of this Molecule server in your browser. It works once.</p>
      <form method="post"><button type="submit">Log in</button></form>`,
  );
}

export function loginRefusedPage(): string {
  return page(
    'This link does not work any more',
    `<p>Login links work once and for 15 minutes. Print a new one where the server runs:</p>
      <pre>molecule login-link</pre>`,
  );
}

/** No script and nothing loaded; readable on a phone and in both colour schemes. */
function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <title>${title} – Molecule</title>
    <style>
      :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
      body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: Canvas; color: CanvasText; }
      main { max-width: 26rem; padding: 2rem; }
      h1 { font-size: 1.5rem; margin: 0 0 0.5rem; }
      button { font: inherit; font-weight: 600; padding: 0.6rem 1.6rem; border: 0; border-radius: 0.5rem;
        background: light-dark(#1d4ed8, #93b4ff); color: light-dark(#fff, #0b1020); cursor: pointer; }
      button:focus-visible { outline: 3px solid Highlight; outline-offset: 2px; }
      pre { padding: 0.75rem 1rem; border-radius: 0.5rem; background: color-mix(in srgb, CanvasText 8%, Canvas); }
    </style>
  </head>
  <body>
    <main>
      <h1>${title}</h1>
      ${body}
    </main>
  </body>
</html>
`;
}
