import { useMutation, useQueryClient } from '@tanstack/react-query';
import { KeyRound, Link2 } from 'lucide-react';
import { useState } from 'react';
import { useServices } from '../../app/services-context.js';
import { Logo } from '../../app/toolbar.js';
import { problemOf } from '../../model/problem.js';
import { Button } from '../../ui/button.js';
import { CopyButton } from '../../ui/copy-button.js';
import { TextField } from '../../ui/field.js';

const command = './molecule login-link';

export function LoginPage() {
  const { client } = useServices();
  const queries = useQueryClient();
  const [token, setToken] = useState('');
  const login = useMutation({
    mutationFn: () => client.call('createSession', { body: { token: token.trim() } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['session'] }),
  });
  const problem = login.error ? problemOf(login.error) : null;

  return (
    <main className="flex min-h-full flex-col items-center px-4 pt-[14vh] pb-10">
      <Logo />
      <h1 className="mt-6 text-2xl font-semibold tracking-tight">Log in</h1>
      <p className="mt-1 text-sm text-ink-soft">This server belongs to one organisation and asks who you are.</p>
      <div className="mt-8 w-full max-w-md space-y-4">
        <section className="rounded-2xl border border-line bg-surface p-5 shadow-card">
          <h2 className="flex items-center gap-2 text-sm font-semibold">
            <Link2 aria-hidden className="size-4 text-accent" />
            With a one-time link
          </h2>
          <p className="mt-1 text-sm text-ink-soft">
            <code className="font-mono text-xs">npm start</code> printed one. For another, run this where the server
            runs and open what it prints:
          </p>
          <div className="mt-3 flex items-center gap-2 rounded-lg border border-line bg-sunken py-1 pr-1 pl-3">
            <code className="flex-1 font-mono text-sm">{command}</code>
            <CopyButton text={command} label="Copy the command" />
          </div>
        </section>
        <section className="rounded-2xl border border-line bg-surface p-5 shadow-card">
          <h2 className="flex items-center gap-2 text-sm font-semibold">
            <KeyRound aria-hidden className="size-4 text-accent" />
            With the admin token
          </h2>
          <p className="mt-1 text-sm text-ink-soft">
            It is what <code className="font-mono text-xs">ADMIN_TOKEN</code> says where the server runs, else in the
            file <code className="font-mono text-xs">keys/admin-token</code> of the data directory, which the start
            prints as <i>Data</i>.
          </p>
          <form
            className="mt-3 flex items-start gap-2"
            onSubmit={(event) => {
              event.preventDefault();
              if (token.trim() !== '') login.mutate();
            }}
          >
            <div className="flex-1">
              <TextField
                bare
                label="Admin token"
                type="password"
                placeholder="Admin token"
                autoComplete="current-password"
                value={token}
                onChange={(event) => setToken(event.target.value)}
                error={
                  problem &&
                  (problem.code === 'invalid_admin_token'
                    ? 'This is not the admin token of this server.'
                    : `${problem.title}. ${problem.advice}`)
                }
              />
            </div>
            <Button type="submit" look="primary" pending={login.isPending} disabled={token.trim() === ''}>
              Log in
            </Button>
          </form>
        </section>
      </div>
    </main>
  );
}
