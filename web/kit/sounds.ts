/** One tone: frequency in hertz, duration in milliseconds. */
export type Tone = readonly [hertz: number, ms: number];

let context: AudioContext | null = null;

/** Plays tones one after the other. A browser that allows no sound, or a machine that has none, stays silent. */
export function play(tones: readonly Tone[]): void {
  try {
    context ??= new AudioContext();
  } catch {
    return; // no sound here; colour, icon and text say the same
  }
  let at = context.currentTime;
  for (const [hertz, ms] of tones) {
    const oscillator = context.createOscillator();
    const gain = context.createGain();
    oscillator.frequency.value = hertz;
    gain.gain.setValueAtTime(0.25, at);
    gain.gain.exponentialRampToValueAtTime(0.001, at + ms / 1_000);
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(at);
    oscillator.stop(at + ms / 1_000);
    at += ms / 1_000;
  }
}
