/** The HTTP edge where nothing about hosts, origins and tenants is under test. */
export const HTTP_DEFAULTS = {
  checkHost: () => {},
  crossOrigin: { listed: [], publicUrl: null },
  tenant: null,
  trustedProxies: [],
} as const;
