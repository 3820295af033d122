/** The microphone: one recording at a time, as a file. */

export interface Recording {
  /** Ends it and gives what was said. */
  stop(): Promise<Blob>;
}

/** Milliseconds of sound that come at a time. */
const piece = 250;

/** Throws what the browser says if there is no microphone or it may not be used. `heard`: told the seconds so far. */
export async function record(heard: (seconds: number) => void): Promise<Recording> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const recorder = new MediaRecorder(stream);
  const parts: Blob[] = [];
  recorder.ondataavailable = ({ data }) => {
    parts.push(data);
    heard((parts.length * piece) / 1000);
  };
  recorder.start(piece);
  return {
    stop: () =>
      new Promise((resolve) => {
        recorder.onstop = () => {
          for (const track of stream.getTracks()) track.stop();
          resolve(new Blob(parts, { type: recorder.mimeType }));
        };
        recorder.stop();
      }),
  };
}
