import { RotateCcw } from 'lucide-react';
import { Component, type ErrorInfo, type ReactNode } from 'react';
import { Button } from '../ui/button.js';

interface Props {
  /** What failed, for the reader: "The conversation". */
  part: string;
  children: ReactNode;
  /** A change of this value tries again by itself, for example another agent. */
  resetKey?: string;
}

interface State {
  error: Error | null;
  key: string | undefined;
}

/** A defect in one part leaves the rest of the page usable, and can be copied into a report. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { error: null, key: this.props.resetKey };

  static getDerivedStateFromError(error: unknown): Partial<State> {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  static getDerivedStateFromProps(props: Props, state: State): Partial<State> | null {
    return props.resetKey === state.key ? null : { error: null, key: props.resetKey };
  }

  override componentDidCatch(error: unknown, info: ErrorInfo): void {
    console.error(`${this.props.part} failed`, error, info.componentStack);
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <div role="alert" className="flex h-full flex-col items-center justify-center gap-3 p-8 text-center">
        <p className="text-base font-semibold">{this.props.part} could not be shown</p>
        <p className="max-w-md text-sm text-ink-soft">
          This is a defect of the canvas, not of your agents; they keep working. Try again, or reload the page.
        </p>
        <pre className="max-w-full overflow-x-auto rounded-lg bg-sunken px-3 py-2 text-left font-mono text-xs text-ink-soft">
          {error.message}
        </pre>
        <Button icon={RotateCcw} onClick={() => this.setState({ error: null })}>
          Try again
        </Button>
      </div>
    );
  }
}
