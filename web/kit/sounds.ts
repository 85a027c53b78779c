/** One tone: frequency in hertz (0: silence), duration in milliseconds. */
export type Tone = readonly [hertz: number, ms: number];

const LOUDNESS = 0.25;
/** Rise and fall of a tone, seconds: without them it would crack. */
const EDGE_S = 0.006;

let context: AudioContext | null = null;

/**
 * Plays tones one after the other, at once.
 *
 * A browser that allows no sound yet, or a machine that has none, stays silent: nothing is kept to be played later.
 *
 * @param percent how loud, 0 to 100
 */
export function play(tones: readonly Tone[], percent = 100): void {
  if (tones.length === 0 || percent <= 0) return;
  try {
    context ??= new AudioContext();
  } catch {
    return; // no sound here; colour, icon and text say the same
  }
  if (context.state === "suspended") {
    void context.resume().catch(() => undefined); // for the next tone; this one would come too late
    return;
  }
  let atS = context.currentTime;
  for (const [hertz, ms] of tones) {
    if (hertz > 0) sound(context, hertz, { fromS: atS, toS: atS + ms / 1_000, loudness: (LOUDNESS * percent) / 100 });
    atS += ms / 1_000;
  }
}

function sound(
  audio: AudioContext,
  hertz: number,
  { fromS, toS, loudness }: { readonly fromS: number; readonly toS: number; readonly loudness: number },
): void {
  const oscillator = audio.createOscillator();
  const gain = audio.createGain();
  oscillator.frequency.value = hertz;
  gain.gain.setValueAtTime(0, fromS);
  gain.gain.linearRampToValueAtTime(loudness, fromS + EDGE_S);
  gain.gain.setValueAtTime(loudness, toS - EDGE_S);
  gain.gain.linearRampToValueAtTime(0, toS);
  oscillator.connect(gain).connect(audio.destination);
  oscillator.start(fromS);
  oscillator.stop(toS);
}
