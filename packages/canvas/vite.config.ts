import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const server = 'http://127.0.0.1:8080';

// The API lives at the root of the same origin; in development vite serves the app and passes the rest on.
const apiPaths = [
  '/session',
  '/login',
  '/workspaces',
  '/org',
  '/templates',
  '/settings',
  '/registry',
  '/health',
  '/buildinfo',
];

export default defineConfig({
  base: '/app/',
  plugins: [react(), tailwindcss()],
  resolve: { conditions: ['molecule-source', 'module', 'browser', 'development|production'] },
  build: {
    target: 'es2022',
    // Fonts stay files: a data: URI would need an extra source in the CSP.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    chunkSizeWarningLimit: 600,
  },
  server: {
    proxy: {
      '/ws': { target: server, ws: true },
      ...Object.fromEntries(apiPaths.map((path) => [path, server])),
    },
  },
});
