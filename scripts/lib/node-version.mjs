// Parsed by every Node that knows ES modules, however old: no newer syntax here, and no other imports.

/** Refuses a Node that the dependencies do not support, before any of them is loaded. Ends the process. */
export function checkNodeVersion() {
  const parts = process.versions.node.split('.').map(Number);
  const major = parts[0];
  const minor = parts[1];
  const isSupported = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major >= 23;
  if (isSupported) return;
  process.stderr.write(
    `Molecule needs Node 20.19, 22.12 or newer; this is Node ${process.versions.node}.\n` +
      'Install a current release from https://nodejs.org (or: nvm install 24) and start again.\n',
  );
  process.exit(1);
}
