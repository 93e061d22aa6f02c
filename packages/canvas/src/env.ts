/** The only reader of build flags and of facts about the browser the app runs in. */
export const isDevelopment: boolean = import.meta.env.DEV;

export function isApplePlatform(): boolean {
  return /mac|iphone|ipad/i.test(navigator.userAgent);
}
