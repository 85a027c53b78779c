// What this product uses of onoff 6: the package is optional, and its own types vanish with it.
declare module "onoff" {
  export class Gpio {
    constructor(
      gpio: number,
      direction: "in" | "high" | "low",
      edge?: "both" | { activeLow?: boolean },
      options?: { activeLow?: boolean; debounceTimeout?: number },
    );
    readSync(): 0 | 1;
    writeSync(value: 0 | 1): void;
    watch(callback: (fault: Error | null | undefined, value: 0 | 1) => void): void;
    unexport(): void;
  }
}
