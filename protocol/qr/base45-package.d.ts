declare module "base45" {
  const base45: { encode(bytes: Uint8Array): string; decode(text: string): Uint8Array };
  export default base45;
}
