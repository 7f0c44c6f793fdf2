# SPDX-License-Identifier: Apache-2.0
"""The numbers of pseudonym_test.cc: the chain that pseudonym.h describes, by Python's own BLAKE2b (RFC 7693) and SipHash-2-4
written out from its paper, held against the paper's test vector."""
import hashlib

FIRST, SECOND = bytes(range(32)), bytes(range(32, 64))


def mac(key, *pieces):
    return hashlib.blake2b(b"".join(pieces), key=key, digest_size=32).digest()


def number(mac_bytes):
    return int.from_bytes(mac_bytes[:8], "little") & (2**63 - 1)


def siphash(key, message):
    mask = 2**64 - 1
    k0, k1 = (int.from_bytes(key[i : i + 8], "little") for i in (0, 8))
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def turn(x, by):
        return (x << by | x >> (64 - by)) & mask

    def rounds(count):
        for _ in range(count):
            v[0] = (v[0] + v[1]) & mask
            v[2] = (v[2] + v[3]) & mask
            v[1], v[3] = turn(v[1], 13) ^ v[0], turn(v[3], 16) ^ v[2]
            v[0] = turn(v[0], 32)
            v[2] = (v[2] + v[1]) & mask
            v[0] = (v[0] + v[3]) & mask
            v[1], v[3] = turn(v[1], 17) ^ v[2], turn(v[3], 21) ^ v[0]
            v[2] = turn(v[2], 32)

    padded = message + bytes(7 - len(message) % 8) + bytes([len(message) & 255])
    for i in range(0, len(padded), 8):
        word = int.from_bytes(padded[i : i + 8], "little")
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 255
    rounds(4)
    return (v[0] ^ v[1] ^ v[2] ^ v[3]).to_bytes(8, "little")


assert siphash(bytes(range(16)), bytes(range(15))) == bytes.fromhex("e545be4961ca29a1")


def row_number(kind, identity):
    return number(siphash(mac(FIRST, b"row key")[:16], kind + b"\0" + identity))


def next_number(before):
    return number(mac(SECOND, b"rotated id\0", before.to_bytes(8, "little")))


pseudonym = mac(FIRST, b"pseudonym\0", b"4711")[:16].hex()
person = number(mac(FIRST, b"person\0", b"4711"))
row = row_number(b"drug", b"1")
older_row = number(mac(FIRST, b"row ", b"drug", b"\0", b"1"))
fingerprint = mac(FIRST, b"fingerprint\0")[:8].hex()

print("pseudonym  ", pseudonym, mac(SECOND, b"rotated pseudonym\0", pseudonym.encode())[:16].hex())
print("person     ", person, next_number(person))
print("row        ", row, next_number(row))
print("a long row ", row_number(b"drug", b"x" * 200))
print("older row  ", older_row, next_number(older_row))
print("taken      ", 7, next_number(7))
print("fingerprint", fingerprint, mac(SECOND, b"fingerprint\0", fingerprint.encode())[:8].hex())
