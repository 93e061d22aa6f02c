import { type LucideIcon, Moon, Pause, Play, RotateCw, Sun, Trash2, UserX } from 'lucide-react';
import type { LifecycleVerb } from '../../model/lifecycle-verbs.js';

interface VerbLook {
  readonly label: string;
  readonly icon: LucideIcon;
  /** Cannot be undone: set apart in menus. */
  readonly danger: boolean;
}

export const verbLooks = {
  resume: { label: 'Resume', icon: Play, danger: false },
  wake: { label: 'Wake', icon: Sun, danger: false },
  restart: { label: 'Restart', icon: RotateCw, danger: false },
  hibernate: { label: 'Hibernate', icon: Moon, danger: false },
  pause: { label: 'Pause', icon: Pause, danger: false },
  collapse: { label: 'Remove everything below', icon: UserX, danger: true },
  remove: { label: 'Remove agent', icon: Trash2, danger: true },
} satisfies Record<LifecycleVerb, VerbLook>;
