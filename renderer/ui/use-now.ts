/** The time, for what counts down. */
import { useEffect, useState } from 'react';

/** Draws its component anew each second while `isOn`. */
export function useNow(isOn: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!isOn) return;
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [isOn]);
  return isOn ? now : Date.now();
}
