import { Panel, useReactFlow } from '@xyflow/react';
import { LayoutGrid, Maximize, Minus, Plus, Undo2 } from 'lucide-react';
import { shortcuts } from '../../app/keymap.js';
import { useSession } from '../../app/services-context.js';
import { motionMs } from '../../env.js';
import { IconButton } from '../../ui/button.js';

interface CanvasControlsProps {
  onFit: () => void;
  onTidy: () => void;
  onUndo: () => void;
}

export function CanvasControls({ onFit, onTidy, onUndo }: CanvasControlsProps) {
  const flow = useReactFlow();
  const canUndo = useSession((state) => state.undo.length > 0);
  return (
    <Panel position="bottom-left">
      <div
        role="toolbar"
        aria-label="Map"
        className="flex items-center gap-0.5 rounded-xl border border-line bg-surface p-1 shadow-card"
      >
        <IconButton
          icon={Minus}
          label="Zoom out"
          side="top"
          onClick={() => void flow.zoomOut({ duration: motionMs(150) })}
        />
        <IconButton
          icon={Plus}
          label="Zoom in"
          side="top"
          onClick={() => void flow.zoomIn({ duration: motionMs(150) })}
        />
        <IconButton
          icon={Maximize}
          label={shortcuts.fit.label}
          shortcut={shortcuts.fit.keys}
          side="top"
          onClick={onFit}
        />
        <span aria-hidden className="mx-1 h-5 w-px bg-line" />
        <IconButton
          icon={LayoutGrid}
          label={shortcuts.tidy.label}
          shortcut={shortcuts.tidy.keys}
          side="top"
          onClick={onTidy}
        />
        <IconButton
          icon={Undo2}
          label={shortcuts.undo.label}
          shortcut={shortcuts.undo.keys}
          side="top"
          disabled={!canUndo}
          onClick={onUndo}
        />
      </div>
    </Panel>
  );
}
