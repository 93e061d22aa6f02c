/** Browser facilities that components use for layout and that jsdom does not have: here they observe nothing. */
export function fillJsdomGaps(): void {
  globalThis.ResizeObserver ??= class {
    observe() {}
    unobserve() {}
    disconnect() {}
  };
  Element.prototype.scrollIntoView ??= () => {};
  // An editor measures its text; here nothing has a size.
  Range.prototype.getClientRects ??= () => Object.assign([], { item: () => null });
  Element.prototype.hasPointerCapture ??= () => false;
}
