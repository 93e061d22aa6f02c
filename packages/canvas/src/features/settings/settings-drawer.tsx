import { useQuery } from '@tanstack/react-query';
import { LogOut } from 'lucide-react';
import { useServices, useSession } from '../../app/services-context.js';
import { useGo } from '../../app/use-navigation.js';
import type { Theme } from '../../state/session-store.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { Segments } from '../../ui/segments.js';
import { OrgTokensSection } from '../access/org-tokens-section.js';
import { SessionsSection } from '../access/sessions-section.js';
import { SecretsSection } from '../secrets/secrets-section.js';

export function SettingsDrawer() {
  const go = useGo();
  return (
    <Dialog open onClose={go.canvas} as="drawer" title="Settings">
      <div className="space-y-8 pt-1">
        <section>
          <h3 className="mb-1 text-base font-semibold">Model keys</h3>
          <SecretsSection />
        </section>
        <OrgTokensSection />
        <SessionsSection />
        <Appearance />
        <About />
      </div>
    </Dialog>
  );
}

const themes: readonly { id: Theme; label: string }[] = [
  { id: 'system', label: 'As the system' },
  { id: 'light', label: 'Light' },
  { id: 'dark', label: 'Dark' },
];

function Appearance() {
  const { session } = useServices();
  const theme = useSession((state) => state.theme);
  return (
    <Segments
      label="Appearance"
      labelLook="mb-2 text-base font-semibold"
      options={themes}
      value={theme}
      onChange={(next) => session.setState({ theme: next })}
    />
  );
}

function About() {
  const { client, queries } = useServices();
  const build = useQuery({
    queryKey: ['buildinfo'],
    queryFn: async ({ signal }) => (await client.call('buildinfo', {}, { signal })).body,
  });
  const logout = () => {
    client.call('deleteSession', {}).then(
      () => location.assign('/app/'),
      // The session may have ended already; asking again who is there shows the truth either way.
      () => queries.invalidateQueries({ queryKey: ['session'] }),
    );
  };
  return (
    <section className="flex items-center gap-3 border-t border-line pt-4 text-sm text-ink-soft">
      <p className="flex-1">
        Molecule {build.data ? `${build.data.version}` : ''}
        {build.data?.git_sha && <code className="ml-1.5 font-mono text-xs">{build.data.git_sha.slice(0, 8)}</code>}
        <a href="/docs" className="ml-3 rounded text-accent hover:underline">
          API reference
        </a>
      </p>
      <Button icon={LogOut} onClick={logout}>
        Log out
      </Button>
    </section>
  );
}
