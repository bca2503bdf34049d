"""CRC64NVME, once more and differently: what ours is compared with. Slow: for a few MiB."""

import base64

POLYNOMIAL = 0x9A6C9329AC4BC9B5  # reflected


def make_table():
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (POLYNOMIAL if crc & 1 else 0)
        table.append(crc)
    return table


TABLE = make_table()


def crc64nvme(content):
    """As S3 writes it: base64 of eight bytes, the most significant first."""
    crc = 0xFFFFFFFFFFFFFFFF
    for byte in content:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return base64.b64encode((crc ^ 0xFFFFFFFFFFFFFFFF).to_bytes(8, "big")).decode()
