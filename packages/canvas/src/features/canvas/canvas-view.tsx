import {
  applyNodeChanges,
  Background,
  BackgroundVariant,
  type NodeChange,
  type NodeTypes,
  type OnNodeDrag,
  ReactFlow,
  type ReactFlowInstance,
  ReactFlowProvider,
  useReactFlow,
} from '@xyflow/react';
import '../../styles/flow.css';
import { useCallback, useEffect, useEffectEvent, useRef, useState } from 'react';
import { useFleet, useServices } from '../../app/services-context.js';
import { motionMs } from '../../env.js';
import { absoluteBoxes, CARD_HEIGHT, CARD_WIDTH } from '../../model/layout.js';
import { shouldRefit } from '../../model/view.js';
import { AgentCard } from './agent-card.js';
import { CanvasActionsContext } from './canvas-actions.js';
import { CanvasControls } from './canvas-controls.js';
import { CardMenu, type CardMenuState } from './card-menu.js';
import { Flights } from './flights.js';
import { type AgentNode, reconcileNodes } from './flow-nodes.js';
import { Minimap } from './minimap.js';
import { cardIn, useCardActions } from './use-card-actions.js';
import { useLayoutEdits } from './use-layout-edits.js';
import { readViewport, useViewportMemory } from './viewport-memory.js';

const nodeTypes: NodeTypes = { agent: AgentCard };
const fitOptions = { padding: 0.18, maxZoom: 1 } as const;

interface CanvasViewProps {
  selectedId: string | null;
  onSelect: (id: string | null) => void;
  /** Where the canvas offers its commands to the key map and the palette. */
  onReady: (commands: CanvasCommands | null) => void;
}

export interface CanvasCommands {
  fit(): void;
  tidy(): void;
  undo(): void;
}

export function CanvasView(props: CanvasViewProps) {
  return (
    <ReactFlowProvider>
      <Canvas {...props} />
    </ReactFlowProvider>
  );
}

function Canvas({ selectedId, onSelect, onReady }: CanvasViewProps) {
  const { fleet } = useServices();
  const flow = useReactFlow<AgentNode>();
  const edits = useLayoutEdits();
  const placed = useFleet((state) => state.placed);
  const [nodes, setNodes] = useState<AgentNode[]>(() => reconcileNodes([], placed, selectedId));
  const remember = useViewportMemory();
  const frame = useRef<HTMLDivElement>(null);

  useEffect(() => {
    setNodes((before) => reconcileNodes(before, placed, selectedId));
  }, [placed, selectedId]);

  const onNodesChange = useCallback((changes: NodeChange<AgentNode>[]) => {
    // Selection belongs to the address, deletion to the server; React Flow only reports movement and sizes.
    const own = changes.filter((change) => change.type === 'position' || change.type === 'dimensions');
    if (own.length > 0) setNodes((before) => applyNodeChanges(own, before));
  }, []);

  const onDragStop = useCallback<OnNodeDrag<AgentNode>>(
    (_event, node, dragged) => {
      const name = fleet.getState().fleet.agents.get(node.id)?.name ?? 'card';
      edits.move(
        new Map(dragged.map((one) => [one.id, one.position])),
        dragged.length === 1 ? `Moved ${name}` : `Moved ${dragged.length} cards`,
      );
      // Where the layout puts the card may differ from where it was dropped: children stay inside their parent.
      setNodes((before) =>
        reconcileNodes(
          before.map((one) => (one.dragging ? { ...one, dragging: false } : one)),
          fleet.getState().placed,
          selectedId,
        ),
      );
    },
    [edits, fleet, selectedId],
  );

  const fit = useCallback(() => {
    // Rejects never; the promise only tells when the movement has ended.
    void flow.fitView({ ...fitOptions, duration: motionMs(350) });
  }, [flow]);

  useEffect(() => {
    onReady({ fit, tidy: edits.tidy, undo: edits.undo });
    return () => onReady(null);
  }, [onReady, fit, edits]);

  const onInit = useCallback(
    (map: ReactFlowInstance<AgentNode>) => {
      const area = frame.current?.getBoundingClientRect();
      const roots = fleet.getState().placed.filter((one) => one.parentId === null);
      if (!area || !shouldRefit(roots, map.getViewport(), { w: area.width, h: area.height })) return;
      void map.fitView(fitOptions);
    },
    [fleet],
  );

  // A team that arrives is brought into view once; a person who moved the view keeps it.
  const count = placed.length;
  const counted = useRef(count);
  const onGrowth = useEffectEvent(() => {
    const grown = count > counted.current;
    counted.current = count;
    if (grown && !remember.isRecentlyMoved()) fit();
  });
  useEffect(() => {
    if (count !== counted.current) requestAnimationFrame(onGrowth);
  }, [count]);

  const reveal = useEffectEvent((id: string) => {
    const box = absoluteBoxes(fleet.getState().placed).get(id);
    const area = frame.current?.getBoundingClientRect();
    if (!box || !area) return;
    const { x, y, zoom } = flow.getViewport();
    const left = box.x * zoom + x;
    const top = box.y * zoom + y;
    // The whole card with its team where that has room, else its own head: that is what tells whose card it is.
    const width = box.w * zoom <= area.width ? box.w : CARD_WIDTH;
    const height = box.h * zoom <= area.height ? box.h : CARD_HEIGHT;
    const inside = left >= 0 && top >= 0 && left + width * zoom <= area.width && top + height * zoom <= area.height;
    if (inside) return;
    // By our own measure of the area: React Flow learns of a panel that has just opened too late to centre beside it.
    const near = Math.max(zoom, 0.6);
    const middle = { x: box.x + width / 2, y: box.y + height / 2 };
    const target = { x: area.width / 2 - middle.x * near, y: area.height / 2 - middle.y * near, zoom: near };
    void flow.setViewport(target, { duration: motionMs(300) });
  });
  useEffect(() => {
    if (selectedId !== null) requestAnimationFrame(() => reveal(selectedId));
  }, [selectedId]);

  const [menu, setMenu] = useState<CardMenuState | null>(null);
  const actions = useCardActions({
    onSelect,
    edits,
    reveal: (id) => reveal(id),
    openMenu: (id, at) => setMenu({ id, at, open: true }),
    frame,
  });

  return (
    <CanvasActionsContext value={actions}>
      <div ref={frame} className="h-full w-full">
        <h1 className="sr-only">The organisation as a map</h1>
        <ReactFlow<AgentNode>
          nodes={nodes}
          nodeTypes={nodeTypes}
          onNodesChange={onNodesChange}
          onNodeDragStop={onDragStop}
          onPaneClick={() => onSelect(null)}
          onInit={onInit}
          onMoveEnd={remember.onMoveEnd}
          defaultViewport={readViewport() ?? { x: 0, y: 0, zoom: 1 }}
          fitView={readViewport() === null}
          fitViewOptions={fitOptions}
          minZoom={0.08}
          maxZoom={1.75}
          nodeDragThreshold={4}
          selectNodesOnDrag={false}
          elementsSelectable={false}
          nodesConnectable={false}
          nodesFocusable={false}
          edgesFocusable={false}
          deleteKeyCode={null}
          selectionKeyCode={null}
          multiSelectionKeyCode={null}
          disableKeyboardA11y
          zoomOnDoubleClick={false}
          onlyRenderVisibleElements
          elevateNodesOnSelect={false}
          attributionPosition="bottom-right"
          aria-label="Agents as a map. Arrow keys walk between cards, Alt with arrows moves a card."
        >
          <Background variant={BackgroundVariant.Dots} gap={22} size={1.4} />
          <Flights />
          <Minimap />
          <CanvasControls onFit={fit} onTidy={edits.tidy} onUndo={edits.undo} />
        </ReactFlow>
        <CardMenu
          menu={menu}
          onClose={() => setMenu((last) => last && { ...last, open: false })}
          focusCard={(id) => cardIn(frame, id)?.focus()}
        />
      </div>
    </CanvasActionsContext>
  );
}
