const segmenter = new Intl.Segmenter();

// East Asian wide and fullwidth blocks (Unicode standard annex 11); pictures are wide too.
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]/u;
const PICTURE = /^(?:\p{Emoji_Presentation}|\p{Regional_Indicator}|\p{Extended_Pictographic}\ufe0f)/u;
const INVISIBLE = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]+$/u;

/** How many columns of a terminal a text takes: combined characters count once, wide ones twice. */
export function widthOf(text: string): number {
  let width = 0;
  for (const { segment } of segmenter.segment(text)) {
    if (INVISIBLE.test(segment)) continue;
    width += WIDE.test(segment) || PICTURE.test(segment) ? 2 : 1;
  }
  return width;
}

/** Cuts a text to at most `max` columns, never inside a character; a cut one ends in an ellipsis. */
export function cutToWidth(text: string, max: number): string {
  if (widthOf(text) <= max) return text;
  let cut = '';
  let width = 0;
  for (const { segment } of segmenter.segment(text)) {
    width += widthOf(segment);
    if (width > max - 1) break;
    cut += segment;
  }
  return `${cut}…`;
}
