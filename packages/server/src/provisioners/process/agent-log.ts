import { constants } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConsolePage } from '../provisioner.js';
import { isRealFolder, openPlain } from './folder-files.js';

/**
 * The output of an agent: `logs/agent.log`, appended to by the agent itself through a plain file descriptor. Never a
 * pipe: a pipe stalls the agent when the server is slow and kills it when the server dies.
 *
 * Rotation: the agent keeps its descriptor, so the file cannot be renamed away. When it has outgrown its limit, its last
 * part is copied to `agent.log.1` and the file is cut to zero; the descriptor appends, so the agent goes on at the new
 * end. Lines written between copy and cut are lost, which is the price for neither stalling the agent nor filling the
 * disk: at most twice the limit plus what is written between two looks, and looks come quicker while a log grows fast.
 * While no server runs nobody rotates; the agent ends itself after ten minutes then.
 */
export interface LogPosition {
  readonly epoch: number;
  readonly offset: number;
}

/** As many as design §4.3 keeps with a crash. */
export const TAIL_LINES = 40;

const LOG_NAME = 'agent.log';
const ROTATED_NAME = 'agent.log.1';
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT;
const PAGE_BYTES_MAX = 256 * 1024;
const TAIL_LINE_CHARS_MAX = 2_000;
const NEWLINE = 0x0a;

/** Opens the log for an agent to write to, and says where its output will begin. Something else in its place is removed. */
export async function openAgentLog(logsDir: string): Promise<{ file: FileHandle; start: LogPosition }> {
  // open() gives a new file 0666 minus umask; the 0700 folder is what keeps others out.
  const path = join(logsDir, LOG_NAME);
  let file = await openPlain(path, APPEND);
  if (file === null) {
    await rm(path, { recursive: true, force: true });
    file = await open(path, APPEND | constants.O_EXCL | constants.O_NOFOLLOW);
  }
  const { size } = await file.stat();
  return { file, start: { epoch: await readEpoch(logsDir), offset: size } };
}

/** Rotates when the log is larger than `bytesMax`. Answers its size before. */
export async function rotateAgentLog(logsDir: string, bytesMax: number): Promise<number> {
  const file = await openLog(logsDir, LOG_NAME, constants.O_RDWR);
  if (file === null) return 0;
  try {
    const { size } = await file.stat();
    if (size <= bytesMax) return size;
    const temporary = join(logsDir, `.${ROTATED_NAME}.writing`);
    await rm(temporary, { force: true, recursive: true });
    const kept = await openPlain(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL);
    if (kept !== null) {
      try {
        await copyEnd(file, kept, size, bytesMax);
      } finally {
        await kept.close();
      }
      await rename(temporary, join(logsDir, ROTATED_NAME));
    }
    await file.truncate(0);
    return size;
  } finally {
    await file.close();
  }
}

/** The last lines, from `since` on when given, including an unfinished one. For people: long lines are cut. */
export async function readTail(
  logsDir: string,
  linesMax: number,
  since: LogPosition | null = null,
): Promise<readonly string[]> {
  const isSameFile = since !== null && since.epoch === (await readEpoch(logsDir));
  const end = await readEnd(logsDir, LOG_NAME, isSameFile ? since.offset : 0);
  const lines = end.rest === '' ? end.lines : [...end.lines, end.rest];
  // A log rotated a moment ago holds little: the lines before it are the end of the rotated one.
  const isShort = lines.length < linesMax && !isSameFile && !end.isCut;
  const earlier = isShort ? (await readEnd(logsDir, ROTATED_NAME, 0)).lines : [];
  return [...earlier, ...lines].slice(-linesMax).map((line) => line.slice(0, TAIL_LINE_CHARS_MAX));
}

/** Complete lines only; see `ConsoleAccess.read`. */
export async function readPage(logsDir: string, linesMax: number, cursor: string | null): Promise<ConsolePage> {
  const epoch = await readEpoch(logsDir);
  const position = cursor === null ? null : fromCursor(cursor);
  if (position === null) {
    const end = await readEnd(logsDir, LOG_NAME, 0);
    const isShort = end.lines.length < linesMax && !end.isCut;
    const earlier = isShort ? (await readEnd(logsDir, ROTATED_NAME, 0)).lines : [];
    return { lines: [...earlier, ...end.lines].slice(-linesMax), cursor: toCursor({ epoch, offset: end.offset }) };
  }
  const bytes = await readBytes(logsDir, LOG_NAME, (size) =>
    position.epoch === epoch && position.offset <= size ? position.offset : 0,
  );
  const page = splitLines(bytes.buffer, linesMax);
  if (page.lines.length === 0 && bytes.buffer.length === PAGE_BYTES_MAX) {
    // One line longer than a page: handed out in pieces, or the reader would never get past it.
    return { lines: [page.rest], cursor: toCursor({ epoch, offset: bytes.start + PAGE_BYTES_MAX }) };
  }
  return { lines: page.lines, cursor: toCursor({ epoch, offset: bytes.start + page.length }) };
}

async function readEnd(logsDir: string, name: string, from: number) {
  const bytes = await readBytes(logsDir, name, (size) => Math.max(from <= size ? from : 0, size - PAGE_BYTES_MAX));
  const { lines, length, rest } = splitLines(bytes.buffer, Number.POSITIVE_INFINITY);
  const isCut = bytes.start > from;
  // The first line of a cut begins in its middle.
  return { lines: isCut ? lines.slice(1) : lines, rest, isCut, offset: bytes.start + length };
}

async function readBytes(logsDir: string, name: string, toStart: (size: number) => number) {
  const file = await openLog(logsDir, name, constants.O_RDONLY);
  if (file === null) return { start: 0, buffer: Buffer.alloc(0) };
  try {
    const { size } = await file.stat();
    const start = toStart(size);
    const wanted = Math.min(size - start, PAGE_BYTES_MAX);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(wanted), 0, wanted, start);
    return { start, buffer: buffer.subarray(0, bytesRead) };
  } finally {
    await file.close();
  }
}

/** At most `linesMax` complete lines, the bytes they take, and the text after them. */
function splitLines(buffer: Buffer, linesMax: number): { lines: string[]; length: number; rest: string } {
  const lines: string[] = [];
  let length = 0;
  while (lines.length < linesMax) {
    const end = buffer.indexOf(NEWLINE, length);
    if (end === -1) break;
    lines.push(toText(buffer.subarray(length, end)));
    length = end + 1;
  }
  return { lines, length, rest: toText(buffer.subarray(length)) };
}

/** NUL is replaced because Postgres text cannot hold it and log tails end up in rows. */
function toText(bytes: Buffer): string {
  return bytes.toString('utf8').replace(/\r$/, '').replaceAll('\0', '\u{fffd}');
}

/** Changes with every rotation, so that an offset is never applied to another file. */
async function readEpoch(logsDir: string): Promise<number> {
  const rotated = await openLog(logsDir, ROTATED_NAME, constants.O_RDONLY);
  if (rotated === null) return 0;
  try {
    return Math.trunc((await rotated.stat()).mtimeMs);
  } finally {
    await rotated.close();
  }
}

async function openLog(logsDir: string, name: string, flags: number): Promise<FileHandle | null> {
  return (await isRealFolder(logsDir)) ? openPlain(join(logsDir, name), flags) : null;
}

async function copyEnd(from: FileHandle, to: FileHandle, size: number, bytesMax: number): Promise<void> {
  const chunk = Buffer.alloc(PAGE_BYTES_MAX);
  let offset = Math.max(0, size - bytesMax);
  while (offset < size) {
    const { bytesRead } = await from.read(chunk, 0, Math.min(chunk.length, size - offset), offset);
    if (bytesRead === 0) return;
    await to.write(chunk, 0, bytesRead);
    offset += bytesRead;
  }
}

function toCursor(position: LogPosition): string {
  return `${position.epoch}.${position.offset}`;
}

/** Null for anything that is not one of ours: the reader then starts with the last lines. */
function fromCursor(cursor: string): LogPosition | null {
  const match = /^(\d{1,15})\.(\d{1,15})$/.exec(cursor);
  return match === null ? null : { epoch: Number(match[1]), offset: Number(match[2]) };
}
