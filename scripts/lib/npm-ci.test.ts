import { describe, expect, it } from 'vitest';
import { toInstallRefusal } from './npm-ci.mjs';

const refusalFor = (output: string, signal: string | null = null) => toInstallRefusal({ output, signal });

describe('a failed install', () => {
  it.each([
    ['npm error code EACCES\nnpm error syscall mkdir', 'may not write', 'Run npm start as the user'],
    ['npm error code ENOSPC', 'the disk is full', 'Free about 1 GB'],
    ['npm error code ENOTFOUND\nnpm error network', 'registry cannot be reached', 'network connection'],
    ['npm error code EUSAGE', 'does not fit the package.json', 'git checkout'],
    ['npm error code EINTEGRITY', 'a package is damaged', 'npm cache clean'],
    ['npm error something else', 'npm ci failed', 'Run npm ci'],
  ])('is one sentence with a remedy: %s', (output, reason, remedy) => {
    const refusal = refusalFor(output);
    expect(refusal.message).toContain(reason);
    expect(refusal.message).not.toContain('\n');
    expect(refusal.help).toContain(remedy);
  });

  it('names the signal that ended npm', () => {
    expect(refusalFor('', 'SIGKILL').message).toContain('SIGKILL');
  });

  it('keeps what npm said and leaves out its stack and its manual', () => {
    const { help } = refusalFor(
      'npm error Missing: left-pad@1.0.0 from lock file\nnpm error     at run (npm.js:1:1)\nnpm error Clean install a project\nnpm error Usage:',
    );
    expect(help).toContain('left-pad@1.0.0');
    expect(help).not.toContain('npm.js');
    expect(help).not.toContain('Usage');
  });
});
