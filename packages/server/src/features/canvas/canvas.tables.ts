import type { Timestamp } from '../../platform/platform.tables.js';

export interface CanvasTables {
  canvas_viewport: { id: string; x: number; y: number; zoom: number; saved_at: Timestamp };
}
