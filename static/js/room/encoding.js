// In which codec and how many bits what is sent leaves: to another page, or to the recorder.

export const AUDIO_BPS = 32000;

/**
 * VP8 first, then H264, and what repairs them; nothing else, as the recorder muxes no other.
 * @param {RTCRtpTransceiver} transceiver
 */
export function preferCodecs(transceiver) {
  if (!transceiver.setCodecPreferences || !RTCRtpReceiver.getCapabilities) return;
  const known = RTCRtpReceiver.getCapabilities('video');
  if (!known) return;
  const order = ['video/VP8', 'video/H264', 'video/rtx', 'video/red', 'video/ulpfec'];
  const rank = (/** @type {{mimeType: string}} */ codec) => order.findIndex((each) => each.toLowerCase() === codec.mimeType.toLowerCase());
  const wanted = known.codecs.filter((codec) => rank(codec) >= 0).sort((a, b) => rank(a) - rank(b));
  if (!wanted.length) return;
  try {
    transceiver.setCodecPreferences(wanted);
  } catch {
    // an order the browser does not take is only its own order
  }
}

/**
 * @param {RTCRtpSender} sender @param {number} bps @param {RTCPriorityType} priority
 * @param {RTCDegradationPreference} [keep]
 */
export function limit(sender, bps, priority, keep) {
  const parameters = sender.getParameters();
  // Before the first negotiation there is nothing to limit.
  if (!parameters.encodings || !parameters.encodings.length) return;
  const [encoding] = parameters.encodings;
  if (encoding.maxBitrate === bps) return;
  encoding.maxBitrate = bps;
  encoding.priority = priority;
  if (keep) /** @type {any} */ (parameters).degradationPreference = keep;
  sender.setParameters(parameters).catch(() => undefined);
}

/** @param {RTCSessionDescription} description @returns {RTCSessionDescriptionInit} */
export function plain(description) {
  return { type: description.type, sdp: description.sdp };
}
