import { Panel, useReactFlow, useStore } from '@xyflow/react';
import { type PointerEvent, useEffect, useMemo, useRef } from 'react';
import { useFleet, useServices, useSession } from '../../app/services-context.js';
import { absoluteBoxes, type Box } from '../../model/layout.js';
import { boundsOf, scaleInto } from '../../model/overview.js';
import { statusStyle } from '../../model/status.js';

const WIDTH = 200;
const HEIGHT = 140;
/** Fewer cards fit on any screen: a map of the map would only be in the way. */
const CARDS_MIN = 8;

/**
 * The whole organisation in a corner. One picture, drawn again when cards settle or change status: a component per
 * agent, as the map library brings it, costs more per frame of a drag than everything else together.
 */
export function Minimap() {
  const { fleet } = useServices();
  const placed = useFleet((state) => state.placed);
  const theme = useSession((state) => state.theme);
  const statuses = useFleet((state) => state.teams);
  const leaves = useFleet((state) => state.fleet.agents.size);
  const picture = useRef<HTMLCanvasElement>(null);
  const boxes = useMemo(() => [...absoluteBoxes(placed.filter((one) => !one.hidden))], [placed]);
  const scale = useMemo(() => scaleInto(boundsOf(boxes.map(([, box]) => box)), WIDTH, HEIGHT), [boxes]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: theme, statuses and leaves say when to draw, not what
  useEffect(() => {
    const draw = () => paint(picture.current, boxes, scale.map, (id) => toneOf(fleet.getState(), id));
    draw();
    const system = matchMedia('(prefers-color-scheme: dark)');
    system.addEventListener('change', draw);
    return () => system.removeEventListener('change', draw);
  }, [fleet, boxes, scale, theme, statuses, leaves]);

  if (boxes.length < CARDS_MIN) return null;
  return (
    <Panel position="bottom-right" className="max-md:hidden">
      <div className="relative overflow-hidden rounded-xl border border-line bg-surface shadow-card">
        <canvas ref={picture} aria-hidden style={{ width: WIDTH, height: HEIGHT }} className="block" />
        <Window scale={scale} />
      </div>
    </Panel>
  );
}

/** The part that is on screen. Pressing or dragging anywhere moves it there. */
function Window({ scale }: { scale: ReturnType<typeof scaleInto> }) {
  const flow = useReactFlow();
  const [x, y, zoom] = useStore((state) => state.transform);
  const width = useStore((state) => state.width);
  const height = useStore((state) => state.height);
  const view = scale.map({ x: -x / zoom, y: -y / zoom, w: width / zoom, h: height / zoom });
  const go = (event: PointerEvent<HTMLDivElement>) => {
    const area = event.currentTarget.getBoundingClientRect();
    const at = scale.unmap(event.clientX - area.left, event.clientY - area.top);
    void flow.setCenter(at.x, at.y, { zoom });
  };
  return (
    <div
      aria-hidden
      className="absolute inset-0 cursor-pointer touch-none"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        go(event);
      }}
      onPointerMove={(event) => event.currentTarget.hasPointerCapture(event.pointerId) && go(event)}
    >
      <div
        className="absolute rounded-[3px] border border-accent bg-accent/5"
        style={{ left: view.x, top: view.y, width: view.w, height: view.h }}
      />
    </div>
  );
}

function toneOf(state: ReturnType<ReturnType<typeof useServices>['fleet']['getState']>, id: string): string {
  const agent = state.fleet.agents.get(id);
  if (!agent) return '--line';
  if (state.teams.has(id) && !agent.collapsed && !statusStyle(agent.status).problem) return '--line';
  return `--${statusStyle(agent.status).tone}-mark`;
}

function paint(
  canvas: HTMLCanvasElement | null,
  boxes: readonly (readonly [string, Box])[],
  map: (box: Box) => Box,
  toneOf: (id: string) => string,
): void {
  const context = canvas?.getContext('2d');
  if (!canvas || !context) return;
  const ratio = window.devicePixelRatio || 1;
  canvas.width = WIDTH * ratio;
  canvas.height = HEIGHT * ratio;
  context.scale(ratio, ratio);
  const colors = new Map<string, string>();
  // Custom properties hold light-dark() pairs; only a real colour property of an element resolves them.
  const probe = document.createElement('span');
  canvas.after(probe);
  for (const [id, box] of boxes) {
    const tone = toneOf(id);
    let color = colors.get(tone);
    if (color === undefined) {
      probe.style.color = `var(${tone})`;
      color = getComputedStyle(probe).color;
      colors.set(tone, color);
    }
    const { x, y, w, h } = map(box);
    context.fillStyle = color;
    context.beginPath();
    context.roundRect(x, y, Math.max(2, w), Math.max(2, h), 2);
    context.fill();
  }
  probe.remove();
}
