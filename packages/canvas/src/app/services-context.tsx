import type { Workspace } from '@molecule/contract';
import { createContext, type ReactNode, use } from 'react';
import { useStore } from 'zustand';
import type { Chat } from '../model/chat.js';
import { chatOf } from '../state/chat-store.js';
import type { FileDraft } from '../state/file-drafts.js';
import type { FleetState } from '../state/fleet-store.js';
import type { SessionState } from '../state/session-store.js';
import type { Services } from './services.js';

const ServicesContext = createContext<Services | null>(null);

export function ServicesProvider({ services, children }: { services: Services; children: ReactNode }) {
  return <ServicesContext value={services}>{children}</ServicesContext>;
}

export function useServices(): Services {
  const services = use(ServicesContext);
  if (services === null) throw new Error('A component was rendered outside of ServicesProvider.');
  return services;
}

/** Selectors must return stored values or primitives: a fresh object would render on every event of the fleet. */
export function useFleet<T>(select: (state: FleetState) => T): T {
  return useStore(useServices().fleet, select);
}

export function useAgent(id: string): Workspace | undefined {
  return useFleet((state) => state.fleet.agents.get(id));
}

export function useSession<T>(select: (state: SessionState) => T): T {
  return useStore(useServices().session, select);
}

export function useChat(id: string): Chat {
  return useStore(useServices().chats, (state) => chatOf(state, id));
}

export function useFileDrafts<T>(select: (drafts: ReadonlyMap<string, FileDraft>) => T): T {
  return useStore(useServices().files, select);
}
