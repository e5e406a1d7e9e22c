// The call as the page shows it: read from its controller, changing nothing.

/** @typedef {import('./call.js').CallController} CallController */
/** @typedef {import('./protocol.js').Call} Call */
/** @typedef {import('./protocol.js').Member} Member */
/** @typedef {'none' | 'calling' | 'ringing' | 'joinable' | 'active' | 'ended'} Phase */
/** @typedef {{member: Member, name: string, stream: MediaStream | null, isConnected: boolean, hasVideo: boolean}} Other */
/**
 * @typedef {{
 *   phase: Phase, call: Call | null, media: 'audio' | 'video', others: Other[], isConnected: boolean, wasConnected: boolean,
 *   isReduced: boolean, isRelayed: boolean, isElsewhere: boolean, recording: string, reason: string, caller: string,
 *   isJoining: boolean,
 * }} CallView
 */

const PATIENTS = ['patient', 'helper'];
/** How long the reason of an end stays on the screen; what everybody expected goes sooner. */
const ENDED_MS = 6000;
const EXPECTED_MS = 2500;

/** @param {string} role */
export const sideOf = (role) => (PATIENTS.includes(role) ? 'patient' : 'doctor');

/** @param {CallController} calls @returns {CallView} */
export function viewOf(calls) {
  const { call } = calls;
  const phase = phaseOf(calls);
  const members = call && phase === 'active' ? call.members.filter((member) => member.peer !== calls.me) : [];
  const others = members.map((member) => otherOf(calls, member));
  const isConnected = others.some((other) => other.isConnected);
  return {
    phase,
    call,
    media: calls.devices.wanted.video || (call && call.media === 'video') ? 'video' : 'audio',
    others,
    isConnected,
    wasConnected: calls.wasConnected || isConnected,
    isReduced: calls.quality.isReduced,
    isRelayed: calls.isRelayed(),
    isElsewhere: phase === 'joinable' && Boolean(call && call.members.some((member) => calls.isMine(member))),
    recording: call && call.state === 'active' && phase === 'active' ? call.recording : 'none',
    reason: (call && call.reason) || '',
    caller: call ? nameOf(calls, call.started_by) : '',
    isJoining: Boolean(calls.joining),
  };
}

/** @param {Call | null} call */
export function endedMs(call) {
  return call && ['hung_up', 'cancelled'].includes(call.reason || '') ? EXPECTED_MS : ENDED_MS;
}

/** @param {CallController} calls @returns {Phase} */
function phaseOf(calls) {
  const { call, joining } = calls;
  if (!call) return joining ? 'calling' : 'none';
  if (call.state === 'ended') {
    if (joining === 'new') return 'calling';
    return Date.now() - calls.endedAt < endedMs(call) ? 'ended' : 'none';
  }
  if (call.state === 'ringing' && calls.isMine(call.started_by)) return 'calling';
  if (joining === call.id || calls.amIn()) return 'active';
  if (call.state === 'active') return 'joinable';
  const mine = sideOf(calls.seat ? calls.seat.role : 'patient');
  return sideOf(call.started_by.role) !== mine && calls.silenced !== call.id ? 'ringing' : 'none';
}

/** @param {CallController} calls @param {Member} member @returns {Other} */
function otherOf(calls, member) {
  const link = calls.links.get(member.peer);
  const health = calls.health.get(member.peer);
  return {
    member,
    name: nameOf(calls, member),
    stream: link ? link.remote : null,
    isConnected: Boolean(link && link.isConnected),
    hasVideo: Boolean(link && health && health.receivingVideo),
  };
}

/** @param {CallController} calls @param {{peer: string, account: string, role: string}} who */
function nameOf({ peers }, who) {
  const there = peers.find((peer) => peer.peer === who.peer) || peers.find((peer) => peer.account === who.account && peer.role === who.role);
  return there ? there.name : '';
}
