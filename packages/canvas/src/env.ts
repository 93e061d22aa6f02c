/** The only reader of facts about the browser the app runs in. */
export function isApplePlatform(): boolean {
  return /mac|iphone|ipad/i.test(navigator.userAgent);
}

/** How long a movement of the view may take: none at all for people who asked their system for less motion. */
export function motionMs(ms: number): number {
  return matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : ms;
}
