/** Serials of the hardware that a ledger lives on; a difference means a copied or restored card. Empty text when unknown. */
export interface DeviceIdentity {
  /** Serial number of the processor: 16 hex digits on a Raspberry Pi. */
  readonly socSerial: string;
  /** Card identification register of the SD card or eMMC, 32 hex digits; of an NVMe disk its serial number. */
  readonly cardCid: string;
}
